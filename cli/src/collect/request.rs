//! The request: sources, window and targets. It reads the arguments and the file of targets, and makes no calls.

use crate::args::CollectArguments;
use crate::exit::Failure;
use insights_shared::fields::Faults;
use insights_shared::payload::Window;
use insights_shared::record::Source;
use insights_shared::target::parse_targets;
use insights_shared::time::Timestamp;
use serde_json::{Value, json};
use std::path::Path;

/// The region for validating the file of targets when no region is known yet.
const ANY_REGION: &str = "us-east-1";

/// The request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The sources, without duplicates.
    pub sources: Vec<Source>,
    /// Sources that are skipped, with the reason.
    pub left_out: Option<String>,
    /// A past window instead of new data.
    pub window: Option<Window>,
    /// The text of the file of targets.
    pub targets: Option<String>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

impl Request {
    /// The request of `arguments` at the time `now`.
    pub fn read(arguments: &CollectArguments, now: Timestamp) -> Result<Self, Failure> {
        let is_meant = |source: &Source| arguments.source.is_empty() || arguments.source.contains(source);
        let mut sources: Vec<Source> = insights_sources::all().filter(is_meant).collect();
        let mut left_out = None;
        let mut window = None;
        if let Some(since) = arguments.since {
            let since = since.start(now);
            if since >= now {
                return Err(Failure::usage(format!(
                    "--since {since} is not in the past; the current time is {now}"
                )));
            }
            window = Some(Window { start: since, end: now });
            let (with_history, without): (Vec<Source>, Vec<Source>) =
                sources.into_iter().partition(|source| source.history.is_some());
            sources = with_history;
            if let Some(source) = without.first() {
                let labels: Vec<&str> = without.iter().map(|source| source.label).collect();
                let has = if labels.len() == 1 { "has" } else { "have" };
                let without = format!("{} {has} no history: omit --since", labels.join(" and "));
                if !arguments.source.is_empty() {
                    return Err(Failure::usage(format!("--since with --source {source}: {without}")));
                }
                left_out = Some(without);
            }
        }
        let targets = arguments.targets.as_deref().map(read_targets).transpose()?;
        Ok(Self { sources, left_out, window, targets, dry_run: arguments.dry_run })
    }

    /// The payload with which the functions are invoked.
    pub fn payload(&self) -> String {
        let mut payload = serde_json::Map::new();
        if let Some(window) = self.window {
            let window = json!({"start": window.start.to_string(), "end": window.end.to_string()});
            payload.insert("window".to_owned(), window);
        }
        if self.dry_run {
            payload.insert("dry_run".to_owned(), true.into());
        }
        Value::Object(payload).to_string()
    }
}

/// The text of the file, if it contains valid targets.
fn read_targets(file: &Path) -> Result<String, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("reading the targets {name}: {error}")))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("the targets {name} must be JSON: {error}")))?;
    let mut faults = Faults::default();
    parse_targets(value, &name, ANY_REGION, &mut faults);
    let faults = faults.lines();
    if faults.is_empty() { Ok(text) } else { Err(Failure::Usage(faults)) }
}

/// `TARGETS` for the own account in several regions.
pub fn own_targets(account_id: &str, regions: &[String]) -> String {
    let mut distinct: Vec<&String> = Vec::new();
    for region in regions {
        if !distinct.contains(&region) {
            distinct.push(region);
        }
    }
    json!([{"account_id": account_id, "regions": distinct}]).to_string()
}
