//! `incidents`: related insights with stable ids, and acknowledgements.

use crate::support::story::{STORY, Story, insight, text};
use insights_shared::value::Value;

/// The incidents of the arguments, as (id, entities of the members).
fn incidents(story: &Story, arguments: &[&str]) -> Vec<(String, Vec<String>)> {
    let entities = |record: &insights_shared::value::Map| -> Vec<String> {
        let members = record["members"].as_list().unwrap().iter();
        members.map(|member| member.at(&["entity"]).and_then(Value::as_str).unwrap().to_owned()).collect()
    };
    let records = story.records(&[&["incidents"], arguments].concat());
    records.iter().map(|record| (text(record, "id"), entities(record))).collect()
}

#[test]
fn incidents_are_listed_worst_first_in_every_format() {
    let found = incidents(&STORY, &["--since", "30d"]);
    let members: Vec<usize> = found.iter().map(|(_, members)| members.len()).collect();
    // By the scenario: the revoked secret (open), the leaked key, and the deployment, which two groups saw.
    assert_eq!(members, [2, 3, 3], "{found:?}");
    assert_eq!(found[0].1, ["secretsmanager.amazonaws.com", "payments"]);
    let table = STORY.output(&["incidents", "--since", "30d", "--utc"]);
    for expected in
        ["critical", &found[0].0, "2026-03-01 08:50", "2 insights", "3 incidents; times are in UTC"]
    {
        assert!(table.contains(expected), "{expected} is missing: {table}");
    }
    let csv = STORY.output(&["incidents", "--since", "30d", "--output", "csv"]);
    assert_eq!(csv.lines().count(), 1 + 2 + 3 + 3, "{csv}");
    assert!(csv.starts_with("incident_id,account_id,region,incident_status,"), "{csv}");
    assert_eq!(incidents(&STORY, &["--open", "--since", "30d"]), found[..1]);
}

#[test]
fn an_incident_is_the_same_whatever_the_period_and_the_filters_select() {
    let all = incidents(&STORY, &["--since", "30d"]);
    // Only the second insight of the first incident passes the filters; the first incident began before the short period.
    assert_eq!(incidents(&STORY, &["--entity", "payments", "--since", "30d"]), all[..1]);
    assert_eq!(incidents(&STORY, &["--source", "xray", "--since", "1h"]), all[..1]);
    let table = STORY.output(&["incidents", "--entity", "payments"]);
    assert!(table.contains("1 incident; 1 insight of them that the filters exclude;"), "{table}");
    assert_eq!(incidents(&STORY, &["--region", "us-east-1", "--since", "30d"]), []);
}

