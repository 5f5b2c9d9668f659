//! Catalog rows of series: behind, caught up, expired, live again, configured, rejected.

use crate::support::*;

const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

/// The table without disturbances: a run at each of these times.
async fn undisturbed(scenario: &str, advances: &[i64]) -> Table {
    let lab = Lab::new(scenario).await;
    run(&lab, &[]).await;
    for seconds in advances {
        lab.advance(*seconds);
        run(&lab, &[]).await;
    }
    lab.table().await
}

#[tokio::test]
async fn a_new_series_that_fails_is_behind_without_stopping_others() {
    for fault in ["denied", "throttle", "error500", "truncate", "reset"] {
        let lab = Lab::new(STORY).await;
        // One at a time, ordered by name: the second series always fails.
        let tries = if ["throttle", "error500", "reset"].contains(&fault) { 3 } else { 1 };
        lab.fault(&format!("ListInsightsMetricData={fault}:{tries}@1"));
        let response = run(&lab, &[ONE_AT_A_TIME]).await;
        assert_eq!(summary(&response), "partial fetched=5 written=5", "{fault}");
        let [issue] = issues(&response).try_into().unwrap();
        assert!(issue.starts_with(&format!("fetch ListInsightsMetricData {GET_SERIES} ")), "{issue}");
        let table = lab.table().await;
        assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z", "{fault}");
        let row = series_row(&table, GET_SERIES);
        assert_eq!(text(row, "watermark"), "2026-02-26T12:00:00.000Z");
        assert_eq!(covered(&table, GET_SERIES), [""; 0]);
        for series in [RUN_SERIES, QUEUE_SERIES] {
            assert_eq!(series_row(&table, series).get("watermark"), None);
            assert_eq!(covered(&table, series), ["300 2026-02-26T12:00/"]);
        }
        // The next run catches up from the watermark of the series.
        lab.simulator.clear_log();
        lab.advance(60);
        assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=5 written=1 unchanged=4");
        let others = ["DeleteQueue 300 03-01T06:00 03-01T12:00", "RunInstances 300 03-01T06:00 03-01T12:00"];
        assert_eq!(spans(&lab), [others[0], "GetObject 300 02-26T12:00 03-01T12:00", others[1]]);
        let table = lab.table().await;
        undisturbed(STORY, &[60]).await.assert_same_content(&table);
    }
}

#[tokio::test]
async fn a_known_series_that_fails_keeps_its_data_and_catches_up() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.advance(3_600);
    lab.fault("ListInsightsMetricData=denied:1@2");
    let response = run(&lab, &[ONE_AT_A_TIME]).await;
    assert_eq!(response["status"], "partial");
    let table = lab.table().await;
    assert_eq!(watermark(&table), "2026-03-01T13:00:00.000Z");
    assert_eq!(text(series_row(&table, QUEUE_SERIES), "watermark"), "2026-03-01T12:00:00.000Z");
    assert_eq!(covered(&table, QUEUE_SERIES), ["300 2026-02-26T12:00/2026-03-01T12:00"]);
    // Two equal failures write the row once.
    lab.simulator.clear_log();
    lab.fault("ListInsightsMetricData=denied:1");
    lab.advance(3_600);
    run(&lab, &[ONE_AT_A_TIME]).await;
    assert_eq!(text(series_row(&lab.table().await, QUEUE_SERIES), "watermark"), "2026-03-01T12:00:00.000Z");
    assert_eq!(writes(&lab), (1, 1), "the furthest behind comes first, and is where it was");
    lab.advance(3_600);
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    undisturbed(STORY, &[3_600, 3_600, 3_600]).await.assert_same_content(&lab.table().await);
}

#[tokio::test]
async fn a_series_that_fails_between_two_periods_continues_with_the_finer_one() {
    let whole = Lab::new(STORY).await;
    run_whole(&whole, &[]).await;
    let whole = whole.table().await;
    // Two requests for each of three series, one at a time: the second request of the first series fails.
    let lab = Lab::new(STORY).await;
    lab.fault("ListInsightsMetricData=denied:1@1");
    assert_eq!(run_whole(&lab, &[ONE_AT_A_TIME]).await["status"], "partial");
    let table = lab.table().await;
    assert_eq!(covered(&table, RUN_SERIES), ["3600 2025-12-01T13:00/2025-12-29T00:00"]);
    assert_eq!(text(series_row(&table, RUN_SERIES), "watermark"), "2025-12-28T12:30:00.000Z");
    assert_eq!(run_whole(&lab, &[]).await["status"], "ok");
    whole.assert_same_content(&lab.table().await);
}

