//! Decision diagrams over bits, with a small number at each leaf: functions from packets to anything.
//!
//! A diagram is reduced and shared (Bryant, "Graph-Based Algorithms for Boolean Function Manipulation", 1986): no node
//! asks for a bit that does not matter, and no two nodes of one [`Diagrams`] are alike. So two functions are equal
//! exactly when their diagrams are the same number. Nothing here knows what a bit means or what a leaf stands for.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

/// A function from bits to numbers, held by a [`Diagrams`]. Equal functions of one holder are equal here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Diagram(u32);

/// The bit that a node asks for. Bits are asked in the order of their numbers.
pub(crate) type Bit = u16;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Node {
    bit: Bit,
    /// Where a zero leads.
    zero: Diagram,
    /// Where a one leads.
    one: Diagram,
}

/// Holds diagrams: every node that was ever needed, once.
pub(crate) struct Diagrams {
    nodes: Vec<Node>,
    unique: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Results of the operations that are running; an entry may be lost, which costs time and nothing else.
    results: Vec<Known>,
    operation: u32,
    /// As many nodes there may be.
    most: usize,
}

/// What an operation came to for two diagrams.
#[derive(Clone, Copy)]
struct Known {
    operation: u32,
    left: Diagram,
    right: Diagram,
    result: Diagram,
}

const LEAF: u32 = 1 << 31;
/// The fewest results that are kept, and the most: 16 bytes each.
const RESULTS: (usize, usize) = (1 << 12, 1 << 20);

impl Diagram {
    /// The function that is this number everywhere. Numbers are below 2³¹.
    pub(crate) const fn leaf(number: u32) -> Self {
        Self(LEAF | number)
    }

    /// The number, if it is the same everywhere.
    pub(crate) const fn as_leaf(self) -> Option<u32> {
        if self.0 & LEAF == 0 { None } else { Some(self.0 & !LEAF) }
    }
}

impl Default for Diagrams {
    fn default() -> Self {
        let nothing = Diagram::leaf(0);
        let unknown = Known { operation: 0, left: nothing, right: nothing, result: nothing };
        Self {
            nodes: Vec::new(),
            unique: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            results: vec![unknown; RESULTS.0],
            operation: 0,
            most: usize::MAX,
        }
    }
}

