//! A file's name as a reference that a URI's reader takes. Source: RFC 3986, sections 3.3 and 4.2; RFC 8089.

use std::fmt::Write as _;

/// A relative reference, or a `file` URI of an absolute path.
#[must_use]
pub fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte.into());
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
