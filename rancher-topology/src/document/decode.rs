//! From the tree of the text to typed values through serde, reporting every mistake and not only the first.
//!
//! serde stops at its first error. So what was wrong is reported, cut out of the tree, and the rest is decoded
//! again, until it decodes. What is missing only because it was cut out is not reported a second time. A key that is
//! nearly a known one is not cut out: its value is read as that one's.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Lost;
use super::one_or_many::ONE_OR_MANY;
use super::source::{Kind, NodeId, Tree};
use super::spanned::SPANNED;
use crate::diagnostic::{Diagnostic, MOST_MISTAKES, Span, nearest};

/// What decoding a tree came to.
pub(crate) struct Decoded<T> {
    /// The value, without what was wrong; `None` when nothing could be made of it.
    pub(crate) value: Option<T>,
    /// Everything that was wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What was cut out.
    pub(crate) lost: Lost,
}

/// Decodes a whole tree.
pub(crate) fn decode<T: de::DeserializeOwned>(tree: &Tree) -> Decoded<T> {
    let cut = Cut {
        gone: RefCell::new(vec![false; tree.nodes.len()]),
        meant: RefCell::default(),
        parents: parents(tree),
    };
    let (mut diagnostics, mut lost) = (Vec::new(), Lost::default());
    loop {
        match T::deserialize(Reader { tree, cut: &cut, node: tree.root }) {
            Ok(value) => return Decoded { value: Some(value), diagnostics, lost },
            Err(mistake) => {
                let node = mistake.node.unwrap_or(tree.root);
                // What is wrong with a value only because a part of it was cut out was told already.
                let echo = match &mistake.kind {
                    Mistaken::Unknown { .. } => false,
                    Mistaken::Missing(keys) => keys.is_empty(),
                    Mistaken::Word { .. } | Mistaken::Other(_) => cut.lost_a_child(node, tree),
                };
                if !echo {
                    diagnostics.push(mistake.report(tree, node, &cut));
                }
                if node == tree.root || diagnostics.len() >= MOST_MISTAKES {
                    return Decoded { value: None, diagnostics, lost };
                }
                match &mistake.kind {
                    Mistaken::Unknown { what: "key", name, known }
                        if cut.is_meant(node, name, known, tree) => {}
                    kind => {
                        let section = cut.section_that_loses_a_name(node, tree);
                        if let (Some(section), Mistaken::Unknown { known, .. }) = (&section, kind) {
                            lost.names.extend(nearest(section, known.iter().copied()).map(str::to_owned));
                        }
                        lost.names.extend(section);
                        lost.values |= !matches!(kind, Mistaken::Unknown { what: "key", .. });
                        cut.gone.borrow_mut()[node] = true;
                    }
                }
            }
        }
    }
}

fn parents(tree: &Tree) -> Vec<Option<NodeId>> {
    let mut parents = vec![None; tree.nodes.len()];
    for (id, node) in tree.nodes.iter().enumerate() {
        match &node.kind {
            Kind::Scalar { .. } => {}
            Kind::Sequence(items) => items.iter().for_each(|item| parents[*item] = Some(id)),
            Kind::Mapping(entries) => {
                for (key, value) in entries {
                    parents[*key] = Some(id);
                    parents[*value] = Some(id);
                }
            }
        }
    }
    parents
}

/// What has been cut out of a tree. A mapping's entry is gone when its key or its value is.
struct Cut {
    gone: RefCell<Vec<bool>>,
    /// What is meant by a key that is nearly a known one.
    meant: RefCell<BTreeMap<NodeId, &'static str>>,
    parents: Vec<Option<NodeId>>,
}

impl Cut {
    fn is_gone(&self, node: NodeId) -> bool {
        self.gone.borrow()[node]
    }