#[tokio::test]
async fn a_failing_trail_is_behind_without_stopping_the_target_and_catches_up() {
    let lab = Lab::new(STORY).await;
    lab.fault("ListInsightsData=denied:1");
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "partial fetched=4 written=4");
    assert_eq!(issues(&response), [format!("fetch ListInsightsData {OBJECTS} AccessDeniedException")]);
    let row = |table: &Table| table.get(CATALOG, &format!("trail#{OBJECTS}")).unwrap().clone();
    let table = lab.table().await;
    assert_eq!(text(&row(&table), "watermark"), "2026-02-26T12:00:00.000Z");
    assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z");
    // It fails again in its second piece.
    lab.advance(60);
    lab.fault("ListInsightsData=denied:1@1");
    assert_eq!(run(&lab, &[]).await["status"], "partial");
    assert_eq!(text(&row(&lab.table().await), "watermark"), "2026-02-27T12:00:00.000Z");
    lab.simulator.clear_log();
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    let pieces = ["02-27T06:00 02-28T12:00", "02-28T12:00 03-01T12:01"];
    assert_eq!(asked(&lab, "ListInsightsData", &["StartTime", "EndTime"]), pieces);
    let table = lab.table().await;
    assert_eq!(row(&table).get("watermark"), None);
    assert_eq!(text(insight_of(&table, GET), "status"), "closed");
    assert_eq!(chunks(&table, GET_SERIES).len(), 1);
}

#[tokio::test]
async fn a_series_is_live_for_90_days_after_it_was_named_and_again_when_it_is_named_again() {
    let once = insight("RunInstances", "ec2.amazonaws.com", "start = \"-3h\"\nend = \"-2h 50m\"\n");
    for retention in ["400", "0"] {
        let variables = [("RETENTION_DAYS", retention)];
        let lab = Lab::new(&story(&once)).await;
        run(&lab, &variables).await;
        // Last named at 09:10 of 1 March: 90 days later it is still live, and an hour later it is not.
        for days in [30, 30, 30] {
            lab.advance(days * 86_400 - 3_600);
            run(&lab, &variables).await;
        }
        assert_eq!(covered(&lab.table().await, RUN_SERIES), ["300 2026-02-26T12:00/"]);
        lab.advance(3_600);
        lab.simulator.clear_log();
        run(&lab, &variables).await;
        let table = lab.table().await;
        let row = series_row(&table, RUN_SERIES);
        assert_eq!(covered(&table, RUN_SERIES), ["300 2026-02-26T12:00/2026-05-30T09:00"]);
        assert_eq!(row.get("watermark"), None);
        // 2026-05-30T09:00:00Z and 400 days.
        let expires_at = (retention == "400").then(|| Value::from(1_780_131_600_i64 + 400 * 86_400));
        assert_eq!(row.get("expires_at"), expires_at.as_ref());
        assert_eq!(spans(&lab), [""; 0], "it is asked for no more");
        // It stays inactive, even if the run is late and processes pieces.
        lab.advance(86_400 * 3);
        lab.simulator.clear_log();
        run(&lab, &variables).await;
        assert_eq!(series_row(&lab.table().await, RUN_SERIES), row);
        assert_eq!((spans(&lab), lab.calls("PutItem")), (Vec::new(), 1));
        // Named again, it is fetched from the look-back minus the overlap on: the time between is unknown.
        let again = "id = \"again\"\nstart = \"+93d 8h\"\n";
        replace_scenario(&lab, &story(&insight("RunInstances", "ec2.amazonaws.com", again)));
        lab.advance(12 * 3_600);
        lab.simulator.clear_log();
        run(&lab, &variables).await;
        assert_eq!(spans(&lab), ["RunInstances 300 05-30T12:00 06-02T22:00"]);
        let table = lab.table().await;
        let row = series_row(&table, RUN_SERIES);
        assert_eq!((row.get("expires_at"), row.get("watermark")), (None, None));
        let again = ["300 2026-02-26T12:00/2026-05-30T09:00", "300 2026-05-30T12:00/"];
        assert_eq!(covered(&table, RUN_SERIES), again, "retention {retention}");
    }
}

