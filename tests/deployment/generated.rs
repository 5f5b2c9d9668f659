//! Generates the parts of templates and documents that are the same for every source (deploy/parts/README.md), and checks
//! that they are up to date.

use insights_sources::{Operation, Source};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files with generated parts.
const FILES: [&str; 6] = [
    "template.yaml",
    "deploy/alarms.yaml",
    "deploy/organization.yaml",
    "deploy/push-forwarding.yaml",
    "deploy/reader-role.yaml",
    "docs/sources.md",
];
const BEGIN: &str = "<sources: ";
const END: &str = "</sources>";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn generated_parts_are_up_to_date() {
    for path in FILES {
        let text = read(path);
        let expected = generate(path, &text);
        #[expect(clippy::disallowed_methods, reason = "the caller may request an update")]
        let updates = std::env::var_os("UPDATE_GENERATED").is_some();
        if updates {
            fs::write(root().join(path), &expected).unwrap();
        } else {
            let differs = text.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            assert_eq!(text.len(), expected.len(), "{path} is not up to date: {differs:?}");
            assert_eq!(differs, None, "{path} is not up to date");
        }
    }
}

#[test]
fn every_part_is_used() {
    let texts: String = FILES.map(read).concat();
    for entry in fs::read_dir(root().join("deploy/parts")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name == "README" || texts.contains(&format!("{BEGIN}{name}>")), "no file uses {name}");
    }
}

/// `text` with all generated parts replaced.
fn generate(path: &str, text: &str) -> String {
    let extension = path.rsplit('.').next().unwrap();
    let mut generated = String::new();
    let mut is_inside = false;
    for line in text.lines() {
        if line.contains(END) {
            is_inside = false;
        }
        if !is_inside {
            generated.push_str(line);
            generated.push('\n');
        }
        if let Some((_, rest)) = line.split_once(BEGIN) {
            let name = rest.split('>').next().unwrap();
            let indent = &line[..line.len() - line.trim_start().len()];
            for line in part(&read(&format!("deploy/parts/{name}.{extension}"))).lines() {
                if !line.is_empty() {
                    generated.push_str(indent);
                }
                generated.push_str(line);
                generated.push('\n');
            }
            is_inside = true;
        }
    }
    assert!(!is_inside, "{path}: a part has no end");
    generated
}

/// The lines of a part, after all directives were applied.
fn part(text: &str) -> String {
    match text.strip_prefix("@for each source\n") {
        Some(body) => insights_sources::all().map(|source| expand(body, &values(source))).collect(),
        None => expand(text, &common_values()),
    }
}

type Values = BTreeMap<&'static str, String>;

fn expand(text: &str, values: &Values) -> String {
    let mut lines = Vec::new();
    let mut is_left_out = false;
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let body = line.trim_start();
        if let Some(condition) = body.strip_prefix("@if ") {
            is_left_out = values[condition].is_empty();
        } else if body == "@end" {
            is_left_out = false;
        } else if is_left_out {
        } else if let Some(each) = body.strip_prefix("@each, ") {
            let (each, end) = each.rsplit_once('|').unwrap();
            let all: Vec<String> =
                insights_sources::all().map(|source| fill(each, &self::values(source))).collect();
            let joined = all.join(&format!(",\n{indent}"));
            lines.push(format!("{indent}{joined}{end}"));
        } else if let Some(each) = body.strip_prefix("@each ") {
            let of_push = each.strip_prefix("push ");
            for source in insights_sources::all().filter(|source| of_push.is_none() || source.push.is_some())
            {
                lines.push(format!("{indent}{}", fill(of_push.unwrap_or(each), &self::values(source))));
            }
        } else {
            let filled = fill(body, values);
            lines.extend(filled.lines().map(|line| format!("{indent}{line}").trim_end().to_owned()));
            if body.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// `text` with names replaced by their values.
fn fill(text: &str, values: &Values) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("<<{name}>>"), value);
    }
    assert!(!filled.contains("<<"), "unknown value: {filled}");
    filled
}

