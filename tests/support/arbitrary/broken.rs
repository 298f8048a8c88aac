//! Texts as a slip of the hand or a broken disk leaves them.

use proptest::prelude::*;

use super::hostile;

/// A text that was changed here and there, as a slip of the hand or a broken disk does.
pub fn broken(texts: Vec<String>) -> impl Strategy<Value = String> {
    let change = (0..9_u8, any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), hostile());
    (proptest::sample::select(texts), proptest::collection::vec(change, 1..6)).prop_map(|(text, changes)| {
        changes.into_iter().fold(text, |text, (kind, place, other, trouble)| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if lines.is_empty() {
                return trouble;
            }
            let (at, second) = (place.index(lines.len()), other.index(lines.len()));
            let middle = |line: &str| {
                let all: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
                other.get(&all).to_owned()
            };
            match kind {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                2 => lines.swap(at, second),
                3 => {
                    let middle = middle(&lines[at]);
                    lines[at].truncate(middle);
                }
                4 => {
                    let middle = middle(&lines[at]);
                    lines[at].insert_str(middle, &trouble);
                }
                5 => lines[at].insert(0, ' '),
                6 => lines.truncate(at),
                7 => {
                    let number =
                        ["0", "-1", "65536", "4294967296", "99999999999999999999", "1e9", "0x10", "~"];
                    lines[at] =
                        lines[at].replace(|c: char| c.is_ascii_digit(), number[other.index(number.len())]);
                }
                _ => {
                    let key = lines[at].split(':').next().unwrap_or_default();
                    lines[at] = format!("{key}: {trouble}");
                }
            }
            lines.join("\n")
        })
    })
}
