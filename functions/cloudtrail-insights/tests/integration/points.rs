//! Points that are late, change, or are no longer available.

use crate::support::*;

/// The scenario with another burst in the series of `RUN`.
fn with_burst(burst: &str) -> String {
    let series = "event_name = \"RunInstances\"\ninsight_type = \"ApiCallRateInsight\"\nnoise = 0\n";
    assert!(STORY.contains(series));
    STORY.replace(series, &format!("{series}bursts = [{burst}]\n"))
}

const HOURLY: &str = "[[cloudtrail.series]]\nevent_source = \"ec2.amazonaws.com\"\nevent_name = \"StopInstances\"\n\
    insight_type = \"ApiCallRateInsight\"\nbaseline = 1\nnoise = 0\n";
const HOURLY_CONFIGURED: (&str, &str) = (
    "CLOUDTRAIL_SERIES",
    r#"[{"event_source":"ec2.amazonaws.com","event_name":"StopInstances","insight_type":"ApiCallRateInsight"}]"#,
);
const HOURLY_SERIES: &str = "ec2.amazonaws.com#StopInstances#ApiCallRateInsight#-#-";

#[tokio::test]
async fn late_points_in_a_stored_chunk_are_stored() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    // Within the overlap, in a complete chunk.
    replace_scenario(&lab, &with_burst(r#"{ from = "-5h", to = "-4h 55m", rate = 1 }"#));
    lab.advance(60);
    lab.simulator.clear_log();
    assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=4 written=1 unchanged=3");
    assert_eq!(writes(&lab), (2, 1));
    let expected = "300 03-01T06:00 03-01T06:00/03-01T12:00: 07:00=5 09:00=10 09:05=10";
    assert_eq!(chunks(&lab.table().await, RUN_SERIES), [expected]);
}

#[tokio::test]
async fn an_unchanged_chunk_is_not_rewritten_because_time_has_passed() {
    let lab = Lab::new(STORY).await;
    lab.advance(-7_200);
    run(&lab, &[]).await;
    let early = "300 03-01T06:00 03-01T06:00/03-01T10:00: 09:00=10 09:05=10";
    assert_eq!(chunks(&lab.table().await, RUN_SERIES), [early]);
    let before = lab.table().await;
    lab.advance(7_200);
    run(&lab, &[]).await;
    let table = lab.table().await;
    assert_eq!(chunks(&table, RUN_SERIES), [early], "the row of the series says that it is known further");
    let chunk = |table: &Table| {
        table.get(&format!("{PREFIX}#{RUN_SERIES}"), "metric#300#2026-03-01T06:00:00.000Z").cloned()
    };
    assert_eq!(chunk(&table), chunk(&before), "not even its stamps");
    // With a new point, its coverage is updated.
    replace_scenario(&lab, &with_burst(r#"{ from = "-30m", to = "-25m", rate = 1 }"#));
    lab.advance(60);
    run(&lab, &[]).await;
    let late = "300 03-01T06:00 03-01T06:00/03-01T12:00: 09:00=10 09:05=10 11:30=5";
    assert_eq!(chunks(&lab.table().await, RUN_SERIES), [late]);
}

#[tokio::test]
async fn a_chunk_never_replaces_one_with_an_earlier_start() {
    // Just within the retention of each period: half of the stored chunk is no longer available.
    for (period, days, hours, chunk) in [("60", 15, 0, "60 03-01T11:00"), ("300", 63, -3, "300 03-01T06:00")]
    {
        let lab = Lab::new(&story(HOURLY)).await;
        let variables = [("CLOUDTRAIL_PERIOD", period), HOURLY_CONFIGURED];
        run(&lab, &variables).await;
        let of_it = |table: &Table| {
            chunks(table, HOURLY_SERIES)
                .into_iter()
                .filter(|line| line.starts_with(chunk))
                .collect::<Vec<_>>()
        };
        let before = of_it(&lab.table().await);
        assert_eq!(before.len(), 1);
        // At 11:40 plus 15 days the cut-off is 11:40, and the available part of the chunk would begin ten minutes after
        // its end, so the test goes to a time with an available part.
        lab.advance(days * 86_400 + hours * 3_600 - 45 * 60);
        lab.simulator.clear_log();
        let window = r#"{"window":{"start":"2026-03-01T06:00:00Z","end":"2026-03-01T12:00:00Z"}}"#;
        let response = invoke(&lab, &variables, window).await;
        assert_eq!(response["stale"], 1, "at {period}: {response}");
        assert_eq!(of_it(&lab.table().await), before, "at {period}");
        let asked: Vec<String> =
            spans(&lab).into_iter().filter(|span| span.contains(&format!(" {period} "))).collect();
        assert_eq!(asked.len(), 1, "it was asked for what is left: {asked:?}");
    }
}

#[tokio::test]
async fn a_number_that_dynamodb_cannot_store_removes_only_its_point_and_is_an_issue() {
    let lab = Lab::new(&with_burst(r#"{ from = "-2h", to = "-1h 55m", rate = 1e200 }"#)).await;
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "partial fetched=6 written=6");
    let subject = RUN_SERIES;
    assert_eq!(issues(&response), [format!("normalize ListInsightsMetricData {subject} Response.Malformed")]);
    let table = lab.table().await;
    assert_eq!(chunks(&table, RUN_SERIES), ["300 03-01T06:00 03-01T06:00/03-01T12:00: 09:00=10 09:05=10"]);
    assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z");
    assert_eq!(series_row(&table, RUN_SERIES).get("watermark"), None, "to ask again would not help");
    let window = r#"{"window":{"start":"2026-03-01T06:00:00Z","end":"2026-03-01T12:00:00Z"}}"#;
    let response = invoke(&lab, &[], window).await;
    assert_eq!(response["status"], "partial");
    assert_eq!(response["targets"][0]["window"]["end"], "2026-03-01T12:00:00.000Z", "nor would it here");
}

#[tokio::test]
async fn every_page_of_a_long_series_is_requested() {
    // One point per minute of 15 days: 21,570, in one page; with an empty page before each, two.
    let lab = Lab::new(&story(HOURLY)).await;
    lab.fault("ListInsightsMetricData=empty-page:1");
    let variables = [("CLOUDTRAIL_PERIOD", "60"), ("LOOKBACK_DAYS", "2"), HOURLY_CONFIGURED];
    let response = run(&lab, &variables).await;
    assert_eq!(response["status"], "ok");
    assert_eq!(lab.calls("ListInsightsMetricData"), 2);
    let stored = chunks(&lab.table().await, HOURLY_SERIES);
    assert_eq!(stored.len(), 48);
    assert!(stored.iter().all(|chunk| chunk.matches("=1").count() == 60));
}
