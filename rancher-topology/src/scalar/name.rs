//! Names and texts: the alphabet and the length that every output can carry.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Refusal;

/// The name of something: a node, a service, a security group.
///
/// A letter or digit, then letters, digits, `.`, `_` and `-`, at most [`Name::MOST`] characters. That is what a container's
/// name allows (`[a-zA-Z0-9][a-zA-Z0-9_.-]*`, Docker Engine's `RestrictedNameChars`), and it can be a file's name,
/// a Terraform label and a systemd unit's name without any escaping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The most characters of a name: a DNS label's (RFC 1035), so that a node's name can be its host name.
    pub const MOST: usize = 63;

    /// The name as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name with a number behind it: `mgmt-host` and 2 give `mgmt-host-2`.
    #[must_use]
    pub fn numbered(&self, separator: char, number: usize) -> Self {
        Self(format!("{}{separator}{number}", self.0))
    }
}

/// Why a word is no name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// Nothing was written.
    #[error("this names nothing")]
    Empty,
    /// It has more characters than a name may have.
    #[error("the name has {0} characters, and every output can carry {most} at most", most = Name::MOST)]
    TooLong(usize),
    /// It has a character that some output cannot carry.
    #[error("the name has {0:?} in it")]
    Character(char),
    /// It would be read as a folder or hide a file's ending.
    #[error("a name cannot hold `..` or end in a dot")]
    Dots,
}

impl Refusal for InvalidName {}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(word: &str) -> Result<Self, InvalidName> {
        let first = word.chars().next().ok_or(InvalidName::Empty)?;
        if !first.is_ascii_alphanumeric() {
            return Err(InvalidName::Character(first));
        }
        if let Some(wrong) = word.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-".contains(*c))) {
            return Err(InvalidName::Character(wrong));
        }
        if word.len() > Self::MOST {
            return Err(InvalidName::TooLong(word.len()));
        }
        if word.contains("..") || word.ends_with('.') {
            return Err(InvalidName::Dots);
        }
        Ok(Self(word.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

super::one_word!(
    Name,
    "string",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
    "a name: letters, digits, `.`, `_` and `-`, a letter or digit first"
);

/// A line of free text: a purpose, a title, a reason.
///
/// Any characters but control characters (a line of text is one line in every output) and the marks that turn the
/// direction of writing around (they make a rule read as what it is not); at most [`Text::MOST`] bytes, which an
/// iptables comment can carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(String);

impl Text {
    /// The most bytes of a text. An iptables comment carries 255 (iptables-extensions(8)), quoting and our prefix included.
    pub const MOST: usize = 200;

    /// The text as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a string is no [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// More bytes than every output can carry.
    #[error("the text has {0} bytes, and every output can carry {most} at most", most = Text::MOST)]
    TooLong(usize),
    /// A character that would end the line, or turn it around.
    #[error("the text has {0:?} in it")]
    Character(char),
    /// Nothing to read where something has to be said.
    #[error("this says nothing")]
    Blank,
}

impl Refusal for InvalidText {}

impl FromStr for Text {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let turns = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}');
        let ends = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}');
        if let Some(wrong) = text.chars().find(|c| ends(*c) || turns(*c)) {
            return Err(InvalidText::Character(wrong));
        }
        if text.len() > Self::MOST {
            return Err(InvalidText::TooLong(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

super::one_word!(
    Text,
    "string",
    "^[^\\x00-\\x1f\\x7f]*$",
    "one line of text, without control characters and direction marks"
);

/// Why something is as it is: a [`Text`] that is not blank.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(Text);

impl FromStr for Reason {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if text.trim().is_empty() { Err(InvalidText::Blank) } else { text.parse().map(Self) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::ops::Deref for Reason {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.0
    }
}

super::one_word!(
    Reason,
    "string",
    "^[^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*$",
    "a reason, in one line of text: why it is as it should be"
);

#[cfg(test)]
mod tests {
    use super::{InvalidName, Name, Text};

    #[test]
    fn names_of_the_field_are_names() {
        for word in ["mgmt-host-1", "rancher-ha-parent", "NetworkAgent", "management_load-balancer_1", "a.b"]
        {
            assert!(word.parse::<Name>().is_ok(), "{word}");
        }
    }

    #[test]
    fn what_an_output_cannot_carry_is_no_name() {
        for word in ["", "-a", "a b", "a/b", "../a", "a\nb", "a\"b", "${a}", "%i", "é", "a..b", "a.", "_a"] {
            assert!(word.parse::<Name>().is_err(), "{word}");
        }
        assert_eq!("x".repeat(64).parse::<Name>(), Err(InvalidName::TooLong(64)));
    }

    #[test]
    fn a_text_is_one_line_of_anything() {
        assert!("a \"quoted\" ${text} with 100 % \\ and 🦀".parse::<Text>().is_ok());
        for text in ["two\nlines", "nul\0", "turned \u{202e}around", "a\u{2028}b"] {
            assert!(text.parse::<Text>().is_err(), "{text:?}");
        }
    }
}
