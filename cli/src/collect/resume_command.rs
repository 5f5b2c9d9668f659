//! The command that continues a stopped run. No I/O.

use super::Collected;
use super::request::Request;
use crate::args::CollectArguments;
use insights_shared::report::TargetResponse;
use insights_shared::time::Timestamp;
use insights_web::command::CommandLine;

/// The command, if it is useful: something was not reached, or failed with a temporary error. A scheduled run continues
/// at its watermark. A window continues at the earliest watermark of its targets.
pub fn resume_command(
    arguments: &CollectArguments,
    request: &Request,
    collected: &[Collected],
    stopped: bool,
) -> Option<CommandLine> {
    let targets = || collected.iter().flat_map(|collected| &collected.targets);
    let may_pass = |target: &TargetResponse| target.issues.iter().any(|issue| issue.retryable);
    if !stopped && !targets().any(|target| target.counts.not_reached > 0 || may_pass(target)) {
        return None;
    }
    let Some(window) = request.window else { return Some(line(arguments, None)) };
    let come = targets().filter_map(|target| target.window.map(|window| window.end)).min();
    let come = come.unwrap_or(window.start).max(window.start);
    (come < window.end).then(|| line(arguments, Some(come)))
}

fn line(arguments: &CollectArguments, since: Option<Timestamp>) -> CommandLine {
    let mut line = CommandLine::insights(&["collect"]);
    for source in &arguments.source {
        line = line.option("--source", source.as_str());
    }
    if let Some(since) = since {
        line = line.option("--since", &since.to_string());
    }
    if let Some(profile) = &arguments.profile {
        line = line.option("--profile", profile);
    }
    for region in &arguments.region {
        line = line.option("--region", region);
    }
    if let Some(targets) = &arguments.targets {
        line = line.file("--targets", targets);
    }
    line = line.at(&arguments.location.names());
    for (name, is_given) in [("--dry-run", arguments.dry_run), ("--utc", arguments.utc)] {
        if is_given {
            line = line.flag(name);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Arguments, Command};
    use clap::Parser;
    use insights_shared::issue::Stage;
    use insights_shared::payload::Window;

    use insights_shared::report::TargetReport;
    use insights_shared::store::Units;
    use insights_shared::target::Target;
    use insights_sources::xray;

    fn arguments(given: &[&str]) -> CollectArguments {
        let given = [&["insights", "collect"], given].concat();
        let Command::Collect(arguments) = Arguments::parse_from(given).command else { panic!("not collect") };
        arguments
    }

    #[test]
    fn the_command_is_shown_only_if_it_is_useful() {
        let at = |hour: u8| format!("2026-03-01T{hour:02}:00:00Z").parse::<Timestamp>().unwrap();
        let target = |end: u8, not_reached: u64, issue: Option<(&str, bool)>| {
            let report = TargetReport::default();
            let sink = report.sink();
            let _ = sink.not_reached(not_reached);
            sink.window(Window { start: at(1), end: at(end) });
            if let Some((code, retryable)) = issue {
                let _ = sink.issue(Stage::Fetch, "GetGroups", "groups", code, retryable, "no");
            }
            report.finish(&Target {
                account_id: "123456789012".to_owned(),
                region: "eu-west-1".to_owned(),
                role: None,
            })
        };
        let check = |given: &[&str], targets: Vec<TargetResponse>, stopped: bool, expected: Option<&str>| {
            let arguments = arguments(given);
            let request = Request::read(&arguments, at(12)).unwrap();
            let collected = Collected {
                source: xray::SOURCE,
                targets,
                calls: 0,
                response: None,
                error: None,
                units: Units::default(),
            };
            let command = resume_command(&arguments, &request, &[collected], stopped)
                .map(|command| command.to_string());
            assert_eq!(command.as_deref(), expected, "{given:?}");
        };
        let again = Some("insights collect");
        check(&[], vec![target(12, 0, None)], false, None);
        check(&[], vec![target(12, 0, None)], true, again);
        check(&[], vec![target(12, 0, None), target(12, 2, None)], false, again);
        check(&[], vec![target(12, 0, Some(("Timeout", true)))], false, again);
        check(&[], vec![target(12, 0, Some(("AccessDeniedException", false)))], false, None);
        let window = ["--since", "2026-03-01T01:00:00Z", "--source", "xray"];
        let from = Some("insights collect --source xray --since 2026-03-01T05:00:00.000Z");
        check(&window, vec![target(9, 1, None), target(5, 1, None)], false, from);
        // Data that the service no longer has will not be available later.
        check(&window, vec![target(12, 0, Some(("Window.Unavailable", false)))], false, None);
        check(&window, vec![target(12, 0, None)], true, None);
        let start = Some("insights collect --source xray --since 2026-03-01T01:00:00.000Z");
        check(&window, Vec::new(), true, start);
    }

    #[test]
    fn the_command_repeats_the_given_options() {
        let check = |given: &[&str], since: Option<&str>, expected: &str| {
            let arguments = arguments(given);
            assert_eq!(line(&arguments, since.map(|since| since.parse().unwrap())).to_string(), expected);
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
            "insights collect --since 2026-02-26T00:00:00.000Z --targets \"it's.json\" --table records --local my.db --utc",
        );
    }
}
