//! `series`: search, and the difference between zero, unknown and known values in every format.

use crate::support::story::{STORY, Story, insight, text as text_of};
use aws_sdk_dynamodb::types::AttributeValue;

#[test]
fn series_are_found_by_any_part_of_their_key() {
    let titles = |arguments: &[&str]| -> Vec<String> {
        let text = STORY.output(&[&["series"], arguments].concat());
        let is_title = |line: &&str| line.contains(".amazonaws.com");
        text.lines().filter(is_title).map(|line| line.split(", ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        titles(&["runinstances"]),
        ["RunInstances calls", "RunInstances Client.UnauthorizedOperation errors"]
    );
    assert_eq!(titles(&["Unauthorized"]), ["RunInstances Client.UnauthorizedOperation errors"]);
    assert_eq!(titles(&["trail/object-access"]), ["GetObject AccessDenied errors"]);
    assert!(titles(&[]).len() >= 5);
    let run = STORY.insights(&["series", "nothing-like-it"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("no series key contains \"nothing-like-it\""), "{}", run.stderr);
}

/// A series with values at 3600 s from 00:00 to 06:00 and at 300 s from 04:00 to 10:00 of 2026-03-01.
fn made() -> Story {
    let story = Story::empty();
    let series = "ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-";
    let place =
        r#""source":"cloudtrail","account_id":"123456789012","region":"eu-west-1","schema_version":1"#;
    story.put(&format!(
        r#"{{"pk":"run#cloudtrail#123456789012#eu-west-1","sk":"state","kind":"state",{place},"entity_pk":"run#cloudtrail",
            "entity_sk":"123456789012#eu-west-1","watermark":"2026-03-01T10:00:00.000Z","retention_days":400}}"#
    ));
    story.put(&format!(
        r#"{{"pk":"catalog#cloudtrail#123456789012#eu-west-1","sk":"series#{series}","kind":"catalog",{place},
            "detail":{{"event_source":"ec2.amazonaws.com","event_name":"RunInstances","insight_type":"ApiCallRateInsight"}},
            "covered":{{"3600":[{{"from":"2026-03-01T00:00:00.000Z","until":"2026-03-01T06:00:00.000Z"}}],
                        "300":[{{"from":"2026-03-01T04:00:00.000Z"}}]}}}}"#
    ));
    let chunk = |period: i64, start: &str, timestamps: &str, values: &str| {
        story.put(&format!(
            r#"{{"pk":"cloudtrail#123456789012#eu-west-1#{series}","sk":"metric#{period}#{start}","kind":"cloudtrail.metric",{place},
                "period":{period},"covered_from":"{start}","covered_until":"{start}","expires_at":1900000000,
                "timestamps":{timestamps},"values":{values}}}"#
        ));
    };
    // 02:00 and 04:00 at 3600 s; 04:05 and 09:55 at 300 s.
    chunk(3600, "2026-03-01T00:00:00.000Z", "[1772330400,1772337600]", "[7,99]");
    chunk(300, "2026-03-01T00:00:00.000Z", "[1772337900]", "[3]");
    chunk(300, "2026-03-01T06:00:00.000Z", "[1772358900]", "[5.5]");
    story
}

#[test]
fn csv_rows_are_the_finest_known_buckets_including_zeros() {
    let story = made();
    let rows = |arguments: &[&str]| -> Vec<(String, String, String)> {
        let text = story.output(&[&["series", "--since", "12h", "--output", "csv"], arguments].concat());
        let cells = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[7].to_owned(), cells[8].to_owned(), cells[9].to_owned())
        };
        text.split("\r\n").skip(1).filter(|line| !line.is_empty()).map(cells).collect()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 4 + 6 * 12, "four hours, then six hours of five minutes");
    assert_eq!(all[0], ("2026-03-01T00:00:00.000Z".into(), "3600".into(), "0".into()));
    let busy: Vec<(&str, &str)> =
        all.iter().filter(|row| row.2 != "0").map(|row| (&row.0[11..16], row.2.as_str())).collect();
    // The hour's value 99 is neither computed from the 300 s values nor added to them.
    assert_eq!(busy, [("02:00", "7"), ("04:05", "3"), ("09:55", "5.5")]);
    assert_eq!(all.last().unwrap().0, "2026-03-01T09:55:00.000Z", "the watermark is at 10:00");
    let coarse = rows(&["--period", "3600"]);
    assert_eq!(coarse.len(), 6);
    assert_eq!(coarse[4].2, "99");
}

