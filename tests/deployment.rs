//! Rules about the deployment: templates, documents and code agree. Rules of CloudFormation, EventBridge and Step
//! Functions are tested in Python (`tests/deployment/*.py`), because there are no Rust implementations of them.

mod alarms;
mod codes;
mod dependencies;
mod forwarding;
mod generated;
mod hardening;
mod parameters;
mod roles;
mod table;
mod workflows;
mod yaml;

/// The cells of all table rows in the section `heading` of `page` (up to the next heading of the same level), without
/// header rows and separators.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let depth = format!("{} ", heading.split(' ').next().unwrap());
    let mut lines = page.lines().skip_while(|line| *line != heading).skip(1).peekable();
    assert!(lines.peek().is_some(), "no section {heading}");
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with(&depth)).collect();
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let is_head = lines.get(index + 1).is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("| ") && !is_head {
            rows.push(line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect());
        }
    }
    assert!(!rows.is_empty(), "no table under {heading}");
    rows
}

/// The texts in backticks in `text`.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
