//! The first run of a target, with the built-in scenario and with the small one.

use crate::support::*;

/// Counted by hand in `simulator/scenarios/default.toml`, at 2026-03-01T12:00:00Z: the subject of an insight, whether
/// it has Start and End, its start, end, status and severity.
const INSIGHTS: [&str; 14] = [
    "CreateAccessKey start end 2026-02-17T10:12 2026-02-17T10:40 closed critical",
    "DeleteObject start end 2026-01-27T03:00 2026-01-27T03:35 closed high",
    "DeleteQueue start end 2025-12-08T07:00 2025-12-08T07:12 closed medium",
    "DescribeTable start end 2025-12-17T10:00 2025-12-17T10:50 closed low",
    "GetObject start end 2026-02-17T10:20 2026-02-17T10:48 closed critical",
    "GetQueryExecution start end 2025-12-03T05:00 2025-12-03T05:01 closed high",
    "GetSecretValue start - 2026-03-01T08:50 - open high",
    "GetSecretValue start end 2026-01-12T22:00 2026-01-12T22:30 closed medium",
    "RunInstances start end 2026-01-08T02:00 2026-01-08T02:15 closed high",
    "RunInstances start end 2026-02-17T09:00 2026-02-17T09:50 closed critical",
    "RunInstances start end 2026-02-17T10:10 2026-02-17T10:55 closed critical",
    "UpdateAutoScalingGroup start - 2025-12-29T16:00 - open high",
    "UpdateFunctionCode20150331v2 - end 2026-02-04T08:00 2026-02-04T08:40 closed low",
    "UpdateFunctionCode20150331v2 start end 2026-02-27T05:52 2026-02-27T06:04 closed medium",
];

fn insight_line(item: &Map) -> String {
    let half =
        |name: &str| if item["detail"].at(&[name]).is_some() { name.to_owned() } else { "-".to_owned() };
    let minute = |name: &str| text(item, name).get(..16).unwrap_or("-").to_owned();
    let name = text(item, "title").split(' ').next().unwrap().to_owned();
    let (status, severity) = (text(item, "status").to_owned(), text(item, "severity").to_owned());
    [name, half("start"), half("end"), minute("started_at"), minute("ended_at"), status, severity].join(" ")
}

#[tokio::test]
async fn the_built_in_scenario_is_collected_completely() {
    let lab = Lab::built_in().await;
    // The coarsest period, to be fast; the next test uses all periods.
    let response = run_whole(&lab, &[("CLOUDTRAIL_PERIOD", "3600")]).await;
    assert_eq!(
        (&response["status"], &response["targets"][0]["issues"]),
        (&"ok".into(), &Json::Array(Vec::new()))
    );
    assert_eq!(lab.calls("BatchGetItem"), 1, "the state");
    let table = lab.table().await;
    let mut insights: Vec<String> =
        table.of_kind("cloudtrail.insight").into_iter().map(insight_line).collect();
    insights.sort();
    assert_eq!(insights, INSIGHTS);

    // Eleven series: RunInstances has one for calls and one for errors; each of three series has two insights.
    let kinds = table.kinds();
    assert_eq!((kinds["catalog"], kinds["run"], kinds["state"]), (11 + 1, 1, 1));
    assert_eq!(response["fetched"], kinds["cloudtrail.insight"] + kinds["cloudtrail.metric"]);
    assert_eq!(response["written"], response["fetched"]);
    for item in table.of_kind("cloudtrail.metric") {
        let (start, end) = (at(text(item, "started_at")), at(text(item, "ended_at")));
        assert_eq!((start.floor(86_400), end.millis_since(start)), (start, 86_400_000), "a day at 3600 s");
        assert_eq!(text(item, "sk"), format!("metric#3600#{start}"));
    }

    // Insights on data events are returned only for their trail, and only the trail with insights is requested.
    let insights_of =
        |operation| lab.simulator.log().iter().filter(|call| call.operation == operation).count();
    let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/object-access";
    assert_eq!(
        asked(&lab, "ListInsightsData", &["InsightSource", "DataType"]),
        vec![format!("{arn} InsightsEvents"); 7]
    );
    assert_eq!(insights_of("LookupEvents"), 7, "1, 2, 4, 8, 16 and 32 days, and the rest of 90");
    assert!(asked(&lab, "LookupEvents", &["EventCategory"]).iter().all(|category| category == "insight"));
    let mut selectors = asked(&lab, "GetInsightSelectors", &["TrailName"]);
    selectors.sort();
    let own = "arn:aws:cloudtrail:eu-west-1:123456789012:trail";
    assert_eq!(
        selectors,
        [format!("{own}/account-events"), arn.to_owned()],
        "not the organization's, not the archive"
    );
    for name in ["DeleteObject", "GetObject"] {
        let of_trail = spans(&lab).into_iter().filter(|span| span.starts_with(name)).count();
        assert_eq!(of_trail, 1);
    }
}