    /// Takes an unknown key for the known one that it is nearly, unless that one is there as well.
    fn is_meant(&self, key: NodeId, name: &str, known: &[&'static str], tree: &Tree) -> bool {
        let Some(near) = nearest(name, known.iter().copied()) else { return false };
        let Some(Kind::Mapping(entries)) = self.parents[key].map(|parent| &tree.nodes[parent].kind) else {
            return false;
        };
        let mut meant = self.meant.borrow_mut();
        let is_near = |other: &NodeId| match &tree.nodes[*other].kind {
            Kind::Scalar { text, .. } => text == near || meant.get(other) == Some(&near),
            _ => false,
        };
        let is_free = !entries.iter().any(|(other, _)| is_near(other));
        if is_free {
            meant.insert(key, near);
        }
        is_free
    }

    fn lost_a_child(&self, node: NodeId, tree: &Tree) -> bool {
        match &tree.nodes[node].kind {
            Kind::Scalar { .. } => false,
            Kind::Sequence(items) => items.iter().any(|item| self.is_gone(*item)),
            Kind::Mapping(entries) => {
                entries.iter().any(|(key, value)| self.is_gone(*key) || self.is_gone(*value))
            }
        }
    }

    /// The key of the entry whose value is this node.
    fn key_of(&self, node: NodeId, tree: &Tree) -> Option<NodeId> {
        let Kind::Mapping(entries) = &tree.nodes[self.parents[node]?].kind else { return None };
        entries.iter().find(|(_, value)| *value == node).map(|(key, _)| *key)
    }

    /// The top-level key under which a named thing goes when this node is cut out: the section itself, an entry of
    /// it, or a subnet of the network. What is cut out further inside leaves the names as they were.
    fn section_that_loses_a_name(&self, mut node: NodeId, tree: &Tree) -> Option<String> {
        let mut depth = 1;
        while let Some(parent) = self.parents[node] {
            if parent == tree.root {
                let key = self.key_of(node, tree).unwrap_or(node);
                let Kind::Scalar { text, .. } = &tree.nodes[key].kind else { return None };
                let names_at = if text == "network" { 3 } else { 2 };
                return (depth <= names_at).then(|| text.clone());
            }
            node = parent;
            depth += 1;
        }
        None
    }
}

/// The key of YAML 1.1 that brings another mapping's entries.
const MERGE: &str = "<<";

/// One mistake, at the innermost value that it concerns.
#[derive(Debug)]
struct Mistake {
    node: Option<NodeId>,
    kind: Mistaken,
}

#[derive(Debug)]
enum Mistaken {
    Unknown {
        what: &'static str,
        name: String,
        known: &'static [&'static str],
    },
    /// The keys that are needed and were never there; none when the key was cut out.
    Missing(Vec<String>),
    /// A word that is refused by its own grammar: why, and what is expected.
    Word {
        refused: String,
        expected: String,
    },
    Other(String),
}

impl Mistake {
    fn at(mut self, node: NodeId) -> Self {
        self.node.get_or_insert(node);
        self
    }

