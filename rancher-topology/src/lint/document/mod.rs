//! The document: what can be read, and what its keys and values are.

mod duplicate_key;
mod missing_key;
mod nul_character;
mod too_large;
mod two_documents;
mod unknown_key;
mod unknown_word;
mod wrong_value;
mod yaml_syntax;

use super::Family;

/// Lints about the text itself.
pub const FAMILY: Family = Family {
    name: "Document",
    lints: &[
        &yaml_syntax::LINT,
        &two_documents::LINT,
        &too_large::LINT,
        &duplicate_key::LINT,
        &unknown_key::LINT,
        &unknown_word::LINT,
        &missing_key::LINT,
        &wrong_value::LINT,
        &nul_character::LINT,
    ],
};
