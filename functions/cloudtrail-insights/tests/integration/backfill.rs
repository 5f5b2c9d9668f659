//! Backfills.

use crate::support::*;

fn window(start: &str, end: &str) -> String {
    format!(r#"{{"window":{{"start":"{start}","end":"{end}"}}}}"#)
}

fn span(response: &Json) -> [&str; 2] {
    let window = &response["targets"][0]["window"];
    [&window["start"], &window["end"]].map(|time| time.as_str().unwrap())
}

#[tokio::test]
async fn a_window_is_processed_in_pieces_oldest_first_and_does_not_change_the_state() {
    let lab = Lab::new(STORY).await;
    let response = invoke(&lab, &[], &window("2026-02-20T06:00:00Z", "2026-03-01T10:00:00Z")).await;
    assert_eq!(summary(&response), "ok fetched=4 written=4");
    let pieces = [
        "02-20T06:00 02-21T06:00",
        "02-21T06:00 02-23T06:00",
        "02-23T06:00 02-27T06:00",
        "02-27T06:00 03-01T10:00",
    ];
    assert_eq!(asked(&lab, "LookupEvents", &["StartTime", "EndTime"]), pieces);
    assert_eq!(asked(&lab, "ListInsightsData", &["StartTime", "EndTime"]), pieces);
    assert_eq!(span(&response), ["2026-02-20T06:00:00.000Z", "2026-03-01T10:00:00.000Z"]);
    let table = lab.table().await;
    assert_eq!((watermark(&table), table.kinds().get("state")), ("-".to_owned(), None));
    let [run_record] = table.of_kind("run").try_into().unwrap();
    assert_eq!(text(run_record, "trigger"), "window");
    assert_eq!(run_record["window"].at(&["end"]), Some(&"2026-03-01T10:00:00.000Z".into()));
    // A series is loaded for the whole window regardless of the piece that names it, and the progress of scheduled runs
    // is unchanged.
    assert_eq!(chunks(&table, RUN_SERIES), ["300 03-01T06:00 03-01T06:00/03-01T12:00: 09:00=10 09:05=10"]);
    assert_eq!(covered(&table, RUN_SERIES), ["300 2026-02-20T06:00/2026-03-01T12:00"]);
    assert_eq!(text(series_row(&table, RUN_SERIES), "watermark"), "2026-02-26T12:00:00.000Z");
    // The same backfill again writes only `run`.
    lab.simulator.clear_log();
    invoke(&lab, &[], &window("2026-02-20T06:00:00Z", "2026-03-01T10:00:00Z")).await;
    assert_eq!(writes(&lab), (1, 0));
}

#[tokio::test]
async fn a_backfill_does_not_change_the_progress_of_scheduled_runs() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    let before = lab.table().await;
    let state = before.get(RUNS, "state").cloned();
    lab.advance(60);
    lab.simulator.clear_log();
    let response = invoke(&lab, &[], &window("2026-02-25T00:00:00Z", "2026-02-28T00:00:00Z")).await;
    assert_eq!(summary(&response), "ok fetched=2 unchanged=2");
    assert_eq!(lab.calls("UpdateItem"), 0);
    let table = lab.table().await;
    assert_eq!(table.get(RUNS, "state").cloned(), state);
    for series in [RUN_SERIES, GET_SERIES, QUEUE_SERIES] {
        assert_eq!(
            covered(&table, series),
            ["300 2026-02-25T00:00/"],
            "it adjoins what was known, which is still open"
        );
        assert_eq!(series_row(&table, series).get("watermark"), None);
    }
    // Spans that do not touch stay separate.
    invoke(&lab, &[], &window("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z")).await;
    let expected = ["300 2026-02-01T00:00/2026-02-02T00:00", "300 2026-02-25T00:00/"];
    assert_eq!(covered(&lab.table().await, RUN_SERIES), expected);
    // The same backfill again writes only `run`.
    lab.simulator.clear_log();
    invoke(&lab, &[], &window("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z")).await;
    assert_eq!(writes(&lab), (1, 0));
}

#[tokio::test]
async fn each_part_of_a_window_is_fetched_at_its_finest_available_period() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.simulator.clear_log();
    let variables = [("CLOUDTRAIL_PERIOD", "60")];
    invoke(&lab, &variables, &window("2025-12-20T00:00:00Z", "2025-12-21T00:00:00Z")).await;
    invoke(&lab, &variables, &window("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z")).await;
    invoke(&lab, &variables, &window("2026-02-20T00:00:00Z", "2026-02-21T00:00:00Z")).await;
    let of_one: Vec<String> =
        spans(&lab).into_iter().filter(|span| span.starts_with("DeleteQueue")).collect();
    let expected =
        ["300 02-01T00:00 02-02T00:00", "3600 12-20T00:00 12-21T00:00", "60 02-20T00:00 02-21T00:00"];
    assert_eq!(of_one, expected.map(|span| format!("DeleteQueue {span}")));
}

