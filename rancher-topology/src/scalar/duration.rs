//! Spans of time as people write them: `500ms`, `2s`, `5m`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Refusal;

/// A span of time in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    /// Its length in milliseconds; never 0.
    pub milliseconds: u64,
}

/// The word is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no span of time")]
pub struct InvalidDuration(String);

impl Refusal for InvalidDuration {}

impl FromStr for Duration {
    type Err = InvalidDuration;

    fn from_str(word: &str) -> Result<Self, InvalidDuration> {
        let wrong = || InvalidDuration(word.to_owned());
        let (number, scale) = [("ms", 1), ("s", 1_000), ("m", 60_000)]
            .into_iter()
            .find_map(|(unit, scale)| Some((word.strip_suffix(unit)?, scale)))
            .ok_or_else(wrong)?;
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: u32 = number.parse().map_err(|_| wrong())?;
        if number == 0 { Err(wrong()) } else { Ok(Self { milliseconds: u64::from(number) * scale }) }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milliseconds.is_multiple_of(1_000) {
            write!(f, "{}s", self.milliseconds / 1_000)
        } else {
            write!(f, "{}ms", self.milliseconds)
        }
    }
}

super::one_word!(
    Duration,
    "string",
    "^[0-9]+(ms|s|m)$",
    "a span of time, a number above 0 and its unit: `500ms`, `2s`, `5m`"
);

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn units_are_read_and_the_shortest_is_printed() {
        let print = |word: &str| word.parse::<Duration>().map(|d| d.to_string());
        assert_eq!(print("1000ms"), Ok("1s".into()));
        assert_eq!(print("5m"), Ok("300s".into()));
        assert!(print("5").is_err() && print("0s").is_err() && print("-1s").is_err() && print("1h").is_err());
    }
}
