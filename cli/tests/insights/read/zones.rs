//! Time zones with a change of the offset: the notation of times is correct for the complete answer.

use crate::support::finish;
use crate::support::story::{STORY, Story, insight};

/// The output of a command in a zone at a time.
fn said(story: &Story, now: &str, zone: &str, arguments: &[&str]) -> String {
    let mut command = story.command_at(now, arguments);
    let run = finish(command.env("TZ", zone));
    assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    run.stdout
}

#[test]
fn a_listing_across_a_clock_change_names_both_offsets() {
    for (zone, now, before, after, expected) in [
        (
            "America/New_York",
            "2026-03-09T12:00:00Z",
            "2026-03-07T15:00:00.000Z",
            "2026-03-09T10:00:00.000Z",
            "UTC-05:00 EST, from 2026-03-08 03:00 UTC-04:00 EDT",
        ),
        (
            "Europe/Lisbon",
            "2026-03-30T12:00:00Z",
            "2026-03-28T15:00:00.000Z",
            "2026-03-30T10:00:00.000Z",
            "UTC+00:00 WET, from 2026-03-29 02:00 UTC+01:00 WEST",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-06T12:00:00Z",
            "2026-04-03T15:00:00.000Z",
            "2026-04-06T10:00:00.000Z",
            "UTC+11:00, from 2026-04-05 01:30 UTC+10:30",
        ),
        (
            "Asia/Kolkata",
            "2026-03-09T12:00:00Z",
            "2026-03-07T15:00:00.000Z",
            "2026-03-09T10:00:00.000Z",
            "UTC+05:30",
        ),
        (
            "America/Phoenix",
            "2026-03-09T12:00:00Z",
            "2026-03-07T15:00:00.000Z",
            "2026-03-09T10:00:00.000Z",
            "UTC-07:00",
        ),
    ] {
        let story = Story::empty();
        story.put(&insight("xray", "before", before, "", ""));
        story.put(&insight("xray", "after", after, "", ""));
        let caption = format!("times are local ({zone}, {expected})");
        let key = "xray#123456789012#eu-west-1#before";
        for arguments in
            [&["list"][..], &["list", "--open"], &["timeline"], &["show", key], &["report", "--out", "-"]]
        {
            let text = said(&story, now, zone, arguments);
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(&caption), "{arguments:?}: {caption} is missing: {text:.2000}");
        }
        // Times on one side of the change have one offset.
        let text = said(&story, now, zone, &["list", "--entity", "after"]);
        assert!(!text.contains(", from 2026"), "{text}");
        assert!(said(&story, now, "UTC", &["list"]).contains("times are in UTC"));
        assert!(said(&story, now, zone, &["list", "--utc"]).contains("times are in UTC"));
    }
}

#[test]
fn two_times_in_the_repeated_hour_are_distinguished() {
    let story = Story::empty();
    story.put(&insight("xray", "summer", "2026-11-01T05:30:00.000Z", "", ""));
    story.put(&insight("xray", "winter", "2026-11-01T06:30:00.000Z", "", ""));
    let text = said(&story, "2026-11-01T12:00:00Z", "America/New_York", &["list"]);
    let (winter, summer) = (text.find("2026-11-01 01:30-05:00"), text.find("2026-11-01 01:30-04:00"));
    assert!(winter.is_some() && winter < summer, "{text}");
    assert!(text.contains("UTC-04:00 EDT, from 2026-11-01 01:00 UTC-05:00 EST"), "{text}");
}

#[test]
fn series_and_runs_show_the_offsets_of_their_times() {
    let caption = "times are local (America/New_York, UTC-05:00 EST, from 2026-03-08 03:00 UTC-04:00 EDT)";
    let now = "2026-03-10T12:00:00Z";
    let series = said(&STORY, now, "America/New_York", &["series", "--since", "2026-02-28"]);
    let flat = series.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(caption), "{series:.3000}");
    let later = said(&STORY, now, "America/New_York", &["series", "--since", "2026-03-09"]);
    assert!(later.contains("times are local (America/New_York, UTC-04:00)"), "{later:.3000}");
    let runs = said(&STORY, now, "America/New_York", &["show", "run#xray#123456789012#eu-west-1"]);
    assert!(runs.contains(caption), "{runs:.3000}");
}
