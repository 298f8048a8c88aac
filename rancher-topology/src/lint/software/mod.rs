//! Images: which version of a program runs, and what its containers may do to the node.

mod docker_socket;
mod mixed_image_versions;
mod unpinned_image;

use super::Family;

/// Lints about images and versions.
pub const FAMILY: Family = Family {
    name: "Images and versions",
    lints: &[&unpinned_image::LINT, &mixed_image_versions::LINT, &docker_socket::LINT],
};

/// The most places that one finding shows.
const MOST_PLACES: usize = 6;

/// An image's reference in its parts. Source: distribution/reference, the grammar of `reference.go`.
#[derive(Debug, PartialEq, Eq)]
struct Image<'a> {
    /// Registry and path.
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn of(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        match rest.rsplit_once(':') {
            // A colon before a slash is a registry's port.
            Some((repository, tag)) if !tag.contains('/') => Self { repository, tag: Some(tag), digest },
            _ => Self { repository: rest, tag: None, digest },
        }
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
