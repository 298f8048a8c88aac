//! A word of a name that is one letter away from a word that other names use.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::diagnostic::{Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "near-miss-name",
    severity: Severity::Note,
    summary: "A word of a name is one letter away from a word that other names use.",
    reason: "`load-blancer` beside `load-balancer` is found by nobody who searches for the other, and a script that builds names \
             from words misses it. What the source of the topology prints (`stated`) is compared with the service's own \
             name. A word is compared with those that two names have, and with that of a name that is the same but for it. \
             Plurals and other endings are not compared, nor words of fewer than six letters.",
    source: "The document itself.",
    bad: "\
services:
  orders-frontend: {image: web:1.4.2, placement: node, publish: [8080:8080], traffic-to: billing-frontend}
  billing-frontend: {image: web:1.4.2, placement: node, publish: [8081:8081], traffic-to: tickets-fontend}
  tickets-fontend: {image: web:1.4.2, placement: node, publish: [8082:8082], traffic-to: orders-frontend}
security-groups:
  nodes:
    inbound:
      - {port: 8080-8082/tcp, from: self, purpose: requests}
",
    good: "\
services:
  orders-frontend: {image: web:1.4.2, placement: node, publish: [8080:8080], traffic-to: billing-frontend}
  billing-frontend: {image: web:1.4.2, placement: node, publish: [8081:8081], traffic-to: tickets-frontend}
  tickets-frontend: {image: web:1.4.2, placement: node, publish: [8082:8082], traffic-to: orders-frontend}
security-groups:
  nodes:
    inbound:
      - {port: 8080-8082/tcp, from: self, purpose: requests}
",
    instead_of: &[],
    found: Found::Whole(check),
};

/// Shorter words are near too many others.
const SHORTEST: usize = 6;

/// A word with the name that it first stands in, and how many names have it.
struct Use<'a> {
    name: &'a str,
    place: Span,
    names: usize,
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    names(cx, findings);
    stated(cx, findings);
}

fn names(cx: &Context<'_>, findings: &mut Findings) {
    let mut words: IndexMap<String, Use<'_>> = IndexMap::new();
    for (name, place) in all_names(cx) {
        let mut own: Vec<String> = words_of(name).collect();
        own.sort_unstable();
        own.dedup();
        for word in own {
            words.entry(word).or_insert(Use { name, place, names: 0 }).names += 1;
        }
    }
    // Words that are one letter apart have a word in common when one letter is left out of each, or of one.
    let mut near: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, word) in words.keys().enumerate() {
        for shorter in shortened(word) {
            near.entry(shorter).or_default().push(at);
        }
    }
    for (at, (word, used)) in words.iter().enumerate().filter(|(_, (_, used))| used.names == 1) {
        let meant = shortened(word)
            .flat_map(|shorter| near.get(&shorter).map_or(&[][..], Vec::as_slice))
            .filter_map(|other| Some((*other, words.get_index(*other)?)))
            .filter(|(other, (meant, theirs))| {
                let is_usual =
                    theirs.names >= 2 || (*other < at && is_alike(used.name, word, theirs.name, meant));
                is_usual && is_near_miss(word, meant)
            })
            .max_by_key(|(other, (_, theirs))| (theirs.names, std::cmp::Reverse(*other)));
        let Some((_, (meant, other))) = meant else { continue };
        let help = match used.name.replacen(word, meant, 1) {
            name if name == used.name => format!("if `{meant}` is meant, write that"),
            name => format!("if `{meant}` is meant, write `{name}`"),
        };
        let usual = match other.names {
            1 => format!("`{}` has `{meant}`", other.name),
            names => format!("{names} names have `{meant}`"),
        };
        findings.push(
            LINT.finding(format!("`{word}` in `{}` reads like `{meant}`", used.name), used.place)
                .also(other.place, usual)
                .why("who searches for the one does not find the other")
                .help(help),
        );
    }
}

