//! Impact graphs of thousands of services.

use super::*;

#[test]
fn a_large_impact_graph_is_shown_in_part_and_is_complete_in_json() {
    let (root, file) = table();
    let database = Database::new(text(&file)).unwrap();
    let service = |nth: usize| {
        let edge =
            if nth < 4_999 { format!(r#","edges":[{{"reference_id":{}}}]"#, nth + 1) } else { String::new() };
        format!(r#"{{"reference_id":{nth},"name":"s{nth}"{edge}}}"#)
    };
    let services = (0..5_000).map(service).collect::<Vec<_>>().join(",");
    let pk = "xray#123456789012#eu-west-1#payments";
    put(
        &database,
        &format!(
            r#"{{"pk":"{pk}","sk":"graph","kind":"xray.impact_graph","source":"xray","account_id":"123456789012",
                "region":"eu-west-1","schema_version":1,"started_at":"2026-02-28T00:00:00.000Z","detail":{{"services":[{services}]}}}}"#
        ),
    );
    drop(database);
    let run = finish(&mut reading(&["show", "payments"], &file, root.path()));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.len() < 40_000, "{} bytes", run.stdout.len());
    assert!(run.stdout.contains("60 of 5,000 services are shown"), "{}", run.stdout);
    let run = finish(&mut reading(&["show", "payments", "--output", "json"], &file, root.path()));
    assert!(
        run.stdout.contains(r#""name":"s0""#) && run.stdout.contains(r#""name":"s4999""#),
        "{}",
        run.stdout.len()
    );
    let run = finish(&mut reading(&["report", "--out", "-"], &file, root.path()));
    assert!(run.stdout.contains("60 of 5,000 services are shown"), "{} bytes", run.stdout.len());
    assert!(run.stdout.len() < 1_000_000, "{} bytes", run.stdout.len());
}
