//! Checks that fetching and writing overlap: requests to the service continue while records are written. Time is paused and
//! advances only while every task waits, so the duration of each request is exact.

use crate::for_every_source;
use insights_collectors::{Collector, with_collector};
use insights_tests::{Latency, Paced, UnderWay, test_source};
use std::time::Duration;

/// The milliseconds with concurrent requests to service and table, and those with requests to the table.
fn overlap(requests: &[UnderWay]) -> (usize, usize) {
    let end = requests.iter().map(|request| request.until).max().unwrap_or_default();
    let any = |is_table: bool, at: i64| {
        requests
            .iter()
            .any(|request| request.is_table == is_table && (request.from..request.until).contains(&at))
    };
    let writing = (0..end).filter(|at| any(true, *at));
    let (mut both, mut all) = (0, 0);
    for at in writing {
        all += 1;
        both += usize::from(any(false, at));
    }
    (both, all)
}

/// Checks that requests to the service are in progress for at least `percent` of the time of requests to the table.
async fn check<C: Collector>(percent: usize) {
    let source = test_source(C::SOURCE);
    // Longer than the interval of the rate limits, so that several requests are in progress.
    let latency = Latency { service: Duration::from_millis(700), table: Duration::from_millis(20) };
    let paced = Paced::new(&(source.many_insights)()).taking(latency);
    let instance = paced.instance::<C>(source.few_points);
    let response = paced.invoke(&instance, "{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    let (both, all) = overlap(&paced.under_way());
    assert!(both * 100 >= all * percent, "{}: {both} of {all} ms", C::SOURCE);
}

#[test]
fn services_are_called_while_records_are_written() {
    for_every_source(|source| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().unwrap();
        with_collector!(source, C => runtime.block_on(check::<C>(50))).unwrap();
    });
}
