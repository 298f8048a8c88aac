//! Random strings, documents of topologies and broken texts, the same ones in each run: proptest draws them from a fixed seed.

pub mod broken;
pub mod topology;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// What means something to a format, to an editor or to a terminal.
#[rustfmt::skip]
pub(super) const TROUBLE: [&str; 74] = [
    "'", "\"", "`", "\\", "\\\\", "\\n", "\n", "\r", "\r\n", "\t", " ", "  ", "\0", "$", "$$", "${", "${HOME}",
    "}", "%", "%%", "%{", "%i", "%n", "{{", "}}", "{%", "#", " # ", "#{", ":", ": ", "22:22", "0x1F", "1e3",
    "null", "~", "yes", "true", "../", "/etc", "-", "- ", "--", "---", "1. ", "+", "=", "*", "**", "_", "[",
    "](x)", "<b>", "&amp;", "&#39;", "&", ";", "|", "!", "@", "?", ",", "(", "EOF", "\u{1}", "\u{1b}[31m",
    "\u{7f}", "\u{85}", "\u{9b}", "\u{202e}", "\u{2028}", "\u{feff}", "\u{fffe}", "🦀",
];

/// Strings of ordinary letters and [`TROUBLE`]. Letters come composed, as Terraform keeps them.
pub fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(&TROUBLE[..]).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9]{1,4}",
        1 => proptest::char::any().prop_filter("joins others", |c| !joins(*c)).prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Whether a character may become another when its neighbours are composed: marks, jamo, and the compatibility blocks.
fn joins(c: char) -> bool {
    !matches!(c, '\u{20}'..='\u{2FF}' | '\u{370}'..='\u{373}' | '\u{400}'..='\u{482}' | '\u{2010}'..='\u{2027}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{1F600}'..='\u{1F64F}')
}

/// So many values of a strategy, each run the same ones.
pub fn draw<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}