/// Whether two names are the same but for one word of each: then one use of the right word is enough to tell.
fn is_alike(name: &str, word: &str, other: &str, meant: &str) -> bool {
    name.to_ascii_lowercase().replacen(word, meant, 1) == other.to_ascii_lowercase()
}

/// What the source of the topology prints, against the name that the model gives it.
fn stated(cx: &Context<'_>, findings: &mut Findings) {
    let document = cx.document;
    let services = document.services.iter().map(|(name, service)| (name, &service.stated));
    let tunnels = document.tunnels.iter().map(|(name, tunnel)| (name, &tunnel.stated));
    for (name, stated) in services.chain(tunnels) {
        let Some(printed) = &stated.name else { continue };
        let own: Vec<String> = words_of(name).collect();
        let miss = words_of(printed.as_str()).find_map(|word| {
            let meant = own.iter().find(|meant| is_near_miss(&word, meant))?;
            (!own.contains(&word)).then(|| (word, meant.clone()))
        });
        let Some((word, meant)) = miss else { continue };
        findings.push(
            LINT.finding(format!("the source prints `{word}`, and the model says `{meant}`"), printed.span)
                .here("as it is printed there")
                .also(name.span, "the name that is rendered")
                .why("who searches the source for the rendered name does not find it")
                .help("correct the source, or rename the service if the containers are really called so"),
        );
    }
}

/// Every name that the document gives to something, each once.
fn all_names<'a>(cx: &Context<'a>) -> impl Iterator<Item = (&'a str, Span)> {
    let document = cx.document;
    let mut names: IndexMap<&'a str, Span> = IndexMap::new();
    let mut add = |name: &'a crate::document::Spanned<crate::scalar::Name>| {
        names.entry(name.value.as_str()).or_insert(name.span);
    };
    add(&document.name);
    add(&document.network.name);
    document.network.subnets.keys().for_each(&mut add);
    document.overlays.keys().for_each(&mut add);
    document.nodes.keys().for_each(&mut add);
    document.security_groups.keys().for_each(&mut add);
    document.databases.keys().for_each(&mut add);
    for (name, balancer) in &document.load_balancers {
        add(name);
        let policies = balancer.listeners.iter().filter_map(|listener| listener.proxy_protocol.as_ref());
        policies.for_each(&mut add);
    }
    document.starters.keys().for_each(&mut add);
    for (name, service) in &document.services {
        add(name);
        service.role.iter().for_each(&mut add);
    }
    for (name, tunnel) in &document.tunnels {
        add(name);
        tunnel.role.iter().for_each(&mut add);
    }
    names.into_iter()
}

/// The words of a name that are long enough to be compared, in small letters.
fn words_of(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_alphabetic()))
        .map(str::to_ascii_lowercase)
}

/// A word, and the word with each of its letters left out.
fn shortened(word: &str) -> impl Iterator<Item = String> {
    let without = (0..word.len()).map(|place| format!("{}{}", &word[..place], &word[place + 1..]));
    std::iter::once(word.to_owned()).chain(without)
}

