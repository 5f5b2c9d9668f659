//! A row that is returned twice, on one page or on two, counts once, and a second run writes nothing.

use crate::support::{CONTROL, STORY, World, keys};
use insights_shared::report::RunStatus;
use insights_tests::Sent;
use serde_json::{Value, json};

/// Changes an answer; returns `true` if it did.
type Change = fn(&Sent, &mut Value) -> bool;

const ASSESSMENTS: (&str, &str) = ("ListAssessments", "assessmentMetadata");
const DOMAINS: (&str, &str) = ("ListControlDomainInsights", "controlDomainInsights");
const ASSESSMENT_DOMAINS: (&str, &str) = ("ListControlDomainInsightsByAssessment", "controlDomainInsights");
const CONTROLS: (&str, &str) = ("ListControlInsightsByControlDomain", "controlInsightsMetadata");
const ASSESSMENT_CONTROLS: (&str, &str) =
    ("ListAssessmentControlInsightsByControlDomain", "controlInsightsByAssessment");

/// Duplicates every row of a listing.
fn twice(sent: &Sent, answer: &mut Value, (operation, list): (&str, &str)) -> bool {
    let Some(rows) = answer[list].as_array_mut().filter(|_| sent.operation == operation) else {
        return false;
    };
    rows.extend(rows.clone());
    true
}

/// Adds a copy of each row, changed by `change`, before or after all rows.
fn with_copies(
    sent: &Sent,
    answer: &mut Value,
    (operation, list): (&str, &str),
    at_front: bool,
    change: fn(&mut Value),
) -> bool {
    let Some(rows) = answer[list].as_array_mut().filter(|_| sent.operation == operation) else {
        return false;
    };
    let mut copies = rows.clone();
    copies.iter_mut().for_each(change);
    if at_front {
        std::mem::swap(rows, &mut copies);
    }
    rows.extend(copies);
    true
}

/// Another count, an hour earlier.
fn older(row: &mut Value) {
    row["lastUpdated"] = (row["lastUpdated"].as_f64().unwrap() - 3_600.0).into();
    row["evidenceInsights"]["compliantEvidenceCount"] = 99.into();
}

/// Another count, on the previous day.
fn yesterday(row: &mut Value) {
    row["lastUpdated"] = (row["lastUpdated"].as_f64().unwrap() - 86_400.0).into();
    row["evidenceInsights"]["compliantEvidenceCount"] = 98.into();
}

/// Another count without a time.
fn timeless(row: &mut Value) {
    row["lastUpdated"] = Value::Null;
    row["evidenceInsights"]["compliantEvidenceCount"] = 0.into();
}

/// Returns a page three times, each under another token.
fn page_three_times(sent: &Sent, answer: &mut Value, (operation, list): (&str, &str)) -> bool {
    if sent.operation != operation {
        return false;
    }
    let next = if sent.query.contains("nextToken=b") {
        None
    } else if sent.query.contains("nextToken=a") {
        Some("b")
    } else {
        Some("a")
    };
    if next == Some("a") && answer.get(list).is_none() {
        return false;
    }
    // The simulator rejects tokens that it did not issue, so the page is inserted here.
    *answer = match list {
        "controlInsightsMetadata" => json!({list: [{"id": CONTROL, "name": "Keys",
            "evidenceInsights": {"compliantEvidenceCount": 11, "inconclusiveEvidenceCount": 1, "noncompliantEvidenceCount": 6},
            "lastUpdated": 1_773_122_400.5}]}),
        _ => json!({list: []}),
    };
    answer["nextToken"] = next.into();
    true
}

/// Answers with duplicate rows, of which the later or more complete one counts: the stored data is that without
/// duplicates.
const CASES: [(&str, Change); 17] = [
    ("assessments twice", |sent, answer| twice(sent, answer, ASSESSMENTS)),
    ("domains twice", |sent, answer| twice(sent, answer, DOMAINS)),
    ("domains of an assessment twice", |sent, answer| twice(sent, answer, ASSESSMENT_DOMAINS)),
    ("controls twice", |sent, answer| twice(sent, answer, CONTROLS)),
    ("controls of an assessment twice", |sent, answer| twice(sent, answer, ASSESSMENT_CONTROLS)),
    ("everything twice", |sent, answer| {
        [ASSESSMENTS, DOMAINS, ASSESSMENT_DOMAINS, CONTROLS, ASSESSMENT_CONTROLS]
            .into_iter()
            .any(|listing| twice(sent, answer, listing))
    }),
    ("an older control before", |sent, answer| with_copies(sent, answer, CONTROLS, true, older)),
    ("an older control after", |sent, answer| with_copies(sent, answer, CONTROLS, false, older)),
    ("older controls of an assessment before", |sent, answer| {
        with_copies(sent, answer, ASSESSMENT_CONTROLS, true, older)
    }),
    ("older controls of an assessment after", |sent, answer| {
        with_copies(sent, answer, ASSESSMENT_CONTROLS, false, older)
    }),
    ("an older domain before", |sent, answer| with_copies(sent, answer, DOMAINS, true, older)),
    ("an older domain after", |sent, answer| with_copies(sent, answer, DOMAINS, false, older)),
    ("older domains of an assessment before", |sent, answer| {
        with_copies(sent, answer, ASSESSMENT_DOMAINS, true, older)
    }),
    ("yesterday's domain before", |sent, answer| with_copies(sent, answer, DOMAINS, true, yesterday)),
    ("yesterday's control after", |sent, answer| with_copies(sent, answer, CONTROLS, false, yesterday)),
    ("a domain without a time before", |sent, answer| with_copies(sent, answer, DOMAINS, true, timeless)),
    ("a page of controls three times", |sent, answer| page_three_times(sent, answer, CONTROLS)),
];

