//! Where the image of an operating system is found, and for which processor.

use rancher_topology::scalar::Os;
use serde::Serialize;

/// How a public image is looked up.
#[derive(Serialize)]
pub(super) struct Image {
    /// The account that publishes it.
    owner: &'static str,
    /// Patterns of its name.
    names: Vec<String>,
    architecture: &'static str,
    /// Whether images that are marked as out of date count.
    deprecated: bool,
    /// Where the account and the names are published.
    source: &'static str,
    /// What a person should know of it, by lines.
    note: &'static [&'static str],
}

/// The kind of processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Processor {
    Arm,
    Intel,
}

/// The image of an operating system for a kind of machine.
pub(super) fn image(os: Os, instance_type: &str) -> Image {
    let processor = Processor::of(instance_type);
    let (owner, names, source) = match os {
        Os::Centos7 => (
            "125523088429",
            vec!["CentOS Linux 7 *".to_owned(), "CentOS 7.*".to_owned()],
            "https://wiki.centos.org/Cloud/AWS",
        ),
        Os::Rocky9 => {
            ("792107900819", vec!["Rocky-9-EC2-Base-9.*".to_owned()], "https://rockylinux.org/cloud-images")
        }
        // The name goes on with the processor: `debian-12-backports-…` is another image.
        Os::Debian12 => (
            "136693071363",
            vec![format!("debian-12-{}-*", processor.debian())],
            "https://wiki.debian.org/Cloud/AmazonEC2Image/Bookworm",
        ),
        Os::Ubuntu2404 => (
            "099720109477",
            vec![format!("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-*", processor.debian())],
            "https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/",
        ),
    };
    Image {
        owner,
        names,
        architecture: processor.aws(),
        // AWS marks a public image as out of date two years after it was made; CentOS 7's last one is of 2022.
        deprecated: os == Os::Centos7,
        source,
        note: if os == Os::Centos7 { CENTOS_7 } else { &[] },
    }
}

const CENTOS_7: &[&str] = &[
    "CentOS 7 had its last update in June 2024, and its images may be withdrawn: copy one into your account, or",
    "find another, and put its id into `image_ids`.",
];

impl Image {
    /// Whether it may not be found.
    pub(super) const fn may_be_withdrawn(&self) -> bool {
        self.deprecated
    }
}

impl Processor {
    /// AWS's own (Arm) has a `g` behind the generation's number, as in `m7g.large`.
    ///
    /// Source: Amazon EC2 Instance Types, "Naming conventions"; `a1` was made before them.
    fn of(instance_type: &str) -> Self {
        let family = instance_type.split_once('.').map_or(instance_type, |(family, _)| family);
        let attributes = family
            .trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-')
            .trim_start_matches(|c: char| c.is_ascii_digit());
        if family == "a1" || attributes.contains('g') { Self::Arm } else { Self::Intel }
    }

    const fn aws(self) -> &'static str {
        match self {
            Self::Arm => "arm64",
            Self::Intel => "x86_64",
        }
    }

    const fn debian(self) -> &'static str {
        match self {
            Self::Arm => "arm64",
            Self::Intel => "amd64",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Processor;

    #[test]
    fn the_name_of_a_machine_tells_its_processor() {
        for kind in ["m7g.large", "t4g.small", "c6gn.xlarge", "im4gn.large", "a1.medium", "g5g.xlarge"] {
            assert_eq!(Processor::of(kind), Processor::Arm, "{kind}");
        }
        for kind in ["m5.large", "t3.micro", "g4dn.xlarge", "c7a.large", "u-6tb1.metal", "x2iedn.large"] {
            assert_eq!(Processor::of(kind), Processor::Intel, "{kind}");
        }
    }
}
