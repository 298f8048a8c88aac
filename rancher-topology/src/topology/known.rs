//! A value together with where it comes from.

use std::ops::Deref;

use serde::Serialize;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The document says it.
    Stated,
    /// The document says nothing; this is why the value was taken.
    Assumed(&'static str),
}

/// A value that the document may leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Known<T> {
    /// A value that the document says.
    pub const fn stated(value: T) -> Self {
        Self { value, origin: Origin::Stated }
    }

    /// A value that was taken because the document says none.
    pub const fn assumed(value: T, because: &'static str) -> Self {
        Self { value, origin: Origin::Assumed(because) }
    }

    /// Whether the document says nothing of it.
    pub const fn is_assumed(&self) -> bool {
        matches!(self.origin, Origin::Assumed(_))
    }

    /// What the document says, or else a value with the reason for it.
    pub fn or(said: Option<T>, otherwise: impl FnOnce() -> T, because: &'static str) -> Self {
        match said {
            Some(value) => Self::stated(value),
            None => Self::assumed(otherwise(), because),
        }
    }
}

impl<T> Deref for Known<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
