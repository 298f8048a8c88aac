//! Readers of what exists in the world. Each makes the model's data of a text; what it means is concluded elsewhere.
//!
//! What a reader does not understand it says: a [`Note`] where the answer is bounded from both sides, an error where
//! nothing can be said.

pub mod docker;
mod icmp_names;
pub mod ip_address;
pub mod ipset;
pub mod iptables;
pub mod packets;
mod service_names;
pub mod terraform;

pub use iptables::Note;

use rancher_topology::Span;

/// The lines of a text, each with its number from 1 and its place.
/// What is said of a last line that is not read.
const CUT: &str = "this line has no end, and others may be cut off";

/// The number of the last line where it has no end, so that it may be cut off, and the text with it.
fn cut_line(text: &str) -> Option<usize> {
    (!text.is_empty() && !text.ends_with('\n')).then(|| text.split('\n').count())
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str, Span)> {
    let mut start = 0;
    text.split('\n').enumerate().map(move |(at, line)| {
        let span = Span { start, end: start + line.len() };
        start = span.end + 1;
        (at + 1, line, span)
    })
}
