//! The layout of `terraform fmt`: the `=` of neighbouring lines stand below each other.

/// Aligns the `=` of consecutive lines that hold a whole `name = value` each.
///
/// A line without one (empty, a comment, the beginning or end of a block) ends a run, as in HCL's own formatter
/// (hashicorp/hcl, `hclwrite/format.go`).
pub(super) fn aligned(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    while at < lines.len() {
        let run = lines[at..].iter().map_while(|line| assignment(line)).collect::<Vec<_>>();
        if run.is_empty() {
            out.push_str(lines[at]);
            at += 1;
            continue;
        }
        let widest = run.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, rest) in &run {
            out.push_str(name);
            out.extend(std::iter::repeat_n(' ', widest - name.chars().count()));
            out.push(' ');
            out.push_str(rest);
        }
        at += run.len();
    }
    out
}

/// A line's name with its indentation, and the rest from `=` on; `None` when it is no whole assignment.
fn assignment(line: &str) -> Option<(&str, &str)> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    let (mut quoted, mut escaped, mut depth, mut equals) = (false, false, 0_i32, None);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '=' if equals.is_none() && line[at..].starts_with("= ") => equals = Some(at),
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
    }
    let at = equals.filter(|_| depth == 0)?;
    Some((line[..at].trim_end(), &line[at..]))
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn neighbours_are_aligned_and_blocks_are_not() {
        let text =
            "a {\n  x = 1\n  longer = \"a = {\"\n\n  tags = {\n    n = 1\n  }\n  # y = 1\n  z = 2\n}\n";
        let expected =
            "a {\n  x      = 1\n  longer = \"a = {\"\n\n  tags = {\n    n = 1\n  }\n  # y = 1\n  z = 2\n}\n";
        assert_eq!(aligned(text), expected);
        assert_eq!(aligned(expected), expected);
    }
}