    fn report(&self, tree: &Tree, node: NodeId, cut: &Cut) -> Diagnostic {
        let whole = tree.nodes[node].span;
        // The span of a block reaches over many lines; its key is the better place to point at.
        let span = match &tree.nodes[node].kind {
            Kind::Scalar { .. } => whole,
            _ => cut
                .key_of(node, tree)
                .map_or(Span { start: whole.start, end: whole.start }, |key| tree.nodes[key].span),
        };
        match &self.kind {
            Mistaken::Unknown { what, name, known } => {
                let help = match nearest(name, known.iter().copied()) {
                    _ if name == MERGE => {
                        "a document has no merge keys: write out what is meant, or repeat a \
                                           whole value with `*NAME`"
                            .to_owned()
                    }
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "leave it out".to_owned(),
                    None => format!("known here: {}", list(known)),
                };
                let message = format!("unknown {what} `{name}`");
                match *what {
                    "key" => Diagnostic::error("unknown-key", message, span),
                    _ => Diagnostic::error("unknown-word", message, span),
                }
                .help(help)
            }
            Mistaken::Missing(keys) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let verb = if keys.len() == 1 { "is" } else { "are" };
                Diagnostic::error("missing-key", format!("{} {verb} missing", list(&keys)), span)
                    .here(format!("needs {}", list(&keys)))
                    .help(format!(
                        "write {}",
                        keys.iter().map(|key| format!("`{key}: …`")).collect::<Vec<_>>().join(", ")
                    ))
            }
            Mistaken::Word { refused, expected } => {
                Diagnostic::error("wrong-value", refused.clone(), span).help(format!("write {expected}"))
            }
            Mistaken::Other(message) => Diagnostic::error("wrong-value", message.clone(), span),
        }
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        let kind = foreign_word(&message).unwrap_or(Mistaken::Other(message));
        Self { node: None, kind }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { node: None, kind: Mistaken::Unknown { what: "key", name: field.to_owned(), known: expected } }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            node: None,
            kind: Mistaken::Unknown { what: "word", name: variant.to_owned(), known: expected },
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { node: None, kind: Mistaken::Missing(vec![field.to_owned()]) }
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Map => "a mapping".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Unit => "nothing".to_owned(),
            de::Unexpected::Str(text) => format!("`{}`", shortened(text)),
            de::Unexpected::Unsigned(number) => format!("`{number}`"),
            de::Unexpected::Signed(number) => format!("`{number}`"),
            de::Unexpected::Bool(truth) => format!("`{truth}`"),
            other => other.to_string(),
        };
        let expected = in_plain_words(&expected.to_string());
        let refused = format!("expected {expected}, found {found}");
        // What is expected can be written where it is one word.
        if expected.starts_with("a whole number") {
            let expected = format!("{expected}, in digits");
            return Self { node: None, kind: Mistaken::Word { refused, expected } };
        }
        if expected.starts_with('`') {
            return Self { node: None, kind: Mistaken::Word { refused, expected } };
        }
        Self::custom(refused)
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match found {
            de::Unexpected::Other(refused) => {
                let (refused, expected) = (refused.to_owned(), expected.to_string());
                Self { node: None, kind: Mistaken::Word { refused, expected } }
            }
            found => Self::invalid_type(found, expected),
        }
    }
}

/// The beginning of a long text: a message is to be read.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What serde calls Rust's types, in the words of a person who writes a document.
fn in_plain_words(expected: &str) -> String {
    match expected {
        "a map" => "a mapping".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "u16" => format!("a whole number up to {}", u16::MAX),
        "u32" => format!("a whole number up to {}", u32::MAX),
        "usize" | "u64" => "a whole number".to_owned(),
        other => other.to_owned(),
    }
}

/// What the types of other crates say of a word that they refuse, in words of ours.
fn foreign_word(message: &str) -> Option<Mistaken> {
    let (refused, expected) = match message {
        // ipnet's, and the standard library's
        "invalid IP address syntax" => {
            ("this is no network of IPv4", "its address and prefix length: `10.0.0.0/16`")
        }
        "invalid IPv4 address syntax" => {
            ("this is no address of IPv4", "four numbers up to 255: `10.0.1.10`")
        }
        _ => return None,
    };
    Some(Mistaken::Word { refused: refused.to_owned(), expected: expected.to_owned() })
}

/// The keys without which a mapping of this type is none, from the document's schema.
fn needed_keys(type_name: &str) -> Option<Vec<String>> {
    static SCHEMA: OnceLock<serde_json::Value> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| super::schema().to_value());
    let definition = if schema["title"] == type_name { schema } else { &schema["$defs"][type_name] };
    let keys = definition["required"].as_array()?;
    Some(keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect())
}

/// A serde reader at one node of the tree.
#[derive(Clone, Copy)]
struct Reader<'t> {
    tree: &'t Tree,
    cut: &'t Cut,
    node: NodeId,
}

