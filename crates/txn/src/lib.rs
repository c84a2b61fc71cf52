//! What exists at one commit: _txn, _cv, _meta and partition directory names.