#[tokio::test]
async fn the_records_of_the_small_scenario_have_the_hand_counted_values() {
    let lab = Lab::new(STORY).await;
    assert_eq!(summary(&run_whole(&lab, &[]).await), "ok fetched=6 written=6");
    let table = lab.table().await;
    let insight = |id: &str| insight_line(insight_of(&table, id));
    assert_eq!(insight(RUN), "RunInstances start end 2026-03-01T09:00 2026-03-01T09:10 closed critical");
    assert_eq!(insight(GET), "GetObject start end 2026-02-27T12:00 2026-02-27T12:30 closed critical");
    assert_eq!(insight(QUEUE), "DeleteQueue start - 2026-03-01T11:00 - open critical");
    let title = "RunInstances on ec2.amazonaws.com: call rate 2 a minute, baseline 0.02";
    assert_eq!(text(insight_of(&table, RUN), "title"), title);
    let username = ["detail", "start", "lookup", "username"];
    let run_insight = Value::Map(insight_of(&table, RUN).clone());
    assert_eq!(run_insight.at(&username), Some(&"ci".into()));

    assert_eq!(chunks(&table, RUN_SERIES), ["300 03-01T06:00 03-01T06:00/03-01T12:00: 09:00=10 09:05=10"]);
    let twenty = "12:00=20 12:05=20 12:10=20 12:15=20 12:20=20 12:25=20";
    assert_eq!(chunks(&table, GET_SERIES), [format!("300 02-27T12:00 02-27T12:00/02-27T18:00: {twenty}")]);
    let fifteen: Vec<String> = (0..12).map(|bucket| format!("11:{:02}=15", bucket * 5)).collect();
    assert_eq!(
        chunks(&table, QUEUE_SERIES),
        [format!("300 03-01T06:00 03-01T06:00/03-01T12:00: {}", fifteen.join(" "))],
        "the bucket of 12:00 has not ended"
    );

    for (series, named_at) in [
        (RUN_SERIES, "2026-03-01T09:10"),
        (GET_SERIES, "2026-02-27T12:30"),
        (QUEUE_SERIES, "2026-03-01T11:00"),
    ] {
        let row = series_row(&table, series);
        assert_eq!(&text(row, "named_at")[..16], named_at);
        assert_eq!((row.get("watermark"), row.get("expires_at")), (None, None), "{series}");
        // 90 days plus half an hour, rounded up to the hour; 63 days plus half an hour.
        let expected = ["300 2025-12-28T12:30/", "3600 2025-12-01T13:00/2025-12-29T00:00"];
        assert_eq!(covered(&table, series), expected);
    }
    let trail = table.get(CATALOG, &format!("trail#{OBJECTS}")).unwrap();
    assert_eq!((trail.get("watermark"), trail.get("expires_at")), (None, None));
    assert_eq!(series_row(&table, GET_SERIES)["detail"].at(&["trail_arn"]), Some(&OBJECTS.into()));
    assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z");
    assert_eq!(table.get(RUNS, "state").unwrap()["retention_days"], 400_i64.into());
}

#[tokio::test]
async fn each_age_is_fetched_at_the_finest_available_period() {
    for (period, expected) in [
        (
            "60",
            vec!["60 02-14T12:30 03-01T12:00", "300 12-28T12:30 02-14T18:00", "3600 12-01T13:00 12-29T00:00"],
        ),
        ("300", vec!["300 12-28T12:30 03-01T12:00", "3600 12-01T13:00 12-29T00:00"]),
        ("3600", vec!["3600 12-01T13:00 03-01T12:00"]),
    ] {
        let lab = Lab::new(STORY).await;
        run_whole(&lab, &[("CLOUDTRAIL_PERIOD", period)]).await;
        let names = ["DeleteQueue", "GetObject", "RunInstances"];
        let mut all: Vec<String> =
            names.iter().flat_map(|name| expected.iter().map(move |span| format!("{name} {span}"))).collect();
        all.sort();
        assert_eq!(spans(&lab), all, "at {period}");
        let kinds = asked(&lab, "ListInsightsMetricData", &["DataType"]);
        assert!(kinds.iter().all(|kind| kind == "NonZeroData"));
    }
}