#[test]
fn show_accepts_the_id_of_an_incident() {
    let (id, _) = incidents(&STORY, &[]).remove(0);
    let shown = STORY.output(&["show", &id, "--utc"]);
    for expected in [
        format!("incident    {id}\n"),
        "began       2026-03-01 08:50, open for 3h 10m\n".to_owned(),
        "account     123456789012 in eu-west-1\n".to_owned(),
        "7c4ee9a1".to_owned(),
        "in common: secretsmanager".to_owned(),
    ] {
        assert!(shown.contains(&expected), "{expected} is missing: {shown}");
    }
    let records = STORY.records(&["show", &id]);
    let kinds: Vec<String> = records.iter().map(|record| text(record, "kind")).collect();
    assert_eq!(kinds, ["incident", "cloudtrail.insight", "xray.insight"]);
    let insight = STORY.output(&["show", "7c4ee9a1"]);
    assert!(insight.contains(&format!("Related insights: incident {id}\n")), "{insight}");
    let unknown = STORY.insights(&["show", "i-00000000"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.stderr.contains("unknown id"), "{}", unknown.stderr);
}

#[test]
fn the_id_of_an_incident_stays_when_insights_are_added() {
    let story = Story::empty();
    let minute = |minute: u8| format!("2026-03-01T10:{minute:02}:00.000Z");
    story.put(&insight("xray", "first", &minute(10), "", ""));
    story.put(&insight("xray", "second", &minute(12), "", ""));
    let [(id, _)] = &incidents(&story, &[])[..] else { panic!("one incident") };
    story.put(&insight("xray", "third", &minute(14), &minute(20), ""));
    let [(same, members)] = &incidents(&story, &[])[..] else { panic!("one incident") };
    assert_eq!((same, members.len()), (id, 3));
    // An insight that began earlier becomes the first one. The earlier id still finds the incident.
    story.put(&insight("xray", "earlier", &minute(5), "", ""));
    let [(new, members)] = &incidents(&story, &[])[..] else { panic!("one incident") };
    assert_eq!((new == id, members.len()), (false, 4));
    assert_eq!(text(&story.records(&["show", id])[0], "id"), *new);
}

#[test]
fn an_acknowledged_insight_says_so_and_comes_last_until_the_time_is_over() {
    let story = Story::empty();
    for (id, hour) in [("payments", "08"), ("checkout", "10")] {
        story.put(&insight("xray", id, &format!("2026-03-01T{hour}:00:00.000Z"), "", ""));
    }
    let ids = |story: &Story| story.texts(&["list", "--open"], "id");
    assert_eq!(ids(&story), ["checkout", "payments"]);
    let mut ack = story.command(&["ack", "checkout", "--until", "3d", "--note", "deployment, CHG-42"]);
    let run = crate::support::finish(ack.env("USER", "anna"));
    let known = "known until 2026-03-04 12:00 UTC by anna: deployment, CHG-42";
    assert_eq!((run.code, run.stdout), (0, format!("Faults in checkout: {known}\n")), "{}", run.stderr);
    assert_eq!(ids(&story), ["payments", "checkout"]);
    for arguments in [&["list", "--open"][..], &["list"], &["show", "checkout"]] {
        let shown = story.output(arguments);
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(known.trim_start_matches("known ")), "{arguments:?}: {shown}");
    }
    let timeline = story.output(&["timeline"]);
    assert!(timeline.contains("~ checkout") && timeline.contains("1 insight is acknowledged"), "{timeline}");
    let csv = story.output(&["list", "--open", "--output", "csv"]);
    assert!(csv.contains("2026-03-04T12:00:00.000Z,\"deployment, CHG-42\",anna"), "{csv}");
    // The contract's item: it expires when the time is over.
    let items = story.wait(story.lab.table());
    let item = items.get("xray#123456789012#eu-west-1#checkout", "ack").unwrap();
    assert_eq!(item["expires_at"].as_number().unwrap().as_i64(), Some(1_772_625_600));
    assert_eq!(
        (text(item, "kind"), text(item, "at")),
        ("ack".to_owned(), "2026-03-01T12:00:00.000Z".to_owned())
    );
    let later = crate::support::finish(
        &mut story.command_at("2026-03-04T12:00:00Z", &["list", "--open", "--since", "7d"]),
    );
    assert!(!later.stdout.contains("known"), "{}", later.stdout);

    let cleared = story.output(&["ack", "checkout", "--clear"]);
    assert_eq!(cleared, "Faults in checkout: no longer acknowledged\n");
    assert_eq!(ids(&story), ["checkout", "payments"]);
    assert!(story.output(&["ack", "checkout", "--clear"]).contains("was not acknowledged"));
}

#[test]
fn only_insights_can_be_acknowledged_and_only_for_the_future() {
    let story = Story::empty();
    story.put(&insight("xray", "payments", "2026-03-01T08:00:00.000Z", "", ""));
    for (arguments, expected) in [
        (&["ack", "payments", "--until", "2026-02-01"][..], "is not after now"),
        (&["ack", "nobody-x"], "unknown id"),
        (&["ack", "payments", "--clear", "--note", "x"], "cannot be used with"),
    ] {
        let run = story.insights(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
}
