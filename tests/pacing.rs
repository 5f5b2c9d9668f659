//! Pacing: the services' rate limits hold, in time that passes only while everybody waits, and every request's arrival is
//! known to the millisecond.

use auditmanager_insights::AuditmanagerInsights;
use cloudtrail_insights::CloudtrailInsights;
use insights_shared::collector::Collector;
use insights_tests::{ACCOUNT, ATTEMPTS, Arrival, Paced};
use std::collections::BTreeMap;
use std::fmt::Write;
use xray_insights::XrayInsights;

/// The own account in two regions, and another one, by its role, in the same two.
const FOUR_PLACES: &str = r#"[
    {"account_id":"123456789012","regions":["eu-west-1","us-east-1"]},
    {"account_id":"111122223333","role_arn":"arn:aws:iam::111122223333:role/reader","regions":["eu-west-1","us-east-1"]}
]"#;

/// The shortest time between two requests of an operation by the documented limits, and by the guess for the others.
fn interval(operation: &str) -> i64 {
    if ["LookupEvents", "ListInsightsData"].contains(&operation) { 500 } else { 100 }
}

type Arrivals = BTreeMap<(String, String, String), Vec<Arrival>>;

/// Holds every operation of every account and region to its interval, and to no throttling beyond what `allowed` says.
fn check_spaced(arrivals: &Arrivals, allowed: usize, case: &str) {
    for ((operation, account, region), arrivals) in arrivals {
        let place = format!("{case}: {operation} in {account}/{region}");
        for pair in arrivals.windows(2) {
            let apart = pair[1].millis - pair[0].millis;
            assert!(apart >= interval(operation), "{place}: two requests {apart} ms apart: {arrivals:?}");
        }
        let throttled = arrivals.iter().filter(|arrival| arrival.throttled).count();
        assert!(throttled <= allowed, "{place}: {throttled} were throttled: {arrivals:?}");
    }
}

/// How many requests an operation had in all places together.
fn requests(arrivals: &Arrivals, operation: &str) -> usize {
    arrivals.iter().filter(|((name, ..), _)| name == operation).map(|(_, arrivals)| arrivals.len()).sum()
}

/// A world that takes several requests of every operation that matters.
fn story() -> String {
    let mut story = String::from(
        r#"
[xray]
page_size = 3
groups = [{ name = "shop", insights_enabled = true }]

[[cloudtrail.trails]]
name = "objects"
insight_selectors = [{ type = "ApiCallRateInsight", categories = ["Management", "Data"] }]

[auditmanager]
collected_at = "6h"
"#,
    );
    for number in 0..9 {
        let minutes = 20 * number + 40;
        let _ = writeln!(
            story,
            "[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\nroot_cause = \"checkout\"\n\
             start = \"-{minutes}m\"\nevents = [{{ time = \"-{minutes}m\", summary = \"faults\" }}]\n\
             [[auditmanager.assessments]]\nname = \"assessment {number}\"\n\
             [[auditmanager.assessments.domains]]\nname = \"access {number}\"\n\
             controls = [{{ name = \"keys {number}\", control_set = \"1\", compliant = 3, noncompliant = {number} }}]"
        );
    }
    for number in 0..160 {
        let minutes = 2 * number + 30;
        // Now and then one on data events, so that both look-ups take several pages.
        let (subject, place) = if number % 2 == 0 {
            ("s3.amazonaws.com\"\nevent_name = \"GetObject", "trail = \"objects\"")
        } else {
            ("ec2.amazonaws.com\"\nevent_name = \"RunInstances", "")
        };
        let _ = writeln!(
            story,
            "[[cloudtrail.insights]]\nkey = \"{number}\"\nevent_source = \"{subject}\"\n{place}\n\
             insight_type = \"ApiCallRateInsight\"\naverage = 9\nstart = \"-{}m\"\nend = \"-{minutes}m\"",
            minutes + 1
        );
    }
    story
}

/// What instances are configured with: little to look back on, so that little is asked but what the story tells.
const ONE_DAY: (&str, &str) = ("LOOKBACK_DAYS", "1");

/// Runs a collector in one place, and then in four at once: two regions of an account, and two of another, by its role.
async fn check_places<C: Collector>(busiest: &str) {
    let name = C::SOURCE.package;
    let alone = Paced::new(&story());
    let response = alone.invoke(&alone.instance::<C>(&[ONE_DAY]), "{}").await.unwrap();
    assert_eq!(
        (&response["status"], &response["throttled"]),
        (&"ok".into(), &0.into()),
        "{name}: {response}"
    );
    check_spaced(&alone.arrivals(), 0, name);
    let (asked, elapsed_alone) = (requests(&alone.arrivals(), busiest), alone.elapsed());
    assert!(asked >= 4, "{name}: {asked} of {busiest} show little");

    let together = Paced::new(&story());
    let instance = together.instance::<C>(&[ONE_DAY, ("TARGETS", FOUR_PLACES)]);
    let response = together.invoke(&instance, "{}").await.unwrap();
    assert_eq!(
        (&response["status"], &response["throttled"]),
        (&"ok".into(), &0.into()),
        "{name}: {response}"
    );
    check_spaced(&together.arrivals(), 0, name);
    let places = together.arrivals().into_keys().filter(|(operation, ..)| operation == busiest).count();
    assert_eq!((places, requests(&together.arrivals(), busiest)), (4, 4 * asked), "{name}");
    // The limits are of an account and region each: none waits for another.
    assert_eq!(together.elapsed(), elapsed_alone, "{name}: milliseconds for four places, and for one");
}