#[test]
fn a_plot_distinguishes_zero_from_unknown_and_shows_changes_of_the_period() {
    let story = made();
    let text =
        crate::support::finish(story.command(&["series", "--since", "12h", "--utc"]).env("COLUMNS", "60"))
            .stdout;
    let lines: Vec<&str> = text.lines().collect();
    // Sixty columns of twelve minutes each; the last ten are after the watermark.
    let lowest = lines.iter().find(|line| line.ends_with("··········")).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(lowest.chars().count(), 60, "{text}");
    assert!(lowest.starts_with("__________"), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "maximum 7 in 1 hour at 2026-03-01 02:00",
        "one point every 1 hour until 2026-03-01 04:00, then every 5 minutes",
        "_ is zero, · is unknown",
    ] {
        assert!(flat.contains(expected), "{expected} is missing: {text}");
    }
    let unknown = story.output(&["series", "--period", "60"]);
    assert!(unknown.contains("unknown: nothing was collected for this period"), "{unknown}");
}

#[test]
fn the_peak_is_that_of_the_scenario() {
    // 40 per minute for 15 minutes: 200 in five minutes, within the noise of the scenario.
    let text = STORY.output(&["series", "RunInstances", "--since", "14d", "--utc"]);
    let line = text.lines().find(|line| line.starts_with("maximum ")).unwrap();
    let peak: f64 = line.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((150.0..=260.0).contains(&peak), "{line}");
    assert!(line.contains("in 5 minutes at 2026-02-17 09:"), "{line}");
}

/// A backfill stores chunks and catalog rows, and no `state`.
#[test]
fn data_loaded_only_by_a_backfill_is_found() {
    let story = made();
    let state = story.records(&["series", "--since", "24h"]);
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let delete = story.lab.dynamodb().delete_item().table_name("insights");
    let delete = delete.key("pk", key("run#cloudtrail#123456789012#eu-west-1")).key("sk", key("state"));
    story.wait(delete.send()).unwrap();
    story.put(&insight("cloudtrail", "one", "2026-02-01T10:00:00.000Z", "2026-02-01T11:00:00.000Z", ""));
    assert_eq!(story.records(&["series", "--since", "24h"]), state);
    assert!(!state.is_empty());
    // Another collected target does not hide it.
    story.put(
        r#"{"pk":"run#cloudtrail#123456789012#us-east-1","sk":"state","kind":"state","source":"cloudtrail",
            "account_id":"123456789012","region":"us-east-1","schema_version":1,"entity_pk":"run#cloudtrail",
            "entity_sk":"123456789012#us-east-1","watermark":"2026-03-01T10:00:00.000Z","retention_days":400}"#,
    );
    assert_eq!(story.records(&["series", "--since", "24h"]), state);
}

/// The same series after its trail was deleted at 10:00.
fn unavailable() -> Story {
    let story = made();
    story.put(
        r#"{"pk":"catalog#cloudtrail#123456789012#eu-west-1","sk":"series#s3.amazonaws.com#GetObject#ApiCallRateInsight#-#arn:aws:cloudtrail:eu-west-1:123456789012:trail/data",
            "kind":"catalog","source":"cloudtrail","account_id":"123456789012","region":"eu-west-1","schema_version":1,
            "detail":{"event_source":"s3.amazonaws.com","event_name":"GetObject","insight_type":"ApiCallRateInsight",
                "trail_arn":"arn:aws:cloudtrail:eu-west-1:123456789012:trail/data"},
            "watermark":"2026-03-01T09:00:00.000Z",
            "covered":{"3600":[{"from":"2026-03-01T08:00:00.000Z","until":"2026-03-01T09:00:00.000Z"}]},
            "unavailable":{"code":"InvalidTrailNameException","since":"2026-03-01T10:00:00.000Z","asked_at":"2026-03-01T11:00:00.000Z"}}"#,
    );
    story
}

