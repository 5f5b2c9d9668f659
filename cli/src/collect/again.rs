//! The command that goes on where a run stopped. Pure.

use super::Collected;
use super::order::Order;
use crate::args::CollectArguments;
use insights_shared::report::RunStatus;
use insights_shared::time::Timestamp;

/// The command, if anything is left to do. A scheduled run knows by itself where to go on; a window is continued where the
/// one that came least far has come.
pub fn command(
    arguments: &CollectArguments,
    order: &Order,
    collected: &[Collected],
    stopped: bool,
) -> Option<String> {
    let targets = || collected.iter().flat_map(|collected| &collected.targets);
    let is_left =
        targets().any(|target| target.counts.not_reached > 0 || target.status == RunStatus::Partial);
    if !stopped && !is_left {
        return None;
    }
    let since = order.window.map(|window| {
        let come = targets().filter_map(|target| target.window.map(|window| window.end)).min();
        come.unwrap_or(window.start).max(window.start)
    });
    Some(line(arguments, since))
}

fn line(arguments: &CollectArguments, since: Option<Timestamp>) -> String {
    let mut words = vec!["insights".to_owned(), "collect".to_owned()];
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    for source in &arguments.source {
        option("--source", source.as_str());
    }
    if let Some(since) = since {
        option("--since", &since.to_string());
    }
    if let Some(profile) = &arguments.profile {
        option("--profile", profile);
    }
    for region in &arguments.region {
        option("--region", region);
    }
    if let Some(targets) = &arguments.targets {
        option("--targets", &targets.to_string_lossy());
    }
    if let Some(table) = &arguments.location.table {
        option("--table", table);
    }
    if let Some(local) = &arguments.location.local {
        option("--local", &local.to_string_lossy());
    }
    for (name, is_given) in [("--dry-run", arguments.dry_run), ("--utc", arguments.utc)] {
        if is_given {
            words.push(name.to_owned());
        }
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@+".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn the_command_is_the_one_that_was_given() {
        let check = |given: &[&str], since: Option<&str>, expected: &str| {
            let given = [&["insights", "collect"], given].concat();
            let crate::args::Command::Collect(arguments) = crate::args::Arguments::parse_from(given).command
            else {
                panic!("not collect")
            };
            assert_eq!(line(&arguments, since.map(|since| since.parse().unwrap())), expected);
        };
        check(&[], None, "insights collect");
        check(
            &[
                "--dry-run",
                "--source",
                "xray",
                "--region",
                "eu-west-1",
                "--region",
                "us-east-1",
                "--profile",
                "the audit",
            ],
            None,
            "insights collect --source xray --profile 'the audit' --region eu-west-1 --region us-east-1 --dry-run",
        );
        check(
            &["--since", "7d", "--targets", "it's.json", "--local", "my.db", "--table", "records", "--utc"],
            Some("2026-02-26T00:00:00Z"),
            "insights collect --since 2026-02-26T00:00:00.000Z --targets 'it'\\''s.json' --table records --local my.db --utc",
        );
    }
}