#[tokio::test(start_paused = true)]
async fn no_rate_is_exceeded_in_any_account_and_region_and_none_waits_for_another() {
    check_places::<XrayInsights>("GetInsight").await;
    check_places::<CloudtrailInsights>("LookupEvents").await;
    check_places::<CloudtrailInsights>("ListInsightsData").await;
    check_places::<AuditmanagerInsights>("GetInsightsByAssessment").await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_its_turn_like_any_other_request() {
    let undisturbed = Paced::new(&story());
    undisturbed.invoke(&undisturbed.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
    for (fault, operation) in [
        ("LookupEvents=throttle:2@1", "LookupEvents"),
        ("LookupEvents=error500:2", "LookupEvents"),
        ("ListInsightsData=reset:2", "ListInsightsData"),
        ("ListInsightsMetricData=throttle:2", "ListInsightsMetricData"),
    ] {
        let paced = Paced::new(&story());
        paced.fault(fault);
        let response = paced.invoke(&paced.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
        assert_eq!(response["status"], "ok", "{fault}: {response}");
        check_spaced(&paced.arrivals(), 2, fault);
        let more = requests(&paced.arrivals(), operation) - requests(&undisturbed.arrivals(), operation);
        assert_eq!(more, 2, "{fault}: one request more for each that failed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_always_refused_is_sent_as_often_as_the_sdk_tries_and_no_more() {
    for kind in ["throttle", "error500", "reset"] {
        let paced = Paced::new(&story());
        paced.fault(&format!("GetInsightEvents={kind}"));
        let response = paced.invoke(&paced.instance::<XrayInsights>(&[]), "{}").await.unwrap();
        assert_eq!(response["status"], "partial", "{kind}: {response}");
        let attempts = usize::try_from(ATTEMPTS).unwrap();
        assert_eq!(requests(&paced.arrivals(), "GetInsight"), 9, "{kind}");
        assert_eq!(requests(&paced.arrivals(), "GetInsightEvents"), 9 * attempts, "{kind}");
        check_spaced(&paced.arrivals(), usize::MAX, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn invocations_that_follow_each_other_in_one_process_are_paced_as_one() {
    let insight = "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f";
    let paced = Paced::new(&format!(
        "[xray]\ngroups = [{{ name = \"shop\" }}]\ninsights = [{{ id = \"{insight}\", group = \"shop\", start = \"-1h\" }}]"
    ));
    let instance = paced.instance::<XrayInsights>(&[]);
    let push = format!(
        r#"{{"detail-type":"AWS X-Ray Insight Update","source":"aws.xray","account":"{ACCOUNT}",
            "region":"eu-west-1","time":"2026-03-01T12:00:00Z","detail":{{"InsightId":"{insight}"}}}}"#
    );
    for _ in 0..25 {
        let response = paced.invoke(&instance, &push).await.unwrap();
        assert_eq!((&response["status"], &response["throttled"]), (&"ok".into(), &0.into()), "{response}");
    }
    assert_eq!(requests(&paced.arrivals(), "GetInsight"), 25);
    check_spaced(&paced.arrivals(), 0, "25 pushes");
}

#[tokio::test(start_paused = true)]
async fn two_instances_at_one_target_are_throttled_together_and_their_retries_do_not_multiply() {
    let alone = Paced::new(&story());
    let expected = alone.invoke(&alone.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
    assert_eq!((&expected["status"], &expected["throttled"]), (&"ok".into(), &0.into()), "{expected}");
    let calls = requests(&alone.arrivals(), "LookupEvents");
    assert!(calls >= 4, "{calls} pages");

    let paced = Paced::new(&story());
    let (first, second) =
        (paced.instance::<CloudtrailInsights>(&[ONE_DAY]), paced.instance::<CloudtrailInsights>(&[ONE_DAY]));
    let (one, other) = tokio::join!(paced.invoke(&first, "{}"), paced.invoke(&second, "{}"));
    let arrivals = paced.arrivals();
    let (_, look_ups) = arrivals.iter().find(|((operation, ..), _)| operation == "LookupEvents").unwrap();
    let throttled = look_ups.iter().filter(|arrival| arrival.throttled).count();
    assert!(throttled > 0, "two instances ask for more than there is: {look_ups:?}");
    for (index, arrival) in look_ups.iter().enumerate() {
        let second = look_ups[index..].iter().filter(|later| later.millis < arrival.millis + 1_000).count();
        assert!(second <= 4, "{second} requests in a second, two by each instance: {look_ups:?}");
    }
    // Every refusal is followed by at most one request more.
    assert!(look_ups.len() <= 2 * calls + throttled, "{} for {calls} pages: {look_ups:?}", look_ups.len());
    for response in [one.unwrap(), other.unwrap()] {
        let sum: u64 = ["written", "unchanged", "stale", "rejected", "failed"]
            .iter()
            .map(|name| response[*name].as_u64().unwrap())
            .sum();
        assert_eq!(response["fetched"].as_u64().unwrap(), sum, "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_lower_than_the_configured_one_costs_retries_and_never_a_burst() {
    let paced = Paced::new(&format!("[rates]\nListInsightsData = 1\n{}", story()));
    let response = paced.invoke(&paced.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    check_spaced(&paced.arrivals(), usize::MAX, "half of the configured rate");
}
