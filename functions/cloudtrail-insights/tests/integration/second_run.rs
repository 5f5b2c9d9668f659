//! A run over unchanged answers, or with one change.

use crate::support::*;

async fn lab_with_a_first_run() -> Lab {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.simulator.clear_log();
    lab
}

/// An additional insight in the last hour: three calls at 11:25 in its own series.
const NEW: &str = "44444444-4444-4444-8444-444444444444";

fn with_new_insight() -> String {
    let members = format!("id = \"{NEW}\"\nstart = \"-35m\"\nend = \"-34m\"\n");
    format!("{STORY}{}", insight("CreateUser", "iam.amazonaws.com", &members))
}

#[tokio::test]
async fn a_run_over_the_same_answers_writes_only_run_and_state() {
    for seconds in [0, 60, 299, 300] {
        let lab = lab_with_a_first_run().await;
        let before = lab.table().await;
        lab.advance(seconds);
        let response = run(&lab, &[]).await;
        let expected =
            if seconds < 300 { "ok fetched=4 unchanged=4" } else { "ok fetched=5 written=1 unchanged=4" };
        assert_eq!(summary(&response), expected, "after {seconds} s");
        if seconds < 300 {
            assert_eq!(writes(&lab), (1, 1), "after {seconds} s");
            before.assert_same_content(&lab.table().await);
        } else {
            // A bucket with calls has ended meanwhile: a chunk, `run` and `state`.
            assert_eq!(writes(&lab), (2, 1));
        }
    }
}

#[tokio::test]
async fn a_later_run_requests_whole_chunks_from_the_watermark_minus_the_overlap() {
    let cases = [
        ("60", &[][..], 600, "03-01T06:00 03-01T12:10", "60 03-01T06:00 03-01T12:10"),
        ("300", &[], 600, "03-01T06:00 03-01T12:10", "300 03-01T06:00 03-01T12:10"),
        ("3600", &[], 600, "03-01T06:00 03-01T12:10", "3600 03-01T00:00 03-01T12:00"),
        ("300", &[("OVERLAP_MINUTES", "30")], 600, "03-01T11:30 03-01T12:10", "300 03-01T06:00 03-01T12:10"),
        ("300", &[("OVERLAP_MINUTES", "0")], 600, "03-01T12:00 03-01T12:10", "300 03-01T12:00 03-01T12:10"),
        (
            "300",
            &[("OVERLAP_MINUTES", "1440")],
            7_200,
            "02-28T12:00 03-01T14:00",
            "300 02-28T12:00 03-01T14:00",
        ),
    ];
    for (period, variables, seconds, events, points) in cases {
        let lab = Lab::new(STORY).await;
        let mut variables = variables.to_vec();
        variables.push(("CLOUDTRAIL_PERIOD", period));
        run(&lab, &variables).await;
        lab.simulator.clear_log();
        lab.advance(seconds);
        run(&lab, &variables).await;
        assert_eq!(asked(&lab, "LookupEvents", &["StartTime", "EndTime"]), [events], "{variables:?}");
        assert_eq!(asked(&lab, "ListInsightsData", &["StartTime", "EndTime"]), [events], "{variables:?}");
        let names = ["DeleteQueue", "GetObject", "RunInstances"];
        assert_eq!(spans(&lab), names.map(|name| format!("{name} {points}")), "{variables:?}");
    }
}

#[tokio::test]
async fn a_later_run_starts_at_the_watermark_and_reports_it() {
    let lab = lab_with_a_first_run().await;
    lab.advance(3_723);
    let response = run(&lab, &[]).await;
    // 13:02:03; the bucket of 13:00 has not ended.
    assert_eq!(watermark(&lab.table().await), "2026-03-01T13:00:00.000Z");
    let window = &response["targets"][0]["window"];
    assert_eq!(
        (&window["start"], &window["end"]),
        (&"2026-03-01T06:00:00.000Z".into(), &"2026-03-01T13:02:03.000Z".into())
    );
}

#[tokio::test]
async fn one_new_insight_is_stored_once() {
    // Also exactly at the time of the previous run, which is the watermark.
    for seconds in [0, 60] {
        let lab = lab_with_a_first_run().await;
        replace_scenario(&lab, &with_new_insight());
        lab.advance(seconds);
        let response = run(&lab, &[]).await;
        // The insight and the chunk of its series; a row when the series is named, and again when it is fetched.
        assert_eq!(summary(&response), "ok fetched=6 written=2 unchanged=4", "after {seconds} s");
        assert_eq!(writes(&lab), (2 + 2 + 1, 1), "after {seconds} s");
        let table = lab.table().await;
        assert_eq!(text(insight_of(&table, NEW), "status"), "closed");
        // Discovered later, it is fetched from the look-back on.
        let of_it: Vec<String> =
            spans(&lab).into_iter().filter(|span| span.starts_with("CreateUser")).collect();
        assert_eq!(of_it, ["CreateUser 300 02-26T12:00 03-01T12:00"]);
    }
}

