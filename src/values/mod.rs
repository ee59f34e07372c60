//! The innermost ring: values without state. Parse, format, classify.