impl Diagrams {
    /// The function that asks for a bit. Both branches ask for later bits only.
    pub(crate) fn node(&mut self, bit: Bit, zero: Diagram, one: Diagram) -> Diagram {
        if zero == one {
            return zero;
        }
        debug_assert!(bit < self.bit(zero) && bit < self.bit(one), "bits are asked in order");
        let node = Node { bit, zero, one };
        let hash = self.hasher.hash_one(node);
        let Self { nodes, unique, hasher, .. } = self;
        let entry =
            unique.entry(hash, |&at| nodes[at as usize] == node, |&at| hasher.hash_one(nodes[at as usize]));
        let at = match entry {
            hashbrown::hash_table::Entry::Occupied(known) => *known.get(),
            hashbrown::hash_table::Entry::Vacant(free) => {
                let at = u32::try_from(nodes.len()).unwrap_or(LEAF);
                assert!(at < LEAF, "2³¹ nodes are more than this machine's memory");
                nodes.push(node);
                free.insert(at);
                at
            }
        };
        self.keep_more_results();
        Diagram(at)
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The bit that it asks for first; after all bits for a leaf.
    pub(crate) fn bit(&self, diagram: Diagram) -> Bit {
        if diagram.as_leaf().is_some() { Bit::MAX } else { self.nodes[diagram.0 as usize].bit }
    }

    /// What is left of it when a bit is known that it asks for first, if it asks at all.
    pub(crate) fn branches(&self, diagram: Diagram, bit: Bit) -> (Diagram, Diagram) {
        if diagram.as_leaf().is_some() {
            return (diagram, diagram);
        }
        let node = self.nodes[diagram.0 as usize];
        if node.bit == bit { (node.zero, node.one) } else { (diagram, diagram) }
    }

    /// What the function is for given bits.
    pub(crate) fn eval(&self, mut diagram: Diagram, bits: impl Fn(Bit) -> bool) -> u32 {
        loop {
            if let Some(number) = diagram.as_leaf() {
                return number;
            }
            let node = self.nodes[diagram.0 as usize];
            diagram = if bits(node.bit) { node.one } else { node.zero };
        }
    }

    /// Where a function changes as a number grows whose bits it asks for first: each part's first number and what is left.
    /// `None` if there are more parts than `most`.
    pub(crate) fn parts(
        &self,
        diagram: Diagram,
        bits: &std::ops::Range<Bit>,
        most: usize,
    ) -> Option<Vec<(u128, Diagram)>> {
        let mut found = Vec::new();
        self.part(diagram, bits.clone(), 0, most, &mut found)?;
        Some(found)
    }

    fn part(
        &self,
        diagram: Diagram,
        bits: std::ops::Range<Bit>,
        first: u128,
        most: usize,
        found: &mut Vec<(u128, Diagram)>,
    ) -> Option<()> {
        if self.bit(diagram) >= bits.end {
            if found.last().is_none_or(|(_, before)| *before != diagram) {
                found.push((first, diagram));
            }
            return (found.len() <= most).then_some(());
        }
        // A bit that is not asked for is passed all the same: what follows is there twice.
        let bit = bits.start;
        let (zero, one) = self.branches(diagram, bit);
        self.part(zero, bit + 1..bits.end, first, most, found)?;
        self.part(one, bit + 1..bits.end, first | 1 << (bits.end - 1 - bit), most, found)
    }

    /// The function that joins two, bit by bit. `join` says what comes of two diagrams where that does not depend on
    /// their bits: always for two leaves; for others where it knows better than to look at every bit.
    pub(crate) fn apply(
        &mut self,
        left: Diagram,
        right: Diagram,
        join: &mut impl FnMut(Diagram, Diagram) -> Option<Diagram>,
    ) -> Diagram {
        self.begin();
        self.join(left, right, join)
    }

    fn join(
        &mut self,
        left: Diagram,
        right: Diagram,
        join: &mut impl FnMut(Diagram, Diagram) -> Option<Diagram>,
    ) -> Diagram {
        if self.is_full() {
            return Diagram::leaf(0);
        }
        if let Some(result) = join(left, right) {
            return result;
        }
        if let Some(result) = self.known(left, right) {
            return result;
        }
        let bit = self.bit(left).min(self.bit(right));
        debug_assert!(bit < Bit::MAX, "two leaves have a result");
        let (left_zero, left_one) = self.branches(left, bit);
        let (right_zero, right_one) = self.branches(right, bit);
        let zero = self.join(left_zero, right_zero, join);
        let one = self.join(left_one, right_one, join);
        let result = self.node(bit, zero, one);
        self.keep(left, right, result);
        result
    }

    /// The numbers that it can be, lowest first.
    pub(crate) fn leaves(&mut self, diagram: Diagram) -> Vec<u32> {
        let mut leaves = Vec::new();
        self.map(diagram, &mut |leaf| {
            leaves.push(leaf);
            0
        });
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// How many nodes there may be. When there are more, every function is nothing from then on, and made at once.
    pub(crate) const fn stop_after(&mut self, nodes: usize) {
        self.most = nodes;
    }

    /// Whether there are more nodes than there may be, so that functions mean nothing.
    pub(crate) const fn is_full(&self) -> bool {
        self.nodes.len() > self.most
    }

    /// The bits that it asks for, lowest first.
    pub(crate) fn bits(&self, diagram: Diagram) -> Vec<Bit> {
        let mut bits = Vec::new();
        let mut seen = HashSet::new();
        let mut left = vec![diagram];
        while let Some(diagram) = left.pop() {
            if diagram.as_leaf().is_none() && seen.insert(diagram) {
                let node = self.nodes[diagram.0 as usize];
                bits.push(node.bit);
                left.extend([node.zero, node.one]);
            }
        }
        bits.sort_unstable();
        bits.dedup();
        bits
    }

    /// The function with other numbers at its leaves.
    pub(crate) fn map(&mut self, diagram: Diagram, leaf: &mut impl FnMut(u32) -> u32) -> Diagram {
        self.apply(diagram, Diagram::leaf(0), &mut |one, _| {
            one.as_leaf().map(|number| Diagram::leaf(leaf(number)))
        })
    }

    /// The function that is one of two others, as a third, of zeros and ones, says.
    pub(crate) fn choose(&mut self, which: Diagram, one: Diagram, zero: Diagram) -> Diagram {
        let mut done = HashMap::new();
        self.choose_known(which, one, zero, &mut done)
    }

    fn choose_known(
        &mut self,
        which: Diagram,
        one: Diagram,
        zero: Diagram,
        done: &mut HashMap<(Diagram, Diagram, Diagram), Diagram>,
    ) -> Diagram {
        if self.is_full() {
            return Diagram::leaf(0);
        }
        if one == zero {
            return one;
        }
        if let Some(number) = which.as_leaf() {
            return if number == 0 { zero } else { one };
        }
        if let Some(&result) = done.get(&(which, one, zero)) {
            return result;
        }
        let bit = self.bit(which).min(self.bit(one)).min(self.bit(zero));
        let (which_zero, which_one) = self.branches(which, bit);
        let (one_zero, one_one) = self.branches(one, bit);
        let (zero_zero, zero_one) = self.branches(zero, bit);
        let low = self.choose_known(which_zero, one_zero, zero_zero, done);
        let high = self.choose_known(which_one, one_one, zero_one, done);
        let result = self.node(bit, low, high);
        done.insert((which, one, zero), result);
        result
    }

    /// The function that has another function in place of each leaf.
    pub(crate) fn graft(&mut self, diagram: Diagram, leaf: &mut impl FnMut(u32) -> Diagram) -> Diagram {
        let mut done = HashMap::new();
        self.graft_known(diagram, leaf, &mut done)
    }

    fn graft_known(
        &mut self,
        diagram: Diagram,
        leaf: &mut impl FnMut(u32) -> Diagram,
        done: &mut HashMap<Diagram, Diagram>,
    ) -> Diagram {
        if self.is_full() {
            return Diagram::leaf(0);
        }
        if let Some(number) = diagram.as_leaf() {
            return leaf(number);
        }
        if let Some(&result) = done.get(&diagram) {
            return result;
        }
        let node = self.nodes[diagram.0 as usize];
        let zero = self.graft_known(node.zero, leaf, done);
        let one = self.graft_known(node.one, leaf, done);
        let which = self.node(node.bit, Diagram::leaf(0), Diagram::leaf(1));
        let result = if self.bit(zero) > node.bit && self.bit(one) > node.bit {
            self.node(node.bit, zero, one)
        } else {
            self.choose(which, one, zero)
        };
        done.insert(diagram, result);
        result
    }

    /// The function where some bits are known, and asked for no more.
    pub(crate) fn assign(&mut self, diagram: Diagram, known: &impl Fn(Bit) -> Option<bool>) -> Diagram {
        self.begin();
        self.assign_known(diagram, known)
    }

    fn assign_known(&mut self, diagram: Diagram, known: &impl Fn(Bit) -> Option<bool>) -> Diagram {
        if self.is_full() {
            return Diagram::leaf(0);
        }
        if diagram.as_leaf().is_some() {
            return diagram;
        }
        if let Some(result) = self.known(diagram, diagram) {
            return result;
        }
        let node = self.nodes[diagram.0 as usize];
        let result = match known(node.bit) {
            Some(false) => self.assign_known(node.zero, known),
            Some(true) => self.assign_known(node.one, known),
            None => {
                let zero = self.assign_known(node.zero, known);
                let one = self.assign_known(node.one, known);
                self.node(node.bit, zero, one)
            }
        };
        self.keep(diagram, diagram, result);
        result
    }

    /// What is left of it once the known bits are given that it asks for first, one after the other.
    pub(crate) fn descend(&self, mut diagram: Diagram, known: impl Fn(Bit) -> Option<bool>) -> Diagram {
        while diagram.as_leaf().is_none() {
            let node = self.nodes[diagram.0 as usize];
            match known(node.bit) {
                Some(true) => diagram = node.one,
                Some(false) => diagram = node.zero,
                None => break,
            }
        }
        diagram
    }

    /// The function that asks for other bits in place of its own. The order of all that it asks for stays.
    pub(crate) fn rename(&mut self, diagram: Diagram, to: &impl Fn(Bit) -> Bit) -> Diagram {
        self.begin();
        self.rename_known(diagram, to)
    }

    fn rename_known(&mut self, diagram: Diagram, to: &impl Fn(Bit) -> Bit) -> Diagram {
        if self.is_full() {
            return Diagram::leaf(0);
        }
        if diagram.as_leaf().is_some() {
            return diagram;
        }
        if let Some(result) = self.known(diagram, diagram) {
            return result;
        }
        let node = self.nodes[diagram.0 as usize];
        let zero = self.rename_known(node.zero, to);
        let one = self.rename_known(node.one, to);
        let result = self.node(to(node.bit), zero, one);
        self.keep(diagram, diagram, result);
        result
    }

    /// The function that no longer asks for some bits: where they would matter, `join` makes one number of both.
    pub(crate) fn forget(
        &mut self,
        diagram: Diagram,
        forgotten: &impl Fn(Bit) -> bool,
        join: &mut impl FnMut(u32, u32) -> u32,
    ) -> Diagram {
        let mut done = HashMap::new();
        self.forget_known(diagram, forgotten, join, &mut done)
    }

    fn forget_known(
        &mut self,
        diagram: Diagram,
        forgotten: &impl Fn(Bit) -> bool,
        join: &mut impl FnMut(u32, u32) -> u32,
        done: &mut HashMap<Diagram, Diagram>,
    ) -> Diagram {
        if self.is_full() {
            return Diagram::leaf(0);
        }
        if diagram.as_leaf().is_some() {
            return diagram;
        }
        if let Some(&result) = done.get(&diagram) {
            return result;
        }
        let node = self.nodes[diagram.0 as usize];
        let zero = self.forget_known(node.zero, forgotten, join, done);
        let one = self.forget_known(node.one, forgotten, join, done);
        let result = if forgotten(node.bit) {
            self.apply(zero, one, &mut |one, other| {
                if one == other {
                    return Some(one);
                }
                Some(Diagram::leaf(join(one.as_leaf()?, other.as_leaf()?)))
            })
        } else {
            self.node(node.bit, zero, one)
        };
        done.insert(diagram, result);
        result
    }

    /// Begins an operation: what others came to is not asked.
    fn begin(&mut self) {
        self.operation = self.operation.wrapping_add(1);
        if self.operation == 0 {
            self.results.iter_mut().for_each(|known| known.operation = 0);
            self.operation = 1;
        }
    }

    fn slot(&self, left: Diagram, right: Diagram) -> usize {
        let key = (u64::from(left.0) << 32 | u64::from(right.0)) ^ (u64::from(self.operation) << 17);
        // 2⁶⁴ divided by the golden ratio: Knuth, The Art of Computer Programming, volume 3, section 6.4.
        let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        usize::try_from(mixed).unwrap_or(0) & (self.results.len() - 1)
    }

    fn known(&self, left: Diagram, right: Diagram) -> Option<Diagram> {
        let known = self.results[self.slot(left, right)];
        (known.operation == self.operation && known.left == left && known.right == right)
            .then_some(known.result)
    }

    fn keep(&mut self, left: Diagram, right: Diagram, result: Diagram) {
        let slot = self.slot(left, right);
        self.results[slot] = Known { operation: self.operation, left, right, result };
    }

    /// Keeps as many results as there are nodes, within limits.
    fn keep_more_results(&mut self) {
        if self.nodes.len() > self.results.len() && self.results.len() < RESULTS.1 {
            let before = std::mem::take(&mut self.results);
            let nothing = Known { operation: 0, ..before[0] };
            self.results = vec![nothing; before.len() * 4];
            for known in before {
                if known.operation == self.operation {
                    let slot = self.slot(known.left, known.right);
                    self.results[slot] = known;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BITS: Bit = 5;

    /// A function by its table: what it is for each of the 32 numbers that its bits can be.
    fn of_table(diagrams: &mut Diagrams, bit: Bit, table: &[u32]) -> Diagram {
        if let [only] = table {
            return Diagram::leaf(*only);
        }
        let (zero, one) = table.split_at(table.len() / 2);
        let (zero, one) = (of_table(diagrams, bit + 1, zero), of_table(diagrams, bit + 1, one));
        diagrams.node(bit, zero, one)
    }

    fn table(diagrams: &Diagrams, diagram: Diagram) -> Vec<u32> {
        (0..1_u32 << BITS).map(|n| diagrams.eval(diagram, |bit| n >> (BITS - 1 - bit) & 1 == 1)).collect()
    }

    fn a_table(values: u32) -> impl Strategy<Value = Vec<u32>> {
        proptest::collection::vec(0..values, 1 << BITS)
    }

    proptest! {
        #[test]
        fn equal_functions_are_one_diagram(one in a_table(2), other in a_table(2)) {
            let mut diagrams = Diagrams::default();
            let (a, b) = (of_table(&mut diagrams, 0, &one), of_table(&mut diagrams, 0, &other));
            prop_assert_eq!(table(&diagrams, a), one.clone());
            prop_assert_eq!(a == b, one == other);
            let values = one.iter().copied().collect::<std::collections::BTreeSet<_>>();
            prop_assert_eq!(diagrams.leaves(a), values.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn operations_are_what_they_are_for_each_number(
            which in a_table(2), one in a_table(4), other in a_table(4), forgotten in 0..BITS, value: bool,
        ) {
            let mut diagrams = Diagrams::default();
            let w = of_table(&mut diagrams, 0, &which);
            let (a, b) = (of_table(&mut diagrams, 0, &one), of_table(&mut diagrams, 0, &other));
            let pairs = || one.iter().zip(&other);

            let both = diagrams.apply(a, b, &mut |a, b| Some(Diagram::leaf(a.as_leaf()? * 4 + b.as_leaf()?)));
            prop_assert_eq!(table(&diagrams, both), pairs().map(|(a, b)| a * 4 + b).collect::<Vec<_>>());

            let chosen = diagrams.choose(w, a, b);
            let expected: Vec<u32> = which.iter().zip(pairs()).map(|(w, (a, b))| if *w == 1 { *a } else { *b }).collect();
            prop_assert_eq!(table(&diagrams, chosen), expected.clone());

            let grafted = diagrams.graft(w, &mut |leaf| if leaf == 1 { a } else { b });
            prop_assert_eq!(grafted, chosen);

            let mapped = diagrams.map(a, &mut |leaf| leaf / 2);
            prop_assert_eq!(table(&diagrams, mapped), one.iter().map(|a| a / 2).collect::<Vec<_>>());

            let flipped = |n: usize| n ^ 1 << (BITS - 1 - forgotten);
            let known = diagrams.assign(a, &|bit| (bit == forgotten).then_some(value));
            let with = |n: usize| if (n >> (BITS - 1 - forgotten) & 1 == 1) == value { n } else { flipped(n) };
            prop_assert_eq!(table(&diagrams, known), (0..one.len()).map(|n| one[with(n)]).collect::<Vec<_>>());

            let joined = diagrams.forget(a, &|bit| bit == forgotten, &mut |a, b| a | b);
            prop_assert_eq!(table(&diagrams, joined), (0..one.len()).map(|n| one[n] | one[flipped(n)]).collect::<Vec<_>>());
        }
    }
}
