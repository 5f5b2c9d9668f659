//! Checks that the rate limits of the services are observed. Time is paused and advances only while every task waits, so the
//! arrival of each request is exact.

use insights_collectors::{CloudtrailInsights, Collector, XrayInsights, with_collector};
use insights_tests::{ACCOUNT, ATTEMPTS, Arrival, Paced, test_source};
use std::collections::BTreeMap;
use std::time::Duration;

/// The function's account and another account with a role, each in two regions.
const FOUR_PLACES: &str = r#"[
    {"account_id":"123456789012","regions":["eu-west-1","us-east-1"]},
    {"account_id":"111122223333","role_arn":"arn:aws:iam::111122223333:role/reader","regions":["eu-west-1","us-east-1"]}
]"#;

/// The minimum interval between two requests of an operation, according to its documented or default limit.
fn interval(operation: &str) -> Duration {
    let named = insights_sources::operations().filter(|known| known.name == operation);
    Duration::from_secs_f64(1.0 / named.filter_map(|operation| operation.rate).fold(DEFAULT_RATE, f64::min))
}

/// The default limit in requests per second.
const DEFAULT_RATE: f64 = 10.0;

type Arrivals = BTreeMap<(String, String, String), Vec<Arrival>>;

/// Checks the interval of every operation in every account and region, and that at most `allowed` requests are throttled.
fn check_spaced(arrivals: &Arrivals, allowed: usize, case: &str) {
    for ((operation, account, region), arrivals) in arrivals {
        let place = format!("{case}: {operation} in {account}/{region}");
        for pair in arrivals.windows(2) {
            let apart = pair[1].millis - pair[0].millis;
            let interval = interval(operation).as_millis();
            assert!(
                u128::try_from(apart).is_ok_and(|apart| apart >= interval),
                "{place}: two requests {apart} ms apart: {arrivals:?}"
            );
        }
        let throttled = arrivals.iter().filter(|arrival| arrival.throttled).count();
        assert!(throttled <= allowed, "{place}: {throttled} were throttled: {arrivals:?}");
    }
}

/// The number of requests of an operation in all accounts and regions.
fn requests(arrivals: &Arrivals, operation: &str) -> usize {
    arrivals.iter().filter(|((name, ..), _)| name == operation).map(|(_, arrivals)| arrivals.len()).sum()
}

/// Services of `C` that need several requests of the paced operations.
fn paced<C: Collector>() -> Paced {
    Paced::new(&(test_source(C::SOURCE).many_requests)())
}

/// A short look-back, so that most requests are about the scenario.
const ONE_DAY: (&str, &str) = ("LOOKBACK_DAYS", "1");

/// Runs a collector at one target, and then at four at once: two regions of each of two accounts.
async fn check_targets<C: Collector>(operation: &str) {
    let name = C::SOURCE.package;
    let alone = paced::<C>();
    let response = alone.invoke(&alone.instance::<C>(&[ONE_DAY]), "{}").await.unwrap();
    assert_eq!(
        (&response["status"], &response["throttled"]),
        (&"ok".into(), &0.into()),
        "{name}: {response}"
    );
    check_spaced(&alone.arrivals(), 0, name);
    let (asked, elapsed_alone) = (requests(&alone.arrivals(), operation), alone.elapsed());
    assert!(asked >= 4, "{name}: only {asked} requests of {operation}");

    let four_places = paced::<C>();
    let instance = four_places.instance::<C>(&[ONE_DAY, ("TARGETS", FOUR_PLACES)]);
    let response = four_places.invoke(&instance, "{}").await.unwrap();
    assert_eq!(
        (&response["status"], &response["throttled"]),
        (&"ok".into(), &0.into()),
        "{name}: {response}"
    );
    check_spaced(&four_places.arrivals(), 0, name);
    let places = four_places.arrivals().into_keys().filter(|(name, ..)| name == operation).count();
    assert_eq!((places, requests(&four_places.arrivals(), operation)), (4, 4 * asked), "{name}");
    // Each account and region has its own limits and does not wait for others.
    assert_eq!(four_places.elapsed(), elapsed_alone, "{name}: milliseconds for four places, and for one");
}

#[tokio::test(start_paused = true)]
async fn each_account_and_region_is_paced_at_its_own_rate() {
    for source in insights_sources::all() {
        let operations = test_source(source).frequent_operations;
        assert!(!operations.is_empty(), "{source}");
        for operation in operations {
            with_collector!(source, C => check_targets::<C>(operation).await).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn retries_are_paced_like_other_requests() {
    let undisturbed = paced::<CloudtrailInsights>();
    undisturbed.invoke(&undisturbed.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
    for (fault, operation) in [
        ("LookupEvents=throttle:2@1", "LookupEvents"),
        ("LookupEvents=error500:2", "LookupEvents"),
        ("ListInsightsData=reset:2", "ListInsightsData"),
        ("ListInsightsMetricData=throttle:2", "ListInsightsMetricData"),
    ] {
        let paced = paced::<CloudtrailInsights>();
        paced.fault(fault);
        let response = paced.invoke(&paced.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
        assert_eq!(response["status"], "ok", "{fault}: {response}");
        check_spaced(&paced.arrivals(), 2, fault);
        let more = requests(&paced.arrivals(), operation) - requests(&undisturbed.arrivals(), operation);
        assert_eq!(more, 2, "{fault}: one more request for each failed one");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_always_throttled_is_sent_once_per_sdk_attempt() {
    for kind in ["throttle", "error500", "reset"] {
        let paced = paced::<XrayInsights>();
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
async fn consecutive_invocations_in_one_process_share_the_rate_limit() {
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
async fn two_instances_at_one_target_are_throttled_but_retries_do_not_multiply() {
    let alone = paced::<CloudtrailInsights>();
    let expected = alone.invoke(&alone.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
    assert_eq!((&expected["status"], &expected["throttled"]), (&"ok".into(), &0.into()), "{expected}");
    let calls = requests(&alone.arrivals(), "LookupEvents");
    assert!(calls >= 4, "{calls} pages");

    let paced = paced::<CloudtrailInsights>();
    let (first, second) =
        (paced.instance::<CloudtrailInsights>(&[ONE_DAY]), paced.instance::<CloudtrailInsights>(&[ONE_DAY]));
    let (one, other) = tokio::join!(paced.invoke(&first, "{}"), paced.invoke(&second, "{}"));
    let arrivals = paced.arrivals();
    let (_, look_ups) = arrivals.iter().find(|((operation, ..), _)| operation == "LookupEvents").unwrap();
    let throttled = look_ups.iter().filter(|arrival| arrival.throttled).count();
    assert!(throttled > 0, "two instances exceed the limit: {look_ups:?}");
    for (index, arrival) in look_ups.iter().enumerate() {
        let second = look_ups[index..].iter().filter(|later| later.millis < arrival.millis + 1_000).count();
        assert!(second <= 4, "{second} requests in a second, two by each instance: {look_ups:?}");
    }
    // Each throttled request causes at most one more request.
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
async fn a_service_limit_below_the_configured_one_causes_retries_but_no_burst() {
    let paced = Paced::new(&format!(
        "[rates]\nListInsightsData = 1\n{}",
        (test_source(CloudtrailInsights::SOURCE).many_requests)()
    ));
    let response = paced.invoke(&paced.instance::<CloudtrailInsights>(&[ONE_DAY]), "{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    check_spaced(&paced.arrivals(), usize::MAX, "half of the configured rate");
}
