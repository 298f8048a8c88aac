//! Words of a POSIX shell, and strings of SQL.

use super::Unquotable;

/// One word of a POSIX shell. Source: POSIX.1-2017, Shell Command Language, 2.2.2 Single-Quotes.
///
/// # Errors
/// When it holds a NUL character, which no argument can.
pub fn sh(value: &str) -> Result<String, Unquotable> {
    if value.contains('\0') {
        return Err(Unquotable::new("a shell script", value, "an argument ends at a NUL character"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return Ok(value.to_owned());
    }
    Ok(format!("'{}'", value.replace('\'', "'\\''")))
}

/// A string literal of MariaDB and MySQL, whatever `NO_BACKSLASH_ESCAPES` says.
///
/// # Errors
/// When it holds a backslash or a NUL character: these mean one thing or another by the server's mode.
pub fn sql(value: &str) -> Result<String, Unquotable> {
    if value.contains(['\0', '\\']) {
        return Err(Unquotable::new("SQL", value, "what a backslash means depends on the server's mode"));
    }
    Ok(format!("'{}'", value.replace('\'', "''")))
}
