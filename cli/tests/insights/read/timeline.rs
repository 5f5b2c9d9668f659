//! `timeline`: all sources on one axis, and what belongs together.

use crate::support::finish;
use crate::support::story::STORY;

#[test]
fn all_sources_stand_on_one_axis_and_what_is_open_has_no_end() {
    let text = STORY.output(&["timeline", "--since", "24h", "--utc"]);
    let lane = |name: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(name));
        found.unwrap_or_else(|| panic!("no lane of {name}: {text}")).to_owned()
    };
    for heading in ["X-Ray\n", "CloudTrail\n", "Audit Manager\n", "03-01 00:00"] {
        assert!(text.contains(heading), "{heading} is missing: {text}");
    }
    let (payments, secret) = (lane("payments"), lane("secretsmanager"));
    assert!(payments.ends_with("█▶") && secret.ends_with("▓▶"), "{text}");
    assert!(lane("SOC 2").contains('▒'), "{text}");
    // What ended two days ago is not there.
    assert!(!text.contains("lambda"), "{text}");
}

#[test]
fn what_belongs_together_is_told_the_worst_first() {
    let text = STORY.output(&["timeline", "--since", "30d", "--utc"]);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let now = "2026-03-01 08:50 critical, open: GetSecretValue on secretsmanager.amazonaws.com (AccessDeniedException \
               error rate) began 4 minutes before faults in payments; they share secretsmanager.";
    let deployed = "2026-02-27 05:52 high: UpdateFunctionCode20150331v2 on lambda.amazonaws.com (call rate) began 8 \
                    minutes before faults in checkout and 16 minutes before faults in checkout; they share lambda.";
    let leaked = "RunInstances on ec2.amazonaws.com (call rate) began 1 hour 10 minutes before RunInstances on \
                  ec2.amazonaws.com (Client.UnauthorizedOperation error rate)";
    for expected in [now, deployed, leaked] {
        assert!(flat.contains(expected), "{expected} is missing: {text}");
    }
    assert!(flat.find(now) < flat.find(deployed), "{text}");
}

#[test]
fn a_time_line_can_stand_around_one_insight() {
    let text = STORY.output(&["timeline", "--around", "7c4ee9a1", "--utc"]);
    // Three hours before it began, and as long as it goes on.
    assert!(text.contains("from 2026-03-01 05:48 to 2026-03-01 12:00"), "{text}");
    assert!(text.contains("▸ payments"), "{text}");
    assert!(text.contains("GetSecretValue") && !text.contains("UpdateFunctionCode"), "{text}");
    // Of a longer time it still tells what belongs to that insight alone.
    let longer = STORY.output(&["timeline", "--around", "7c4ee9a1", "--since", "3d"]);
    assert!(longer.contains("  lambda ") && !longer.contains("UpdateFunctionCode"), "{longer}");
    let run = STORY.insights(&["timeline", "--around", "run#xray#123456789012#eu-west-1"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("there is no insight under"), "{}", run.stderr);
}

#[test]
fn pages_fit_into_the_width_that_there_is() {
    for width in ["80", "100", "200"] {
        for arguments in [
            &["list", "--since", "30d"][..],
            &["list", "--open"],
            &["show", "7c4ee9a1"],
            &["show", "run#xray#123456789012#eu-west-1"],
            &["series"],
            &["series", "RunInstances"],
            &["compliance"],
            &["compliance", "--scope", "account"],
            &["timeline", "--since", "30d"],
            &["status"],
        ] {
            let run = finish(STORY.command(arguments).env("COLUMNS", width));
            assert_eq!(run.code, 0, "{run:?}");
            let whole = |line: &&str| !line.contains("https://") && !line.contains("123456789012#");
            for line in run.stdout.lines().filter(whole) {
                let length = line.chars().count();
                assert!(length <= width.parse().unwrap(), "{arguments:?} at {width}: {line}");
                assert_eq!(line.trim_end(), line, "{arguments:?}: white space at the end");
            }
            assert!(!run.stdout.contains('\u{1b}'), "{arguments:?}: colour in a pipe");
        }
    }
}
