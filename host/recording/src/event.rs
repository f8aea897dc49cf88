//! What a recording tells the outside, by stable names.
