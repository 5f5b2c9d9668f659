//! `timeline`: all sources on one axis, and related insights.

use crate::support::finish;
use crate::support::story::STORY;

#[test]
fn all_sources_share_one_axis_and_open_insights_have_no_end() {
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
    // Insights that ended two days ago are not included.
    assert!(!text.contains("lambda"), "{text}");
}

#[test]
fn incidents_are_listed_worst_first() {
    let text = STORY.output(&["timeline", "--since", "30d", "--utc"]);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without the ids, which `show` accepts.
    let id = |word: &&str| !(word.starts_with("i-") && word.len() == 10);
    let flat = flat.split(' ').filter(id).collect::<Vec<_>>().join(" ");
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
fn a_timeline_can_be_limited_to_the_time_around_an_insight() {
    let text = STORY.output(&["timeline", "--around", "7c4ee9a1", "--utc"]);
    // From three hours before its start until its end.
    assert!(text.contains("from 2026-03-01 05:48 to 2026-03-01 12:00"), "{text}");
    assert!(text.contains("▸ payments"), "{text}");
    assert!(text.contains("GetSecretValue") && !text.contains("UpdateFunctionCode"), "{text}");
    // A longer period still shows only the incident of this insight.
    let longer = STORY.output(&["timeline", "--around", "7c4ee9a1", "--since", "3d"]);
    assert!(longer.contains("  lambda ") && !longer.contains("UpdateFunctionCode"), "{longer}");
    let run = STORY.insights(&["timeline", "--around", "run#xray#123456789012#eu-west-1"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("is not an insight"), "{}", run.stderr);
}

#[test]
fn output_fits_the_width_of_the_terminal() {
    for width in ["80", "100", "200"] {
        for arguments in [
            &["list", "--since", "30d"][..],
            &["list", "--open"],
            &["show", "7c4ee9a1"],
            &["incidents", "--since", "30d"],
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
