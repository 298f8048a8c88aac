//! Paths inside a rendered tree.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A relative path with `/` between its parts; it cannot lead out of the tree, nor into the tree's own folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

/// The text is no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is no path inside a rendered tree", .0.escape_debug())]
pub struct InvalidPath(String);

impl TreePath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders that it lies in, the innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.0.as_str();
        std::iter::from_fn(move || {
            rest = rest.rsplit_once('/')?.0;
            Some(rest)
        })
    }
}

impl FromStr for TreePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let part = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.len() <= 255
                && !part.contains(|c: char| c.is_control() || c == '\\')
        };
        let own = text.split('/').next() == Some(super::OWN_FOLDER);
        if text.split('/').all(part) && !own {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPath(text.to_owned()))
        }
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::TreePath;

    #[test]
    fn no_path_leads_out_of_the_tree() {
        for text in
            ["", "/etc", "a//b", "a/../b", "..", "./a", "a/", "a\0", "a\nb", "a\\b", ".rancher-gen/lock"]
        {
            assert!(text.parse::<TreePath>().is_err(), "{text:?}");
        }
        let path: TreePath = "a/b/c".parse().unwrap();
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a/b", "a"]);
    }
}