/// The names that a part without repetition may use.
fn common_values() -> Values {
    let sum = |letter: &str| {
        let terms = (1..=insights_sources::all().len()).map(|number| format!("FILL({letter}{number},0)"));
        terms.collect::<Vec<_>>().join("+")
    };
    let kinds: Vec<String> = insights_sources::insight_kinds().map(|kind| format!("\"{kind}\"")).collect();
    let section = |name: &str| -> String {
        insights_sources::all().map(|source| fill(&section(source, name), &simple_values(source))).collect()
    };
    let names = |parameters: String| -> Vec<String> {
        let is_name = |line: &&str| !line.starts_with([' ', '#']) && line.ends_with(':');
        let names = parameters.lines().filter(is_name).map(|line| line.trim_end_matches(':').to_owned());
        names.collect()
    };
    let listed = |keep: fn(&str) -> bool| {
        let kept = names(section("parameters")).into_iter().filter(|name| keep(name));
        kept.fold(String::new(), |text, name| text + "- " + &name + "\n")
    };
    Values::from([
        ("sum_w", sum("w")),
        ("sum_r", sum("r")),
        ("sum_d", sum("d")),
        ("insight_kinds", kinds.join(", ")),
        ("all_conditions", section("conditions")),
        ("all_operations", insights_sources::all().map(operations).collect()),
        ("own_parameters", listed(is_own)),
        ("retention_parameters", listed(|name| name.ends_with("RetentionDays"))),
    ])
}

/// The values of one source that have one line each.
fn simple_values(source: Source) -> Values {
    let number = insights_sources::all().position(|other| other == source).unwrap() + 1;
    let line = "-".repeat(110 - source.label.len());
    let push = source.push;
    let push_value = |value: fn(insights_shared::descriptor::PushEvent) -> &'static str| {
        push.map(value).unwrap_or_default().to_owned()
    };
    let history = source.history.map_or(0, |history| history.days);
    let kinds: Vec<String> = source.kinds.iter().map(|kind| format!("`{kind}`")).collect();
    let has_insights = source.insight_kinds().next().is_some();
    Values::from([
        ("id", source.id.to_owned()),
        ("label", source.label.to_owned()),
        ("logical", source.logical_id.to_owned()),
        ("package", source.package.to_owned()),
        ("summary", source.summary.to_owned()),
        ("schedule", source.schedule.expression()),
        ("retention", source.retention_days.to_string()),
        ("history", if history == 0 { "none".to_owned() } else { format!("{history} days") }),
        ("history_days", history.to_string()),
        ("endpoint", source.endpoint_variable.to_owned()),
        ("kinds", kinds.join(", ")),
        ("available_regions", source.availability.regions.join(",")),
        ("number", number.to_string()),
        ("rule_line", line),
        ("rule", push_value(|push| push.rule)),
        ("rule_description", push_value(|push| push.description)),
        ("event_source", push_value(|push| push.event_source)),
        ("detail_type", push_value(|push| push.detail_type)),
        ("push_event", push.map_or_else(|| "none".to_owned(), |push| format!("`{}`", push.detail_type))),
        ("push", if push.is_some() { "yes".to_owned() } else { String::new() }),
        ("query", if source.needs_query() { "yes".to_owned() } else { String::new() }),
        ("insights", if has_insights { "yes".to_owned() } else { String::new() }),
    ])
}

/// Every value of one source.
fn values(source: Source) -> Values {
    let mut values = simple_values(source);
    let filled = |name: &str| fill(&section(source, name), &simple_values(source));
    let label = |line: &str| line.replacen(": ", ":\n  default: ", 1) + "\n";
    values.insert("labels", filled("labels").lines().map(label).collect());
    for name in ["parameters", "variables"] {
        values.insert(name, filled(name));
    }
    values.insert("statements", statements(source, "${AWS::AccountId}"));
    values.insert("reader_statements", statements(source, "*"));
    values.insert("operations", operations(source));
    values
}

/// A section of deploy/sources/ID.yaml.
fn section(source: Source, name: &str) -> String {
    let text = read(&format!("deploy/sources/{source}.yaml"));
    let Some((_, section)) = text.split_once(&format!("# ---- {name}\n")) else { return String::new() };
    section.split("# ---- ").next().unwrap().to_owned()
}

/// The policy statements for the operations of a source, one for each resource.
fn statements(source: Source, account: &str) -> String {
    let mut by_resource: Vec<(&str, Vec<&str>)> = Vec::new();
    for Operation { iam_action, iam_resource, .. } in source.operations {
        let place = by_resource.iter().position(|(resource, _)| resource == iam_resource);
        let place = place.unwrap_or_else(|| {
            by_resource.push((iam_resource, Vec::new()));
            by_resource.len() - 1
        });
        let actions = &mut by_resource[place].1;
        if !actions.contains(iam_action) {
            actions.push(iam_action);
        }
    }
    let mut text = String::new();
    for (resource, actions) in by_resource {
        let (end, resource) = match resource {
            "*" => ("", "\"*\"".to_owned()),
            resource => (
                "Resources",
                format!("!Sub arn:${{AWS::Partition}}:{}", resource.replace("ACCOUNT", account)),
            ),
        };
        text.extend([format!("- Sid: Read{}{end}\n  Effect: Allow\n  Action:\n", source.logical_id)]);
        text.extend(actions.iter().map(|action| format!("    - {action}\n")));
        text.extend([format!("  Resource: {resource}\n")]);
    }
    text
}

