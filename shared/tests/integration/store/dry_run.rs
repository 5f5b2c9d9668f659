//! A dry run reports its writes and writes nothing.

use super::{STALE, UNCHANGED, Version, WRITTEN, lab, valid};
use insights_shared::collector::Cursor;
use insights_shared::fields::Faults;
use insights_shared::report::TargetReport;
use insights_shared::store::catalog::catalog_row;
use insights_shared::store::dry_run::{Change, DryRunSink};
use insights_shared::store::recurrence::Recurrence;
use insights_shared::store::state::{InFuture, RunStamp};
use insights_shared::store::write::Guard;
use insights_shared::target::Target;
use insights_shared::validate::Rejected;
use insights_sources::auditmanager;
use insights_sources::xray;
use insights_tests::{ACCOUNT, REGION};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn a_dry_run_writes_nothing_and_reports_its_writes() {
    let lab = lab().await;
    let version = |seconds| valid(auditmanager::ACCOUNT, "id", Version::new(seconds, seconds));
    lab.store(|_| ()).write(&[version(10)]).await;
    let before = lab.table().await;
    lab.simulator.clear_log();

    let changes: Arc<Mutex<Vec<(String, Change)>>> = Arc::default();
    let plan = DryRunSink::new({
        let changes = Arc::clone(&changes);
        move |item, change| changes.lock().unwrap().push((item["kind"].as_str().unwrap().to_owned(), change))
    });
    let store = lab.store(|options| options.dry_run = true).with_dry_run_sink(Some(plan));
    let other = valid(xray::INSIGHT, "other", Version::new(10, 10));
    let written = store.write(&[other.clone(), version(10)]).await;
    assert_eq!(written, [WRITTEN, UNCHANGED]);
    assert_eq!(store.write(&[version(9)]).await, [STALE]);
    assert_eq!(store.write(&[version(11)]).await, [WRITTEN]);
    assert_eq!(store.put(&other, Guard::Older).await, WRITTEN);

    let target = Target { account_id: ACCOUNT.to_owned(), region: REGION.to_owned(), role: None };
    let rejected = Rejected { subject: String::new(), violations: Faults::default(), raw: "{}".to_owned() };
    store.reject(xray::SOURCE, ACCOUNT, REGION, &rejected).await.unwrap();
    store.put_catalog(catalog_row(xray::SOURCE, &target, "scope#a")).await.unwrap();
    assert!(
        store.replace_catalog(catalog_row(xray::SOURCE, &target, "scope#b"), None).await.unwrap().is_some()
    );
    let response = TargetReport::default().finish(&target);
    let now = lab.now();
    let stamp = RunStamp {
        started_at: now,
        begun_at: now,
        ended_at: now,
        request_id: "r",
        trigger: "scheduled",
        scheduled_time: None,
        in_future: InFuture::default(),
        recurrence: Recurrence::default(),
    };
    store.put_state(xray::SOURCE, &target, &response, &stamp, Some(now), &Cursor::Keep).await.unwrap();
    store.move_watermark(xray::SOURCE, &target, lab.now(), InFuture::default()).await.unwrap();
    store.put_run(xray::SOURCE, &target, &response, &stamp).await.unwrap();

    // Stored and older records are not written.
    let (insights, insight) = ("auditmanager.insights", "xray.insight");
    let expected = [
        (insight, Change::New),
        (insights, Change::Same),
        (insights, Change::Changed),
        (insight, Change::New),
        ("rejected", Change::New),
        ("catalog", Change::Changed),
        ("catalog", Change::New),
        ("state", Change::Changed),
        ("state", Change::Changed),
        ("run", Change::New),
    ];
    assert_eq!(*changes.lock().unwrap(), expected.map(|(kind, change)| (kind.to_owned(), change)));
    assert_eq!((lab.calls("PutItem"), lab.calls("UpdateItem")), (0, 0));
    assert_eq!(lab.table().await, before);
}