#[tokio::test]
async fn a_duplicate_row_counts_once_and_a_second_run_writes_nothing() {
    let undisturbed = World::of(STORY).await;
    undisturbed.run().await;
    let expected = undisturbed.contents().await;
    for (what, change) in CASES {
        let mut world = World::of(STORY).await;
        world.edit(change);
        let response = world.run().await;
        let counts = (response.status, response.counts.fetched, response.counts.written);
        assert_eq!(counts, (RunStatus::Ok, 10, 10), "{what}");
        assert_eq!(world.keys().await, keys(), "{what}");
        assert_eq!(world.contents().await, expected, "{what}");
        // No subject was requested twice.
        for (operation, calls) in
            [("GetInsightsByAssessment", 3), ("ListAssessmentControlInsightsByControlDomain", 2)]
        {
            assert_eq!(response.usage.api_calls[operation], calls, "{what}: {operation}");
        }
        check_second_run(&mut world, what, 10).await;
        assert_eq!(world.contents().await, expected, "{what}");
    }
}

/// A second run over the same answers writes only `run` and `state`.
async fn check_second_run(world: &mut World, what: &str, unchanged: u64) {
    world.advance(600);
    world.simulator.clear_log();
    let response = world.run().await;
    assert_eq!((response.counts.written, response.counts.unchanged), (0, unchanged), "{what}");
    assert_eq!(world.writes(), 2, "{what}");
}

#[tokio::test]
async fn of_two_rows_with_equal_times_the_same_one_wins_in_any_order() {
    type Edit = fn(&Sent, &mut Value, bool) -> bool;
    let cases: [(&str, Edit); 4] = [
        ("a control", |sent, answer, at_front| {
            with_copies(sent, answer, CONTROLS, at_front, |row| {
                row["evidenceInsights"]["compliantEvidenceCount"] = 7.into();
            })
        }),
        ("controls of an assessment", |sent, answer, at_front| {
            with_copies(sent, answer, ASSESSMENT_CONTROLS, at_front, |row| {
                row["name"] = "Keys and certificates".into();
            })
        }),
        ("a domain", |sent, answer, at_front| {
            with_copies(sent, answer, DOMAINS, at_front, |row| row["totalControlsCount"] = 1_000.into())
        }),
        ("an assessment", |sent, answer, at_front| {
            with_copies(sent, answer, ASSESSMENTS, at_front, |row| row["complianceType"] = "another".into())
        }),
    ];
    for (what, edit) in cases {
        let mut stored = Vec::new();
        for at_front in [true, false] {
            let mut world = World::of(STORY).await;
            world.edit(move |sent, answer| edit(sent, answer, at_front));
            assert_eq!(world.run().await.counts.written, 10, "{what}");
            check_second_run(&mut world, what, 10).await;
            stored.push(world.contents().await);
        }
        assert_eq!(stored[0], stored[1], "{what}");
    }
}

#[tokio::test]
async fn the_later_of_two_entries_of_an_assessment_wins_in_any_order() {
    for at_front in [true, false] {
        let mut world = World::of(STORY).await;
        world.edit(move |sent, answer| {
            let Some(rows) = answer[ASSESSMENTS.1].as_array_mut() else { return false };
            for row in rows.iter_mut() {
                row["lastUpdated"] = 1_773_122_400.into();
            }
            with_copies(sent, answer, ASSESSMENTS, at_front, |row| {
                row["lastUpdated"] = 1_773_122_399.into();
                row["name"] = "Former name".into();
            })
        });
        assert_eq!(world.run().await.counts.written, 10, "{at_front}");
        let scopes = world.of_kind("catalog").await;
        assert!(scopes.values().all(|row| row["title"] != "Former name".into()), "{at_front}");
        check_second_run(&mut world, "assessments", 10).await;
    }
}

#[tokio::test]
async fn equal_rows_without_id_are_one_rejected_record() {
    for (what, is_other, rejected) in [("equal", false, 1), ("different", true, 2)] {
        let mut world = World::of(STORY).await;
        world.edit(move |sent, answer| {
            if sent.operation != CONTROLS.0 {
                return false;
            }
            let row = json!({"name": "no id", "lastUpdated": 1_773_122_400.5});
            let mut other = row.clone();
            if is_other {
                other["name"] = "no id either".into();
            }
            *answer = json!({CONTROLS.1: [row, other]});
            true
        });
        let response = world.run().await;
        assert_eq!((response.counts.written, response.counts.rejected), (9, rejected), "{what}");
        assert_eq!(world.of_kind("rejected").await.len() as u64, rejected, "{what}");
        check_second_run(&mut world, what, 9).await;
    }
}

#[tokio::test]
async fn a_control_in_two_control_sets_has_two_records() {
    let mut world = World::of(STORY).await;
    world.edit(|sent, answer| {
        with_copies(sent, answer, ASSESSMENT_CONTROLS, false, |row| {
            row["controlSetName"] = format!("{} again", row["controlSetName"].as_str().unwrap()).into();
        })
    });
    assert_eq!(world.run().await.counts.written, 13);
    check_second_run(&mut world, "control sets", 13).await;
}