/// Whether a word is another with one letter missing, added, changed, or two neighbours exchanged, as a slip of the
/// hand does it: neither a plural nor another ending, nor a different word that happens to be near.
fn is_near_miss(word: &str, meant: &str) -> bool {
    let (a, b) = (word.as_bytes(), meant.as_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    // A first letter is rarely wrong, and `reader`, `leader` and `header` are three words.
    if same == 0 {
        return false;
    }
    match (a, b) {
        // The last letters make plurals and other endings: `analysis` and `analyses`, `worker` and `workers`.
        ([_, rest @ ..], longer) if a.len() == b.len() + 1 => rest == longer && rest.len() >= 2,
        (shorter, [_, rest @ ..]) if a.len() + 1 == b.len() => rest == shorter && rest.len() >= 2,
        ([a1, a2, rest_a @ ..], [b1, b2, rest_b @ ..]) if a1 == b2 && a2 == b1 => rest_a == rest_b,
        ([a1, rest_a @ ..], [b1, rest_b @ ..]) => {
            rest_a == rest_b && rest_a.len() >= 2 && word.len() > SHORTEST && slips(*a1, *b1)
        }
        _ => false,
    }
}

/// Whether a hand takes one letter for the other: a neighbour on the keyboard, or two vowels that sound alike.
fn slips(a: u8, b: u8) -> bool {
    const VOWELS: &[u8] = b"aeiou";
    const ROWS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    let beside = |row: &[u8]| row.windows(2).any(|pair| pair == [a, b] || pair == [b, a]);
    (VOWELS.contains(&a) && VOWELS.contains(&b)) || ROWS.iter().any(|row| beside(row))
}

#[cfg(test)]
mod tests {
    use super::{is_near_miss, shortened};
    use crate::validate::complete;

    #[test]
    fn slips_of_the_hand_are_near_misses() {
        for (word, meant) in [
            ("blancer", "balancer"),
            ("balanncer", "balancer"),
            ("balacner", "balancer"),
            ("managenent", "management"),
            ("seperator", "separator"),
            ("servce", "service"),
            ("clinet", "client"),
            ("postgrse", "postgres"),
        ] {
            assert!(is_near_miss(word, meant), "{word} {meant}");
            let shared = shortened(word).any(|one| shortened(meant).any(|other| one == other));
            assert!(shared, "{word} {meant} would not meet");
        }
    }

    #[test]
    fn plurals_endings_and_other_words_are_not() {
        for (word, other) in [
            ("clients", "client"),
            ("primary", "primaries"),
            ("cached", "caches"),
            ("router", "routed"),
            ("manager", "manages"),
            ("reader", "leader"),
            ("docker", "locker"),
            ("election", "selection"),
            ("analyses", "analysis"),
            ("internal", "interval"),
            ("poller", "puller"),
            ("ingress", "egress"),
            ("server", "service"),
            ("import", "export"),
            ("client", "client"),
        ] {
            assert!(!is_near_miss(word, other) && !is_near_miss(other, word), "{word} {other}");
        }
    }

    #[test]
    fn a_word_that_two_names_use_is_meant_and_short_ones_are_not_compared() {
        let text = "\
services:
  node-a: {image: app:1.4.2, placement: node}
  node-b: {image: app:1.4.2, placement: node}
  orders-frontend: {image: app:1.4.2, placement: node}
  tickets-fontend: {image: app:1.4.2, placement: node}
";
        let report = crate::validate(&complete(text));
        assert!(report.findings.iter().all(|finding| finding.id != "near-miss-name"), "{report:#?}");
    }

    #[test]
    fn of_two_names_that_differ_in_one_letter_the_second_is_told() {
        for (first, second) in
            [("load-balancer", "load-blancer"), ("primary", "primray"), ("Primary", "primray")]
        {
            let service = |name: &str| format!("  {name}: {{image: app:1.4.2, placement: node}}\n");
            let text = complete(&format!("services:\n{}{}", service(first), service(second)));
            let report = crate::validate(&text);
            let own: Vec<_> = report.findings.iter().filter(|f| f.id == "near-miss-name").collect();
            assert_eq!(own.len(), 1, "{report:#?}");
            let [at, other] =
                [&own[0].labels[0], &own[0].labels[1]].map(|label| &text[label.span.start..label.span.end]);
            assert_eq!((at, other), (second, first));
        }
    }

    #[test]
    fn what_the_source_prints_is_compared_with_the_services_own_name() {
        let text = "\
services:
  management_load-balancer:
    image: app:1.4.2
    placement: node
    stated: {name: \"management_load-blancer_{1,2,3}\"}
";
        let text = complete(text);
        let report = crate::validate(&text);
        let own: Vec<_> = report.findings.iter().filter(|f| f.id == "near-miss-name").collect();
        assert_eq!(own.len(), 1, "{report:#?}");
        let span = own[0].labels[0].span;
        assert!(text[span.start..span.end].contains("blancer"));
    }
}