#[tokio::test]
async fn chunks_are_aligned_at_every_period() {
    for (period, expected) in [
        (
            "60",
            vec![
                "60 03-01T09:00 03-01T09:00/03-01T10:00: 09:00=2 09:01=2 09:02=2 09:03=2 09:04=2 09:05=2 09:06=2 09:07=2 09:08=2 09:09=2",
            ],
        ),
        ("300", vec!["300 03-01T06:00 03-01T06:00/03-01T12:00: 09:00=10 09:05=10"]),
        ("3600", vec!["3600 03-01T00:00 03-01T00:00/03-01T12:00: 09:00=20"]),
    ] {
        let lab = Lab::new(STORY).await;
        run(&lab, &[("CLOUDTRAIL_PERIOD", period)]).await;
        assert_eq!(chunks(&lab.table().await, RUN_SERIES), expected);
    }
}

#[tokio::test]
async fn the_first_run_begins_at_a_shorter_look_back() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[("LOOKBACK_DAYS", "1")]).await;
    assert_eq!(asked(&lab, "LookupEvents", &["StartTime", "EndTime"]), ["02-28T12:00 03-01T12:00"]);
    assert_eq!(
        spans(&lab),
        ["DeleteQueue 300 02-28T12:00 03-01T12:00", "RunInstances 300 02-28T12:00 03-01T12:00"]
    );
    assert_eq!(
        lab.table().await.kinds()["cloudtrail.insight"],
        2,
        "the one of two days ago is not among them"
    );
}

#[tokio::test]
async fn records_that_would_have_expired_are_not_stored_or_counted() {
    let lab = Lab::new(STORY).await;
    // Two days exceed the retention of one day: the insight on data events and its chunk.
    // (With a look-back of four days, both phases are in one piece: a Start alone is open and does not expire.)
    let variables = [("RETENTION_DAYS", "1"), ("LOOKBACK_DAYS", "4")];
    assert_eq!(summary(&run(&lab, &variables).await), "ok fetched=4 written=4");
    let table = lab.table().await;
    assert_eq!(chunks(&table, GET_SERIES), [""; 0]);
    assert_eq!((table.kinds()["cloudtrail.insight"], table.kinds()["catalog"]), (2, 4));
    assert_eq!(insight_of(&table, RUN)["expires_at"], at("2026-03-02T09:10:00Z").seconds().into());
    assert_eq!(insight_of(&table, QUEUE).get("expires_at"), None, "it is open");
}

/// Two insights that started in the 32-day piece and ended in the last 27 days, and a third one in the last 27 days.
#[tokio::test]
async fn a_first_run_reads_only_insights_of_which_it_stored_the_other_phase() {
    let insight = |name: &str, start: &str| {
        format!(
            "[[cloudtrail.insights]]\nevent_source = \"ec2.amazonaws.com\"\nevent_name = \"{name}\"\n\
             insight_type = \"ApiCallRateInsight\"\nstart = \"{start}\"\nend = \"-26d\"\nbaseline = 0.02\naverage = 2\n"
        )
    };
    let trail = "[[cloudtrail.trails]]\nname = \"management\"\ninsight_selectors = [{ type = \"ApiCallRateInsight\" }]\n";
    let both = [("RunInstances", "-28d"), ("StopInstances", "-28d")];
    // Both of its phases are in the piece with the ends of the others.
    let third = [("TerminateInstances", "-627h")];
    let mut read_units = Vec::new();
    for (names, last) in [(&both[..], ""), (&[&both[..], &third[..]].concat(), "TerminateInstances")] {
        let insights: String = names.iter().map(|(name, start)| insight(name, start)).collect();
        let lab = Lab::new(&[trail, &insights].concat()).await;
        let response = run_whole(&lab, &[]).await;
        read_units.push(response["read_units"].clone());
        let mut insights: Vec<String> =
            lab.table().await.of_kind("cloudtrail.insight").into_iter().map(insight_line).collect();
        insights.sort();
        let mut expected: Vec<String> = ["RunInstances", "StopInstances"]
            .map(|name| format!("{name} start end 2026-02-01T12:00 2026-02-03T12:00 closed critical"))
            .into();
        if !last.is_empty() {
            expected.push(format!("{last} start end 2026-02-03T09:00 2026-02-03T12:00 closed critical"));
        }
        assert_eq!(insights, expected);
        assert_eq!(lab.calls("BatchGetItem"), 2, "the state, and both insights once their ends come");
    }
    assert_eq!(read_units[0], read_units[1], "of the third one there was nothing to read");
}