impl<'t> Reader<'t> {
    fn kind(&self) -> &'t Kind {
        &self.tree.nodes[self.node].kind
    }

    fn at(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    fn scalar(&self) -> Option<(&'t str, bool)> {
        match self.kind() {
            Kind::Scalar { text, plain } => Some((text, *plain)),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(("" | "~" | "null" | "Null" | "NULL", true)))
    }

    fn wrong<T>(&self, expected: &dyn de::Expected) -> Result<T, Mistake> {
        let found = match self.kind() {
            _ if self.is_null() => de::Unexpected::Unit,
            Kind::Scalar { text, .. } => de::Unexpected::Str(text),
            Kind::Sequence(_) => de::Unexpected::Seq,
            Kind::Mapping(_) => de::Unexpected::Map,
        };
        Err(<Mistake as de::Error>::invalid_type(found, expected).at(self.node))
    }

    fn read<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.kind() {
            Kind::Scalar { text, plain } => scalar(text, *plain, visitor),
            Kind::Sequence(items) => {
                let mut kept = items.iter().copied().filter(|item| !self.cut.is_gone(*item));
                visitor.visit_seq(Items { reader: self, items: &mut kept })
            }
            Kind::Mapping(entries) => {
                visitor.visit_map(Entries { reader: self, rest: entries.iter(), value: None })
            }
        }
    }
}

/// A scalar by the core schema of YAML 1.2, as far as a typed document needs it.
fn scalar<'t, V: Visitor<'t>>(text: &'t str, plain: bool, visitor: V) -> Result<V::Value, Mistake> {
    if plain {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return visitor.visit_unit(),
            "true" => return visitor.visit_bool(true),
            "false" => return visitor.visit_bool(false),
            _ => {}
        }
        // Only what prints as it was written is a number: `0022` stays a string where a string may stand.
        match text.parse::<i128>() {
            Ok(number) if number.to_string() == text => {
                if let Ok(number) = u64::try_from(number) {
                    return visitor.visit_u64(number);
                }
                if let Ok(number) = i64::try_from(number) {
                    return visitor.visit_i64(number);
                }
            }
            _ => {}
        }
    }
    visitor.visit_borrowed_str(text)
}

impl<'t> Deserializer<'t> for Reader<'t> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.read(visitor).map_err(|mistake| mistake.at(self.node))
    }

    // What is to be a string is one, whatever it looks like: `version: 10.0` is no number here.
    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.scalar() {
            Some((text, _)) if !self.is_null() => {
                visitor.visit_borrowed_str(text).map_err(|mistake: Mistake| mistake.at(self.node))
            }
            _ => self.wrong(&visitor),
        }
    }

    fn deserialize_string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
            .map_err(|mistake| mistake.at(self.node))
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match (name, self.kind()) {
            (SPANNED, _) => visitor.visit_seq(Place { reader: self, step: 0 }),
            (ONE_OR_MANY, Kind::Sequence(_)) => self.read(visitor),
            (ONE_OR_MANY, _) => {
                visitor.visit_seq(Items { reader: self, items: &mut std::iter::once(self.node) })
            }
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|mistake| mistake.at(self.node))
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let read = match self.kind() {
            Kind::Scalar { text, .. } if !self.is_null() => {
                let word: de::value::StrDeserializer<'_, Mistake> = text.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            Kind::Mapping(entries)
                if entries.len() == 1
                    && !self.cut.is_gone(entries[0].0)
                    && !self.cut.is_gone(entries[0].1) =>
            {
                visitor.visit_enum(Variant { reader: self, key: entries[0].0, value: entries[0].1 })
            }
            _ => return self.wrong(&format!("one of {}", list(words)).as_str()),
        };
        read.map_err(|mistake| mistake.at(self.node))
    }

    // Without this, a list would be taken for the fields in their order.
    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let Kind::Mapping(entries) = self.kind() else { return self.wrong(&"a mapping") };
        self.deserialize_any(visitor).map_err(|mut mistake| {
            if let (Mistaken::Missing(keys), true) = (&mut mistake.kind, mistake.node == Some(self.node)) {
                // serde names the first one only, and does not know what was cut out.
                let text = |id: NodeId| match &self.tree.nodes[id].kind {
                    Kind::Scalar { text, .. } => Some(text),
                    _ => None,
                };
                let is_there = |key: &String| {
                    // A near miss was told already, and stands for the key that was meant.
                    let means = |said: &String| said == key || nearest(said, [key.as_str()]).is_some();
                    entries.iter().any(|(id, _)| text(*id).is_some_and(means))
                };
                let needed = needed_keys(name).unwrap_or_else(|| keys.clone());
                // A merge key is told of itself; what it was to bring is not missing for another reason.
                let merges = entries.iter().any(|(id, _)| text(*id).is_some_and(|text| text == MERGE));
                let needed = if merges { Vec::new() } else { needed };
                *keys = needed.into_iter().filter(|key| !is_there(key)).collect();
            }
            mistake
        })
    }

    forward_to_deserialize_any! {
        <W: Visitor<'t>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map ignored_any
    }
}

