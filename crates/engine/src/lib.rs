//! Export, scan and show: the sentences of which the layer crates are words.
