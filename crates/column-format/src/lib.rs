//! Column types and the byte layouts of native column files, both directions.