#[tokio::test]
async fn late_events_of_a_trail_are_found_at_the_time_of_the_previous_run() {
    let lab = lab_with_a_first_run().await;
    let other = "55555555-5555-4555-8555-555555555555";
    let late = format!(
        "[[cloudtrail.insights]]\nid = \"{other}\"\nevent_source = \"s3.amazonaws.com\"\nevent_name = \"GetObject\"\n\
         insight_type = \"ApiErrorRateInsight\"\nerror_code = \"AccessDenied\"\ntrail = \"objects\"\nstart = \"-1h\"\n\
         average = 1\n"
    );
    replace_scenario(&lab, &format!("{STORY}{late}"));
    run(&lab, &[]).await;
    assert_eq!(text(insight_of(&lab.table().await, other), "status"), "open");
}

#[tokio::test]
async fn the_end_of_an_open_insight_changes_one_record() {
    let lab = Lab::new(&STORY.replace("start = \"-1h\"", "start = \"-1h\"\nend = \"+2m\"")).await;
    run(&lab, &[]).await;
    lab.simulator.clear_log();
    lab.advance(180);
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "ok fetched=4 written=1 unchanged=3");
    // The insight, the series row because its newest event is newer, and `run`.
    assert_eq!(writes(&lab), (3, 1));
    let table = lab.table().await;
    assert_eq!(text(insight_of(&table, QUEUE), "ended_at"), "2026-03-01T12:02:00.000Z");
    assert_eq!(text(series_row(&table, QUEUE_SERIES), "named_at"), "2026-03-01T12:02:00.000Z");
}

#[tokio::test]
async fn a_clock_that_is_set_back_loses_no_data_and_leaves_no_watermark_in_the_future() {
    for (seconds, expected) in [
        (-60, "2026-03-01T12:00:00.000Z"),
        (-7_200, "2026-03-01T10:00:00.000Z"),
        (-86_400, "2026-02-28T12:00:00.000Z"),
    ] {
        let lab = lab_with_a_first_run().await;
        let before = lab.table().await;
        lab.advance(seconds);
        let response = run(&lab, &[]).await;
        assert_eq!(response["status"], "ok", "{seconds}: {response}");
        assert_eq!(watermark(&lab.table().await), expected);
        lab.advance(-seconds);
        run(&lab, &[]).await;
        // An earlier look-back has more coverage; the rest is the same.
        let mut differences = before.content().differences(&lab.table().await.content());
        differences.retain(|difference| !difference.starts_with("catalog#"));
        assert_eq!(differences, [""; 0], "{seconds}");
    }
}

#[tokio::test]
async fn a_run_after_many_days_catches_up_in_pieces_without_gaps() {
    let lab = lab_with_a_first_run().await;
    lab.advance(10 * 86_400);
    run(&lab, &[]).await;
    let pieces = [
        "03-01T06:00 03-02T12:00",
        "03-02T12:00 03-04T12:00",
        "03-04T12:00 03-08T12:00",
        "03-08T12:00 03-11T12:00",
    ];
    assert_eq!(asked(&lab, "LookupEvents", &["StartTime", "EndTime"]), pieces);
    assert_eq!(lab.calls("UpdateItem"), 4, "the watermark moves after each piece");
    let table = lab.table().await;
    assert_eq!(watermark(&table), "2026-03-11T12:00:00.000Z");
    assert_eq!(covered(&table, QUEUE_SERIES), ["300 2026-02-26T12:00/"]);
    assert_eq!(series_row(&table, QUEUE_SERIES).get("watermark"), None);
    assert_eq!(chunks(&table, QUEUE_SERIES).len(), 1 + 10 * 4, "the insight goes on all the while");
}

#[tokio::test]
async fn a_rejected_answer_is_validated_again_and_stored_once() {
    let bad = "[[cloudtrail.insights]]\nkey = \"bad\"\nevent_source = \"x.amazonaws.com\"\nevent_name = \"Y\"\n\
         insight_type = \"ApiCallRateInsight\"\nstart = \"-10m\"\naverage = 1\nomit = [\"sharedEventID\"]\n";
    let lab = Lab::new(&format!("{STORY}{bad}")).await;
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "ok fetched=7 written=6 rejected=1");
    assert_eq!(issues(&response), ["validate LookupEvents insight event Record.Invalid"]);
    lab.simulator.clear_log();
    lab.advance(60);
    assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=5 unchanged=4 rejected=1");
    assert_eq!(writes(&lab), (1, 1));
    let table = lab.table().await;
    let [rejected] = table.of_kind("rejected").try_into().unwrap();
    assert_eq!(text(rejected, "pk"), "rejected#cloudtrail#123456789012#eu-west-1");
    assert!(text(rejected, "raw").contains("\"eventName\":\"Y\""));
    assert_eq!(rejected["violations"].as_list().unwrap().len(), 1);
}
