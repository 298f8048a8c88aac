//! Where the images of operating systems are found on AWS.

use rancher_topology::scalar::Os;
use serde::Serialize;

/// How an image is looked for.
#[derive(Serialize)]
pub(super) struct Image {
    /// The account of those who publish it.
    owner: &'static str,
    /// Patterns of its name.
    names: &'static [&'static str],
    /// What a person should know before they rely on it.
    remark: Option<&'static str>,
}

/// The image of an operating system, as those who make it publish it.
///
/// Sources: the accounts that the projects name as theirs (wiki.debian.org/Cloud/AmazonEC2Image, Canonical's and Rocky
/// Linux's pages on AWS, the CentOS wiki's list of AMIs).
pub(super) fn of(os: Os) -> Image {
    match os {
        Os::Centos7 => Image {
            owner: "125523088429",
            names: &["CentOS 7.*x86_64*", "CentOS Linux 7*x86_64*"],
            remark: Some(
                "CentOS 7 is no longer maintained (since 2024-06-30) and its images are deprecated: put your own image into the variable where there is none",
            ),
        },
        Os::Rocky9 => Image { owner: "792107900819", names: &["Rocky-9-EC2-Base-9.*.x86_64"], remark: None },
        Os::Debian12 => Image { owner: "136693071363", names: &["debian-12-amd64-*"], remark: None },
        Os::Ubuntu2404 => Image {
            owner: "099720109477",
            names: &["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"],
            remark: None,
        },
    }
}
