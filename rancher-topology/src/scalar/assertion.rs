//! Sentences about who can reach whom: `internet cannot reach zookeeper`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Refusal;
use super::port::{InvalidPort, Ports};

/// A sentence that has to be true: `SUBJECT can reach OBJECT [on PORT]`, or `cannot`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Assertion {
    /// Who opens connections.
    pub subject: String,
    /// Whether it has to be possible, or must not be.
    pub can: bool,
    /// To whom.
    pub object: String,
    /// On which ports; any when none are written.
    pub ports: Option<Ports>,
}

/// Why words are no sentence of this kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidAssertion {
    /// A word is where another one has to be.
    #[error("`{0}` stands where {1} has to be")]
    Word(String, &'static str),
    /// The sentence ends before it says everything.
    #[error("the sentence ends where {0} has to be")]
    Short(&'static str),
    /// The port in it is none.
    #[error(transparent)]
    Port(#[from] InvalidPort),
}

impl Refusal for InvalidAssertion {
    fn instead(&self) -> Option<String> {
        match self {
            Self::Port(port) => port.instead(),
            _ => None,
        }
    }
}

impl FromStr for Assertion {
    type Err = InvalidAssertion;

    fn from_str(sentence: &str) -> Result<Self, InvalidAssertion> {
        let mut words = sentence.split_whitespace();
        let mut next = |what| words.next().ok_or(InvalidAssertion::Short(what));
        let subject = next("who opens connections")?.to_owned();
        let can = match next("`can` or `cannot`")? {
            "can" => true,
            "cannot" => false,
            other => return Err(InvalidAssertion::Word(other.to_owned(), "`can` or `cannot`")),
        };
        match next("`reach`")? {
            "reach" => {}
            "not" if can => {
                return Err(InvalidAssertion::Word("can not".to_owned(), "`cannot`, one word,"));
            }
            other => return Err(InvalidAssertion::Word(other.to_owned(), "`reach`")),
        }
        let object = next("who accepts them")?.to_owned();
        let ports = match words.next() {
            None => None,
            Some("on") => Some(words.next().ok_or(InvalidAssertion::Short("a port"))?.parse()?),
            Some(other) => return Err(InvalidAssertion::Word(other.to_owned(), "`on PORT` or the end")),
        };
        match words.next() {
            None => Ok(Self { subject, can, object, ports }),
            Some(other) => Err(InvalidAssertion::Word(other.to_owned(), "the end of the sentence")),
        }
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let can = if self.can { "can" } else { "cannot" };
        write!(f, "{} {can} reach {}", self.subject, self.object)?;
        self.ports.iter().try_for_each(|ports| write!(f, " on {ports}"))
    }
}

super::one_word!(
    Assertion,
    "string",
    "^\\s*\\S+\\s+(can|cannot)\\s+reach\\s+\\S+(\\s+on\\s+[0-9]+(-[0-9]+)?(/(tcp|udp))?)?\\s*$",
    "a sentence: `SUBJECT can reach OBJECT on PORT`, or `cannot`; the port may be left out"
);

#[cfg(test)]
mod tests {
    use super::Assertion;

    #[test]
    fn a_sentence_reads_back_as_it_was_written() {
        for sentence in [
            "internet cannot reach zookeeper",
            "cattle can reach zookeeper on 2181/tcp",
            "10.0.0.0/24 can reach web@node-1 on 80-81/tcp",
        ] {
            assert_eq!(sentence.parse::<Assertion>().unwrap().to_string(), sentence);
        }
        assert_eq!(
            "a can reach b on 53".parse::<Assertion>().unwrap().to_string(),
            "a can reach b on 53/tcp"
        );
    }

    #[test]
    fn what_is_wrong_with_a_sentence_is_said() {
        for (sentence, said) in [
            ("a", "the sentence ends where `can` or `cannot` has to be"),
            ("a may reach b", "`may` stands where `can` or `cannot` has to be"),
            ("a can not reach b", "`can not` stands where `cannot`, one word, has to be"),
            ("a can see b", "`see` stands where `reach` has to be"),
            ("a can reach", "the sentence ends where who accepts them has to be"),
            ("a can reach b at 80", "`at` stands where `on PORT` or the end has to be"),
            ("a can reach b on", "the sentence ends where a port has to be"),
            ("a can reach b on 0", "`0` is no port: that is a number from 1 to 65535"),
            ("a can reach b on 80 today", "`today` stands where the end of the sentence has to be"),
        ] {
            assert_eq!(sentence.parse::<Assertion>().unwrap_err().to_string(), said, "{sentence}");
        }
    }
}
