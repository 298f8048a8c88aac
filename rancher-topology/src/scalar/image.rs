//! The parts of an image's name.

/// An image's reference in its parts: `REPOSITORY:TAG@DIGEST`.
///
/// Source: distribution/reference, the grammar of `reference.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    /// Registry and path.
    pub(crate) repository: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        match rest.rsplit_once(':') {
            // A colon before a slash is a registry's port.
            Some((repository, tag)) if !tag.contains('/') => Self { repository, tag: Some(tag), digest },
            _ => Self { repository: rest, tag: None, digest },
        }
    }

    /// Whether it is an image of the public registry, or a copy of it in another one.
    pub(crate) fn is(&self, repository: &str) -> bool {
        self.repository.strip_suffix(repository).is_some_and(|host| host.is_empty() || host.ends_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn a_registrys_port_is_no_tag() {
        let parts = |text| {
            let Image { repository, tag, digest } = Image::of(text);
            (repository, tag, digest)
        };
        assert_eq!(parts("nginx"), ("nginx", None, None));
        assert_eq!(parts("lab:5000/nginx"), ("lab:5000/nginx", None, None));
        assert_eq!(parts("lab:5000/nginx:1.27"), ("lab:5000/nginx", Some("1.27"), None));
        assert_eq!(parts("nginx:1@sha256:ab"), ("nginx", Some("1"), Some("sha256:ab")));
    }
}
