//! Comments of iptables rules, as iptables-restore reads them.

use super::Unquotable;

/// The most bytes of a comment; iptables cuts a longer one off in silence. Source: iptables-extensions(8), `comment`,
/// `XT_MAX_COMMENT_LEN` with its closing NUL.
pub const COMMENT_BYTES: usize = 255;

/// The word behind `--comment`: in double quotes, `"` and `\` with a backslash before them.
///
/// A comment is for people: one that is too long is cut at a character and ends in `…`.
///
/// # Errors
/// When it holds a control character; a newline would end the rule.
pub fn iptables_comment(value: &str) -> Result<String, Unquotable> {
    if value.chars().any(char::is_control) {
        return Err(Unquotable::new(
            "an iptables rule",
            value,
            "a rule is one line without control characters",
        ));
    }
    let mut kept = value.to_owned();
    if kept.len() > COMMENT_BYTES {
        let mut end = COMMENT_BYTES - '…'.len_utf8();
        while !kept.is_char_boundary(end) {
            end -= 1;
        }
        kept.truncate(end);
        kept.push('…');
    }
    Ok(format!("\"{}\"", kept.replace('\\', "\\\\").replace('"', "\\\"")))
}
