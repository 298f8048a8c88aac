//! Values of systemd's unit files. Source: systemd.syntax(7), systemd.service(5) "Command lines", systemd.unit(5) "Specifiers".

use super::{Unquotable, is_noncharacter, needs_number};
use std::fmt::Write as _;

/// One word of `ExecStart=` and its like: quoted, with `%` and `$` doubled.
///
/// # Errors
/// When it holds a NUL character.
pub fn systemd_word(value: &str) -> Result<String, Unquotable> {
    if value.contains('\0') {
        return Err(Unquotable::new("a systemd unit", value, "an argument ends at a NUL character"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:=@+,-".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return Ok(value.to_owned());
    }
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '%' => out.push_str("%%"),
            '$' => out.push_str("$$"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Byte by byte: every version reads that, and none takes it for broken text.
            c if needs_number(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// The whole of a plain value such as `Description=`: only `%` means something there.
///
/// # Errors
/// When it would not be one line, begins or ends with a blank, or ends in a backslash: systemd would change it.
pub fn systemd_value(value: &str) -> Result<String, Unquotable> {
    if value.chars().any(char::is_control) {
        return Err(Unquotable::new(
            "a systemd unit",
            value,
            "a value is one line without control characters",
        ));
    }
    if value.chars().any(is_noncharacter) {
        return Err(Unquotable::new("a systemd unit", value, "systemd takes no noncharacters of Unicode"));
    }
    if value.starts_with(' ') || value.ends_with([' ', '\\']) {
        return Err(Unquotable::new(
            "a systemd unit",
            value,
            "systemd takes blanks off both ends and joins lines at a last backslash",
        ));
    }
    Ok(value.replace('%', "%%"))
}
