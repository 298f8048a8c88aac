//! Quoting: how a string is written in each format. It never decides what is written.