#[tokio::test]
async fn configured_series_are_live_while_they_are_configured() {
    let series = r#"[{"event_source":"kms.amazonaws.com","event_name":"Decrypt","insight_type":"ApiErrorRateInsight","error_code":"AccessDenied"},
        {"event_source":"ec2.amazonaws.com","event_name":"RunInstances","insight_type":"ApiCallRateInsight"}]"#;
    let decrypt = "kms.amazonaws.com#Decrypt#ApiErrorRateInsight#AccessDenied#-";
    let configured = [("CLOUDTRAIL_SERIES", series)];
    let scenario = format!(
        "{STORY}[[cloudtrail.series]]\nevent_source = \"kms.amazonaws.com\"\nevent_name = \"Decrypt\"\n\
         insight_type = \"ApiErrorRateInsight\"\nerror_code = \"AccessDenied\"\nnoise = 0\n\
         bursts = [{{ from = \"-30m\", to = \"-25m\", rate = 2 }}]\n"
    );
    let lab = Lab::new(&scenario).await;
    assert_eq!(summary(&run(&lab, &configured).await), "ok fetched=7 written=7");
    let table = lab.table().await;
    assert_eq!(chunks(&table, decrypt), ["300 03-01T06:00 03-01T06:00/03-01T12:00: 11:30=10"]);
    let row = series_row(&table, decrypt);
    assert_eq!((row.get("named_at"), row.get("watermark")), (None, None));
    assert_eq!(row["detail"].at(&["error_code"]), Some(&"AccessDenied".into()));
    assert_eq!(table.kinds()["catalog"], 5, "the other one was named too, and has one row");
    // Much later it is still live.
    lab.advance(100 * 86_400);
    lab.simulator.clear_log();
    run(&lab, &configured).await;
    assert_eq!(
        spans(&lab).len(),
        2 + 2,
        "two series, each with a part that is known only at 3600 s: {:?}",
        spans(&lab)
    );
    // Not configured, it is inactive; configured again, it is live.
    lab.advance(3_600);
    run(&lab, &[]).await;
    assert!(series_row(&lab.table().await, decrypt).contains_key("expires_at"));
    lab.advance(10 * 86_400);
    run(&lab, &configured).await;
    let table = lab.table().await;
    assert_eq!(series_row(&table, decrypt).get("expires_at"), None);
    assert_eq!(covered(&table, decrypt).last().unwrap(), "3600 2026-03-11T13:00/2026-04-08T00:00");
    assert!(
        covered(&table, decrypt).contains(&"300 2026-06-16T06:00/".to_owned()),
        "{:?}",
        covered(&table, decrypt)
    );
}

#[tokio::test]
async fn an_invalid_request_is_not_sent_and_is_an_issue_of_its_series() {
    let mut scenario = STORY.to_owned();
    for (index, (source, name)) in [
        ("ec2.amazonaws.com.cn", "RunInstances"),
        ("a.b.amazonaws.com", "Call"),
        ("new.amazonaws.com", "Call:v2"),
    ]
    .iter()
    .enumerate()
    {
        let further = format!(
            "[[cloudtrail.insights]]\nid = \"refused-{index}\"\nevent_source = \"{source}\"\nevent_name = \"{name}\"\n\
             insight_type = \"ApiCallRateInsight\"\nstart = \"-20m\"\naverage = 1\n"
        );
        scenario += &further;
    }
    let lab = Lab::new(&scenario).await;
    let response = run(&lab, &[]).await;
    assert_eq!(
        summary(&response),
        "ok fetched=9 written=9",
        "the insights are stored, and what can be asked for"
    );
    let refused = |subject: &str| {
        format!("fetch ListInsightsMetricData {subject}#ApiCallRateInsight#-#- Request.Invalid")
    };
    let mut expected =
        ["a.b.amazonaws.com#Call", "ec2.amazonaws.com.cn#RunInstances", "new.amazonaws.com#Call:v2"]
            .map(refused);
    expected.sort();
    assert_eq!(issues(&response), expected);
    assert_eq!(spans(&lab).len(), 3, "and there is no call that was answered with an error");
    assert_eq!(lab.calls("ListInsightsMetricData"), 3);
    let table = lab.table().await;
    assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z");
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(writes(&lab), (1, 1), "it is the same issue again, and nothing to write");

    // A backfill ends nevertheless: repeating would not help.
    let window = r#"{"window":{"start":"2026-02-25T00:00:00Z","end":"2026-03-01T00:00:00Z"}}"#;
    let response = invoke(&lab, &[], window).await;
    assert_eq!(response["status"], "ok");
    assert_eq!(issues(&response), expected, "once each, not in each of three pieces");
    assert_eq!(response["targets"][0]["window"]["end"], "2026-03-01T00:00:00.000Z");
}
