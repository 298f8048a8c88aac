//! The resolved topology as YAML with comments, which no serialiser writes.

use std::fmt::Write as _;

use super::Shown;
use crate::quote;

/// The longest list of words on one line, in characters.
const LINE: usize = 100;

pub(super) fn print(shown: &Shown) -> String {
    let mut out = String::new();
    block(&mut out, shown, 0);
    out
}

/// Prints a value on lines of its own, each `depth` steps to the right.
fn block(out: &mut String, shown: &Shown, depth: usize) {
    let indent = "  ".repeat(depth);
    match shown {
        Shown::Map(entries) => {
            for (key, value) in entries {
                let _ = write!(out, "{indent}{}:", scalar(key));
                after_key(out, value, depth);
            }
        }
        Shown::List(items) => {
            for item in items {
                let _ = write!(out, "{indent}-");
                after_dash(out, item, depth);
            }
        }
        other => {
            let _ = writeln!(out, "{indent}{}", inline(other).unwrap_or_default());
        }
    }
}

/// What stands behind `key:` — on the same line where it is short, else below.
fn after_key(out: &mut String, value: &Shown, depth: usize) {
    let (value, reason) = parts(value);
    if let Some(word) = inline(value) {
        let _ = writeln!(out, " {word}{}", remark(reason));
    } else {
        let _ = writeln!(out, "{}", remark(reason));
        block(out, value, depth + 1);
    }
}

/// What stands behind `- `: a mapping begins on the same line.
fn after_dash(out: &mut String, item: &Shown, depth: usize) {
    let (value, reason) = parts(item);
    match (inline(value), value) {
        (Some(word), _) => {
            let _ = writeln!(out, " {word}{}", remark(reason));
        }
        (None, Shown::Map(entries)) if reason.is_none() => {
            for (position, (key, value)) in entries.iter().enumerate() {
                let lead = if position == 0 { " ".to_owned() } else { "  ".repeat(depth + 1) };
                let _ = write!(out, "{lead}{}:", scalar(key));
                after_key(out, value, depth + 1);
            }
        }
        (None, _) => {
            let _ = writeln!(out, "{}", remark(reason));
            block(out, value, depth + 1);
        }
    }
}

fn parts(shown: &Shown) -> (&Shown, Option<&str>) {
    match shown {
        Shown::Assumed(value, reason) => (value, Some(reason)),
        other => (other, None),
    }
}

fn remark(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(" # assumed: {}", quote::comment(reason)))
}

/// A value on one line, where it fits there.
fn inline(shown: &Shown) -> Option<String> {
    match shown {
        Shown::Text(text) => Some(scalar(text)),
        Shown::Number(number) => Some(number.to_string()),
        Shown::Truth(truth) => Some(truth.to_string()),
        Shown::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
        Shown::List(items) => {
            let words: Option<Vec<String>> = items.iter().map(word).collect();
            words.map(|words| format!("[{}]", words.join(", "))).filter(|line| line.chars().count() <= LINE)
        }
        // A small mapping that says how something is looked up: `{secret: NAME}`.
        Shown::Map(entries) => match entries.as_slice() {
            [(key, value)] => word(value).map(|value| format!("{{{}: {value}}}", scalar(key))),
            _ => None,
        },
        Shown::Assumed(..) => None,
    }
}

fn word(shown: &Shown) -> Option<String> {
    match shown {
        Shown::Text(_) | Shown::Number(_) | Shown::Truth(_) => inline(shown),
        _ => None,
    }
}

/// A scalar: without quotes where no reader of YAML 1.1 or 1.2 could take it for anything but this text.
fn scalar(text: &str) -> String {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_address = text.bytes().filter(|b| *b == b'.').count() == 3;
    let plain = (begins && !words.contains(&text.to_ascii_lowercase().as_str())) || is_address;
    if plain && text.bytes().all(known) {
        return text.to_owned();
    }
    // A NUL is in no topology: every text and name was read without one.
    quote::yaml(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Shown;
    use super::scalar;

    #[test]
    fn words_stand_bare_and_what_could_be_read_otherwise_in_quotes() {
        for text in ["mgmt-host", "172.22.1.0/24", "docker-1.10.3", "/var/lib/x"] {
            let bare = scalar(text) == text;
            assert_eq!(bare, text != "/var/lib/x", "{text}");
        }
        for text in ["no", "10.0", "22:22", "a: b", "", "1e3", "NULL", "a #b", "0x1F"] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
    }

    #[test]
    fn a_default_has_its_reason_beside_it() {
        let text = |text: &str| Shown::Text(text.into());
        let map = Shown::Map(vec![
            ("stated".into(), text("a")),
            ("taken".into(), Shown::Assumed(Box::new(text("b")), "nobody said".into())),
            (
                "list".into(),
                Shown::List(vec![Shown::Map(vec![
                    ("one".into(), Shown::Number(1)),
                    ("two".into(), Shown::List(vec![Shown::Truth(true)])),
                ])]),
            ),
        ]);
        assert_eq!(
            map.to_yaml(),
            "stated: a\ntaken: b # assumed: nobody said\nlist:\n  - one: 1\n    two: [true]\n"
        );
    }
}