#[test]
fn an_unavailable_series_has_time_and_reason_in_every_format() {
    let story = unavailable();
    let text = story.output(&["series", "GetObject", "--since", "12h", "--utc"]);
    let words: Vec<&str> = text.split_whitespace().collect();
    let expected = "not available since 2026-03-01 10:00: CloudTrail has no trail of this name (InvalidTrailNameException); \
         last requested at 2026-03-01 11:00, requested again once a day; no action is needed";
    assert!(words.join(" ").contains(expected), "{text}");
    assert!(!text.contains("next run"), "{text}");
    let csv = story.output(&["series", "GetObject", "--since", "12h", "--output", "csv"]);
    let lines: Vec<&str> = csv.split("\r\n").filter(|line| !line.is_empty()).collect();
    assert!(
        lines[0].ends_with(",time,period,value,unavailable_since,unavailable_code,unavailable_asked_at"),
        "{csv}"
    );
    assert!(lines[1].ends_with(",2026-03-01T08:00:00.000Z,3600,0,,,"), "what is known: {csv}");
    let last = ",,,,2026-03-01T10:00:00.000Z,InvalidTrailNameException,2026-03-01T11:00:00.000Z";
    assert!(lines[2].ends_with(last) && lines.len() == 3, "{csv}");
    let records = story.records(&["series", "--since", "12h"]);
    let rows: Vec<_> = records.iter().filter(|record| record.contains_key("unavailable")).collect();
    assert_eq!(rows.len(), 1, "and of a series that is available there is none");
}

#[test]
fn an_unavailable_trail_is_listed_in_every_format() {
    let story = unavailable();
    let trail = |name: &str, unavailable: &str| {
        format!(
            r#"{{"pk":"catalog#cloudtrail#123456789012#eu-west-1","sk":"trail#{name}","kind":"catalog","source":"cloudtrail",
                "account_id":"123456789012","region":"eu-west-1","schema_version":1,
                "detail":{{"trail_arn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/{name}"}}{unavailable}}}"#
        )
    };
    let denied = r#","unavailable":{"code":"AccessDeniedException","since":"2026-03-01T10:00:00.000Z",
        "asked_at":"2026-03-01T11:00:00.000Z"}"#;
    story.put(&trail("organization", denied));
    story.put(&trail("healthy", ""));
    let expected = "trail/organization, 123456789012 eu-west-1: not available since 2026-03-01 10:00: access to the trail of \
         account 111122223333 is denied (AccessDeniedException); last requested at 2026-03-01 11:00, requested again once a day; \
         no action is needed";
    for arguments in [
        &["series", "--since", "12h", "--utc"][..],
        &["series", "ORGANIZATION", "--since", "12h", "--utc"],
        &["series", "organization", "--since", "12h", "--utc", "--table", "insights"],
    ] {
        let text = story.output(arguments);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(expected), "{arguments:?}: {text}");
        assert!(!text.contains("healthy"), "{text}");
    }
    let run = story.insights(&["series", "organization", "--since", "12h"]);
    assert_eq!(run.stderr, "", "there is something to show");
    let csv = story.output(&["series", "organization", "--since", "12h", "--output", "csv"]);
    let rows: Vec<&str> = csv.split("\r\n").filter(|line| !line.is_empty()).collect();
    let row = "123456789012,eu-west-1,,,,,arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization,,,,\
         2026-03-01T10:00:00.000Z,AccessDeniedException,2026-03-01T11:00:00.000Z";
    assert_eq!(rows[1..], [row], "{csv}");
    let records = story.records(&["series", "organization", "--since", "12h"]);
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(text_of(&records[0], "sk"), "trail#organization");
    assert!(!story.output(&["series", "GetObject", "--since", "12h"]).contains("organization"));
}
