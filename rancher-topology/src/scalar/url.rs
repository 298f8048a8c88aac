//! URLs of hosts.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Refusal;

/// A URL of the form `https://HOST[:PORT]`: the registration URL is made `https` by Rancher's own page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.trim_start_matches("https://");
        rest.split_once(':').map_or(rest, |(host, _)| host)
    }

    /// Its port: 443 when it names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let rest = self.0.trim_start_matches("https://");
        rest.split_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(443)
    }
}

/// The word is no such URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is no URL of the form `https://HOST[:PORT]`", .0.escape_debug())]
pub struct InvalidUrl(String);

impl Refusal for InvalidUrl {}

impl FromStr for HttpsUrl {
    type Err = InvalidUrl;

    fn from_str(word: &str) -> Result<Self, InvalidUrl> {
        let wrong = || InvalidUrl(word.to_owned());
        let rest = word.strip_prefix("https://").ok_or_else(wrong)?;
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let good_port =
            port.is_none_or(|port| port.parse::<super::PortRange>().is_ok_and(|range| range.len() == 1));
        if host.len() <= 253 && host.split('.').all(label) && good_port {
            Ok(Self(word.to_owned()))
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

super::one_word!(
    HttpsUrl,
    "string",
    "^https://[A-Za-z0-9.-]+(:[0-9]+)?$",
    "the URL: `https://HOST` or `https://HOST:PORT`"
);

#[cfg(test)]
mod tests {
    use super::HttpsUrl;

    #[test]
    fn only_https_with_a_host_is_a_registration_url() {
        assert_eq!(
            "https://rancher.example.com:8443".parse::<HttpsUrl>().unwrap().host(),
            "rancher.example.com"
        );
        assert_eq!("https://a:8443".parse::<HttpsUrl>().unwrap().port(), 8443);
        assert_eq!("https://a".parse::<HttpsUrl>().unwrap().port(), 443);
        for url in [
            "http://a",
            "https://",
            "https://a/b",
            "https://a:0",
            "https://a:+443",
            "https://a:1-2",
            "https://a b",
            "https://a\n",
        ] {
            assert!(url.parse::<HttpsUrl>().is_err(), "{url:?}");
        }
    }
}