struct Items<'a, 't> {
    reader: Reader<'t>,
    items: &'a mut dyn Iterator<Item = NodeId>,
}

impl<'t> de::SeqAccess<'t> for Items<'_, 't> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        self.items.next().map(|item| seed.deserialize(self.reader.at(item))).transpose()
    }
}

struct Entries<'t> {
    reader: Reader<'t>,
    rest: std::slice::Iter<'t, (NodeId, NodeId)>,
    value: Option<NodeId>,
}

impl<'t> de::MapAccess<'t> for Entries<'t> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        let cut = self.reader.cut;
        let Some((key, value)) = self.rest.find(|(key, value)| !cut.is_gone(*key) && !cut.is_gone(*value))
        else {
            return Ok(None);
        };
        self.value = Some(*value);
        if let Some(meant) = cut.meant.borrow().get(key).copied() {
            let word: de::value::StrDeserializer<'_, Mistake> = meant.into_deserializer();
            return seed.deserialize(word).map(Some);
        }
        seed.deserialize(self.reader.at(*key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        match self.value.take() {
            Some(value) => seed.deserialize(self.reader.at(value)),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// What a `Spanned` value reads: the start, the end and the value itself.
struct Place<'t> {
    reader: Reader<'t>,
    step: u8,
}

impl<'t> de::SeqAccess<'t> for Place<'t> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        let span = self.reader.tree.nodes[self.reader.node].span;
        self.step += 1;
        match self.step {
            1 => seed.deserialize((span.start as u64).into_deserializer()).map(Some),
            2 => seed.deserialize((span.end as u64).into_deserializer()).map(Some),
            3 => seed.deserialize(self.reader).map(Some),
            _ => Ok(None),
        }
    }
}

/// An enum's variant that is written as a mapping with one key.
struct Variant<'t> {
    reader: Reader<'t>,
    key: NodeId,
    value: NodeId,
}

impl<'t> de::EnumAccess<'t> for Variant<'t> {
    type Error = Mistake;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'t>>(self, seed: V) -> Result<(V::Value, Self), Mistake> {
        Ok((seed.deserialize(self.reader.at(self.key))?, self))
    }
}

impl<'t> de::VariantAccess<'t> for Variant<'t> {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        let refused = de::Unexpected::Other("this word takes no value");
        Err(<Mistake as de::Error>::invalid_value(refused, &"the word alone").at(self.value))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value, Mistake> {
        seed.deserialize(self.reader.at(self.value))
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Mistake> {
        self.reader.at(self.value).deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.reader.at(self.value).deserialize_any(visitor)
    }
}
