//! A thing that one list names twice.

use std::collections::BTreeMap;

use crate::diagnostic::{Edit, Severity, Span};
use crate::document::{Document, Spanned};
use crate::lint::{Findings, Found, Lint};
use crate::scalar::Name;

pub(super) const LINT: Lint = Lint {
    id: "named-twice",
    severity: Severity::Note,
    summary: "One list names a thing twice.",
    reason: "The second word changes nothing: a node is one target of a load balancer and has one instance of a service, however \
             often it is named. Often another name was meant, and the node or group that was to be there is missing.",
    source: "The document itself.",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: [node-1, node-2, node-2], publish: [8080:8080], traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 8080/tcp, from: self, purpose: requests}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: [node-1, node-2, node-3], publish: [8080:8080], traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 8080/tcp, from: self, purpose: requests}
",
    instead_of: &[],
    found: Found::Parts(check),
};

fn check(document: &Document, findings: &mut Findings) {
    for balancer in document.load_balancers.values() {
        nodes(document, &balancer.targets, findings);
        balancer.groups.iter().for_each(|names| same(names, findings));
        balancer.subnets.iter().for_each(|names| same(names, findings));
    }
    for service in document.services.values() {
        nodes(document, &service.placement, findings);
        same(&service.requires, findings);
        same(&service.after, findings);
        service.network.iter().for_each(|names| same(names, findings));
    }
    for pool in document.nodes.values() {
        same(&pool.groups, findings);
    }
    for database in document.databases.values() {
        database.groups.iter().for_each(|names| same(names, findings));
        database.subnets.iter().for_each(|names| same(names, findings));
    }
}

/// Names that stand in a list a second time.
fn same(names: &[Spanned<Name>], findings: &mut Findings) {
    let mut first: BTreeMap<&Name, Span> = BTreeMap::new();
    for name in names {
        match first.get(&name.value) {
            Some(span) => findings.push(finding(name, format!("`{}` is named twice", name.value), *span)),
            None => {
                first.insert(&name.value, name.span);
            }
        }
    }
}

/// The same of pools and nodes: a pool names all of its nodes.
fn nodes(document: &Document, names: &[Spanned<Name>], findings: &mut Findings) {
    same(names, findings);
    let pool = |name: &Spanned<Name>| {
        document.nodes.get(name).map(|pool| pool.count.as_ref().map(|count| count.value))
    };
    let pools: BTreeMap<&str, (Span, Option<usize>)> =
        names.iter().filter_map(|name| Some((name.as_str(), (name.span, pool(name)?)))).collect();
    for name in names.iter().filter(|name| !pools.contains_key(name.as_str())) {
        let Some((pool, number)) = name.rsplit_once('-') else { continue };
        let Some((span, Some(count))) = pools.get(pool) else { continue };
        if number.parse().is_ok_and(|number: usize| (1..=*count).contains(&number)) {
            findings.push(finding(name, format!("`{}` is one of the nodes of `{pool}`", name.value), *span));
        }
    }
}

fn finding(name: &Spanned<Name>, message: String, first: Span) -> crate::diagnostic::Diagnostic {
    LINT.finding(message, name.span)
        .also(first, "named here already")
        .why("the second word changes nothing, or another one was meant")
        .help("take it out, or write the name that was meant")
        .suggest(vec![Edit::Remove { span: name.span }])
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn told(targets: &str) -> Vec<String> {
        let text = format!(
            "load-balancers: {{front: {{targets: [{targets}], health-check: 'TCP:80', listeners: [{{listen: 80/tcp, forward: 80/tcp}}]}}}}\n"
        );
        let all =
            validate(&complete(&text)).findings.into_iter().filter(|finding| finding.id == "named-twice");
        all.map(|finding| finding.message).collect()
    }

    #[test]
    fn a_target_is_named_once_whether_by_its_own_name_or_its_pools() {
        assert_eq!(told("node, node"), ["`node` is named twice"]);
        assert_eq!(told("node-2, node"), ["`node-2` is one of the nodes of `node`"]);
        assert_eq!(told("node-1, node-2, node-3"), Vec::<String>::new());
    }
}
