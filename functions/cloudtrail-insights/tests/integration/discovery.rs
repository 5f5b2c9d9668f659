//! The trails for which insights on data events are requested, and the catalog rows of trails.

use crate::support::*;

fn row(table: &Table) -> Option<Map> {
    table.get(CATALOG, &format!("trail#{OBJECTS}")).cloned()
}

/// The scenario with other insight selectors on the trail `objects`.
fn with_selectors(selectors: &str) -> String {
    STORY.replace(r#"[{ type = "ApiErrorRateInsight", categories = ["Data"] }]"#, selectors)
}

#[tokio::test]
async fn only_own_trails_with_insights_on_data_events_are_listed() {
    let others = r#"
[[cloudtrail.trails]]
name = "organization"
arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization"
home_region = "eu-west-1"
organization = true
multi_region = true
insight_selectors = [{ type = "ApiCallRateInsight", categories = ["Data"] }]

[[cloudtrail.trails]]
name = "off"

[[cloudtrail.trails]]
name = "elsewhere"
home_region = "us-east-1"
multi_region = true
insight_selectors = [{ type = "ApiCallRateInsight", categories = ["Management", "Data"] }]

[[cloudtrail.trails]]
name = "far"
home_region = "us-east-1"
insight_selectors = [{ type = "ApiCallRateInsight", categories = ["Data"] }]
"#;
    let lab =
        Lab::new(&STORY.replacen("[[cloudtrail.insights]]", &format!("{others}[[cloudtrail.insights]]"), 1))
            .await;
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    let mut sources = asked(&lab, "ListInsightsData", &["InsightSource"]);
    sources.dedup();
    let elsewhere = OBJECTS.replace("eu-west-1", "us-east-1").replace("objects", "elsewhere");
    assert_eq!(
        sources,
        [OBJECTS.to_owned(), elsewhere],
        "the shadow of another region's is the account's own"
    );
}

#[tokio::test]
async fn a_trail_that_gets_insights_later_is_fetched_from_the_look_back_on() {
    for selectors in [
        "[]",
        r#"[{ type = "ApiCallRateInsight" }]"#,
        r#"[{ type = "ApiCallRateInsight", categories = ["Management"] }]"#,
    ] {
        let lab = Lab::new(&with_selectors(selectors)).await;
        assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=4 written=4", "{selectors}");
        assert_eq!(row(&lab.table().await), None, "{selectors}");
        replace_scenario(&lab, STORY);
        lab.simulator.clear_log();
        lab.advance(60);
        assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=6 written=2 unchanged=4", "{selectors}");
        let windows = ["02-26T12:01 02-27T12:01", "02-27T12:01 03-01T12:01"];
        let asked: Vec<String> = asked(&lab, "ListInsightsData", &["StartTime", "EndTime"]);
        assert_eq!(asked, windows.map(|window| window.replace("02-26T12:01", "02-26T06:01")));
    }
}

#[tokio::test]
async fn a_trail_that_loses_its_insights_pauses_and_continues_at_its_watermark() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    replace_scenario(&lab, &with_selectors("[]"));
    lab.advance(3_600);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(lab.calls("ListInsightsData"), 0);
    let resting = row(&lab.table().await).unwrap();
    assert_eq!(text(&resting, "watermark"), "2026-03-01T12:00:00.000Z");
    assert_eq!(resting["expires_at"], (at("2026-03-01T12:00:00Z").seconds() + 400 * 86_400).into());
    lab.advance(3_600);
    run(&lab, &[]).await;
    assert_eq!(row(&lab.table().await).unwrap(), resting);
    replace_scenario(&lab, STORY);
    lab.advance(3_600);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(asked(&lab, "ListInsightsData", &["StartTime", "EndTime"]), ["03-01T06:00 03-01T15:00"]);
    let row = row(&lab.table().await).unwrap();
    assert_eq!((row.get("watermark"), row.get("expires_at")), (None, None));
}

#[tokio::test]
async fn if_trails_cannot_be_described_the_known_ones_are_fetched() {
    let lab = Lab::new(STORY).await;
    lab.fault("DescribeTrails=denied:1");
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "partial fetched=4 written=4");
    assert_eq!(issues(&response), ["fetch DescribeTrails trails AccessDeniedException"]);
    assert_eq!(lab.calls("ListInsightsData"), 0, "none is known");
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    lab.advance(60);
    lab.simulator.clear_log();
    lab.fault("DescribeTrails=denied:1");
    assert_eq!(run(&lab, &[]).await["status"], "partial");
    assert_eq!(lab.calls("ListInsightsData"), 1);
    let row = row(&lab.table().await).unwrap();
    assert_eq!((row.get("watermark"), row.get("expires_at")), (None, None), "it was not taken for gone");
}

#[tokio::test]
async fn a_trail_with_unreadable_selectors_does_not_affect_others_and_loses_no_data() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.advance(60);
    lab.simulator.clear_log();
    lab.fault("GetInsightSelectors=denied:2");
    let response = run(&lab, &[]).await;
    let management = OBJECTS.replace("objects", "management");
    let expected = [management.as_str(), OBJECTS]
        .map(|arn| format!("fetch GetInsightSelectors {arn} AccessDeniedException"));
    assert_eq!(issues(&response), expected);
    assert_eq!(response["status"], "partial");
    assert_eq!(lab.calls("ListInsightsData"), 1);
    assert_eq!(row(&lab.table().await).unwrap().get("expires_at"), None);
}