/// The operations as rows of a Markdown table.
fn operations(source: Source) -> String {
    let row = |operation: &Operation| {
        let rate = operation.rate.map_or_else(|| "10".to_owned(), |rate| rate.to_string());
        let resource = if operation.iam_resource == "*" {
            "all".to_owned()
        } else {
            format!("`arn:aws:{}`", operation.iam_resource)
        };
        format!(
            "| {} | {} | `{}` | {resource} | {rate} |\n",
            source.label, operation.name, operation.iam_action
        )
    };
    source.operations.iter().map(row).collect()
}

#[test]
fn a_part_is_filled_repeated_and_left_out() {
    let text = "@for each source\n<<id>>:\n@if push\n  push: <<detail_type>>\n@end\n";
    let expected = "xray:\n  push: AWS X-Ray Insight Update\ncloudtrail:\n  push: AWS Insight via CloudTrail\nauditmanager:\n";
    assert!(part(text).starts_with(expected), "{}", part(text));
    let text = "list:\n  @each, [<<id>>]|]\n  @each push - <<id>>\n";
    let ids: Vec<String> = insights_sources::all().map(|source| format!("[{source}]")).collect();
    let expected = format!("list:\n  {}]\n  - xray\n  - cloudtrail\n", ids.join(",\n  "));
    assert_eq!(part(text), expected);
}

#[test]
fn a_source_that_is_disabled_leaves_nothing_behind_and_nothing_that_refers_to_it() {
    let template = crate::deployment::yaml::template("template.yaml");
    for source in insights_sources::all() {
        let (logical, condition) = (source.logical_id, format!("Collects{}", source.logical_id));
        // What receives push events of an organization depends on the organization too.
        let receives = format!("Receives{logical}");
        if source.push.is_some() {
            let both = serde_json::json!([{"Condition": condition}, {"Condition": "HasOrganization"}]);
            assert_eq!(template["Conditions"][&receives]["Fn::And"], both, "{receives}");
        }
        let is_its = |name: &str| name.starts_with(&format!("{logical}Insight"));
        for section in ["Resources", "Outputs"] {
            let entries = template[section].as_object().unwrap();
            assert!(entries.keys().any(|name| is_its(name)), "{section} of {source}");
            for (name, entry) in entries {
                if is_its(name) {
                    let expected = if name.contains("OfOrganization") { &receives } else { &condition };
                    assert_eq!(entry["Condition"], *expected, "{name}");
                } else {
                    let unguarded = unguarded_references(entry, &[&condition, &receives]);
                    let found: Vec<&String> = unguarded.iter().filter(|name| is_its(name)).collect();
                    assert!(found.is_empty(), "{name} refers to {found:?} without {condition}");
                }
            }
        }
    }
}

/// The logical ids to which `value` refers outside of `Fn::If` with one of these conditions.
fn unguarded_references(value: &serde_json::Value, conditions: &[&String]) -> Vec<String> {
    use serde_json::Value;
    match value {
        Value::Array(list) => list.iter().flat_map(|each| unguarded_references(each, conditions)).collect(),
        Value::Object(members) => {
            let is_one = |branches: &Value| conditions.iter().any(|condition| branches[0] == **condition);
            if members.get("Fn::If").is_some_and(is_one) {
                return Vec::new();
            }
            let target = members.get("Ref").or_else(|| members.get("Fn::GetAtt"));
            let id = |text: &Value| text.as_str().map(|text| text.split('.').next().unwrap().to_owned());
            let direct = target.and_then(|target| id(target).or_else(|| id(&target[0])));
            let nested = members.values().flat_map(|each| unguarded_references(each, conditions));
            direct.into_iter().chain(nested).collect()
        }
        _ => Vec::new(),
    }
}

fn is_own(name: &str) -> bool {
    !["Schedule", "RetentionDays", "StaleAfterHours"].iter().any(|end| name.ends_with(end))
}