#[tokio::test]
async fn the_part_of_a_window_before_the_retention_is_an_issue_and_the_rest_is_loaded() {
    // 90 days before noon of 1 March is noon of 1 December; the request starts five minutes later.
    for (start, end, expected, end_reached, asked_for) in [
        (
            "2025-10-01T00:00:00Z",
            "2025-11-01T00:00:00Z",
            "2025-10-01T00:00:00.000Z to 2025-11-01T00:00:00.000Z",
            "2025-11-01T00:00:00.000Z",
            vec![],
        ),
        (
            "2025-10-01T00:00:00Z",
            "2025-12-02T00:00:00Z",
            "2025-10-01T00:00:00.000Z to 2025-12-01T12:05:00.000Z",
            "2025-12-02T00:00:00.000Z",
            vec!["12-01T12:05 12-02T00:00"],
        ),
        (
            "2025-12-01T12:04:59Z",
            "2025-12-01T12:06:00Z",
            "2025-12-01T12:04:59.000Z to 2025-12-01T12:05:00.000Z",
            "2025-12-01T12:06:00.000Z",
            vec!["12-01T12:05 12-01T12:06"],
        ),
    ] {
        let lab = Lab::new(STORY).await;
        let response = invoke(&lab, &[], &window(start, end)).await;
        assert_eq!(summary(&response), "partial");
        assert_eq!(issues(&response), [format!("fetch LookupEvents {expected} Window.Unavailable")]);
        assert_eq!(response["targets"][0]["issue_counts"], serde_json::json!({"Window.Unavailable": 1}));
        assert_eq!(span(&response)[1], end_reached);
        assert_eq!(asked(&lab, "LookupEvents", &["StartTime", "EndTime"]), asked_for);
    }
    let lab = Lab::new(STORY).await;
    let response = invoke(&lab, &[], &window("2025-12-01T12:05:00Z", "2025-12-01T12:06:00Z")).await;
    assert_eq!(summary(&response), "ok", "the very edge is within it");
}

#[tokio::test]
async fn everything_before_the_reported_end_of_a_window_is_stored() {
    let ask = window("2026-02-20T12:00:00Z", "2026-03-01T12:00:00Z");
    for (fault, end, has_run) in [
        // A missing event could have named a series, of which the whole window would be missing.
        ("LookupEvents=denied:1@2", "2026-02-20T12:00:00.000Z"),
        ("ListInsightsData=denied:1", "2026-02-20T12:00:00.000Z"),
        ("ListInsightsData=denied:1@3", "2026-02-20T12:00:00.000Z"),
        ("ListInsightsMetricData=denied:1", "2026-02-20T12:00:00.000Z"),
        ("ListInsightsMetricData=denied:1@4", "2026-02-21T12:00:00.000Z"),
        ("PutItem=denied:2@4", ""),
        ("GetInsightSelectors=denied:1", "2026-02-20T12:00:00.000Z"),
    ]
    .into_iter()
    .flat_map(|(fault, end)| [(fault, end, true), (fault, end, false)])
    {
        let begun = async |lab: &Lab| {
            if has_run {
                run(lab, &[("LOOKBACK_DAYS", "1")]).await;
            }
        };
        let lab = Lab::new(STORY).await;
        begun(&lab).await;
        lab.fault(fault);
        let response = invoke(&lab, &[], &ask).await;
        assert_eq!(response["status"], "partial", "{fault}");
        if fault.starts_with("PutItem") {
            assert!(span(&response)[1] < "2026-03-01T12:00:00.000Z", "{fault}");
        } else {
            assert_eq!(span(&response)[1], end, "{fault}");
        }
        // After it continues there, the table equals that of an undisturbed backfill.
        let rest = window(span(&response)[1], "2026-03-01T12:00:00Z");
        assert_eq!(invoke(&lab, &[], &rest).await["status"], "ok");
        let undisturbed = Lab::new(STORY).await;
        begun(&undisturbed).await;
        invoke(&undisturbed, &[], &ask).await;
        undisturbed.table().await.assert_same_content(&lab.table().await);
    }
}

#[tokio::test]
async fn a_backfill_before_any_run_loads_the_configured_series() {
    let series = r#"[{"event_source":"sqs.amazonaws.com","event_name":"DeleteQueue","insight_type":"ApiCallRateInsight"}]"#;
    let lab = Lab::new(STORY).await;
    invoke(&lab, &[("CLOUDTRAIL_SERIES", series)], &window("2026-03-01T00:00:00Z", "2026-03-01T10:00:00Z"))
        .await;
    let table = lab.table().await;
    assert_eq!(chunks(&table, QUEUE_SERIES).len(), 1);
    assert_eq!(covered(&table, QUEUE_SERIES), ["300 2026-03-01T00:00/2026-03-01T12:00"]);
    assert!(
        series_row(&table, QUEUE_SERIES).contains_key("watermark"),
        "it is to be fetched from the lookback on"
    );
    lab.simulator.clear_log();
    run(&lab, &[("CLOUDTRAIL_SERIES", series)]).await;
    let table = lab.table().await;
    assert_eq!(covered(&table, QUEUE_SERIES), ["300 2026-02-26T12:00/"]);
}

#[tokio::test]
async fn an_invalid_window_is_an_invalid_payload() {
    let lab = Lab::new(STORY).await;
    for (start, end) in [
        ("2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-03-01T12:00:00.001Z"),
    ] {
        assert_eq!(fails(&lab, &[], &window(start, end)).await.0, "Payload.Invalid", "{start} {end}");
    }
    assert_eq!(lab.table().await, Table::default());
}
