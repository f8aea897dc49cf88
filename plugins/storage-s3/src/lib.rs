//! Storage "s3".
