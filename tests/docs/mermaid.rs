//! Mermaid itself, in a browser without a window: what it makes of diagrams.

use std::fs;

use super::support::tools;

/// The texts of each diagram's labels as a reader sees them, or what Mermaid says is wrong.
pub(crate) fn labels(diagrams: &[&str]) -> Vec<Result<Vec<String>, String>> {
    let folder = tempfile::tempdir().unwrap();
    let library = tools::installed("node_modules/mermaid/dist/mermaid.min.js");
    let sources = serde_json::to_string(diagrams).unwrap().replace('<', "\\u003c");
    let page = format!(
        r#"<!doctype html><meta charset="utf-8"><div id="picture"></div><pre id="answer"></pre>
<script src="file://{}"></script>
<script>
mermaid.initialize({{startOnLoad: false, securityLevel: "strict"}});
(async () => {{
    const answers = [];
    for (const [number, source] of {sources}.entries()) {{
        try {{
            await mermaid.parse(source);
            const {{svg}} = await mermaid.render("diagram" + number, source);
            const picture = document.getElementById("picture");
            picture.innerHTML = svg;
            const texts = [...picture.querySelectorAll(".nodeLabel, .edgeLabel p, .cluster-label p")];
            answers.push({{labels: texts.map(text => text.innerText)}});
            picture.innerHTML = "";
        }} catch (error) {{
            answers.push({{error: String(error)}});
        }}
    }}
    document.getElementById("answer").textContent = JSON.stringify(answers);
}})();
</script>"#,
        library.display()
    );
    fs::write(folder.path().join("page.html"), page).unwrap();
    let html = tools::run(
        tools::program("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
            .args([
                "--disable-dev-shm-usage",
                "--allow-file-access-from-files",
                "--virtual-time-budget=60000",
            ])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg("--dump-dom")
            .arg(format!("file://{}", folder.path().join("page.html").display())),
    );
    let (_, rest) = html.split_once("<pre id=\"answer\">").unwrap();
    let (answer, _) = rest.split_once("</pre>").unwrap();
    let answer =
        answer.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    let answers: Vec<serde_json::Value> = serde_json::from_str(&answer)
        .unwrap_or_else(|error| panic!("{error}: Mermaid did not answer: {answer:?}"));
    assert_eq!(answers.len(), diagrams.len());
    let words = |value: &serde_json::Value| {
        value
            .as_array()
            .map(|all| all.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect())
    };
    answers.iter().map(|answer| words(&answer["labels"]).ok_or_else(|| answer["error"].to_string())).collect()
}
