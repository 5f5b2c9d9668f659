//! The fingerprint of a page: pages with the same fingerprint differ only in ages, which the browser counts on.

use super::model::{Insight, Model};
use insights_query::format::add;
use insights_shared::key::sha256_hex;
use insights_shared::record::Stored;
use insights_shared::value::write_canonical_map;

/// The number of steps of the time axis after which a page with the same data counts as another page.
const STEPS: i64 = 500;
/// The minimum step in milliseconds.
const LEAST_STEP: i64 = 60_000;

/// The fingerprint of `model`, which changes with the data, the selection, and the program's version.
pub fn of(model: &Model) -> String {
    let step = (model.span.millis() / STEPS).max(LEAST_STEP);
    let mut text = format!(
        "{} {} {:?} {:?} {:?} {:?} {} {}\n",
        env!("CARGO_PKG_VERSION"),
        model.table,
        model.filter,
        model.known,
        model.health,
        model.selected_health,
        model.passed_over,
        // A period that ends now moves on by steps, one that ended before stays.
        if model.past().is_some() { 0 } else { model.now.millis() / step },
    );
    for insight in model.insights() {
        add_insight(insight, &mut text);
    }
    for incident in &model.incidents {
        for member in incident.members() {
            add(&mut text, format_args!("{:?} {:?};", member.occurrence.insight.text("pk"), member.reason));
        }
    }
    for scope in &model.counts {
        add(&mut text, format_args!("\n{:?}", scope.scope));
        for day in &scope.days {
            add(&mut text, format_args!("{} {};", day.day, day.given.as_str()));
            day.given.snapshot().into_iter().for_each(|snapshot| add_record(snapshot, &mut text));
        }
    }
    for target in &model.targets {
        add(&mut text, format_args!("\n{:?} {} {:?}", target.place, target.source, target.classification));
        target.state.iter().for_each(|state| add_record(state, &mut text));
    }
    add(&mut text, format_args!("\n{:?}", model.clusters));
    sha256_hex(text.as_bytes())
}

fn add_insight(insight: &Insight, text: &mut String) {
    add_record(&insight.record, text);
    add(text, format_args!("{:?}", insight.ended_later));
    let Some(detail) = &insight.detail else { return };
    for item in detail.items.iter().chain(&detail.same_id) {
        add_record(item, text);
    }
    // The span of a line moves with the time; its points do not.
    for (series, line) in &detail.series {
        add(text, format_args!("{} {:?} {:?}", series.pk, line.stretches, line.points));
    }
}

/// The hash of a record stands for the record.
fn add_record(record: &Stored, text: &mut String) {
    match record.text("content_hash") {
        Some(hash) => add(
            text,
            format_args!(
                "{} {} {hash} {:?};",
                record.text("pk").unwrap_or_default(),
                record.text("sk").unwrap_or_default(),
                record.text("status")
            ),
        ),
        None => write_canonical_map(&record.0, text),
    }
}
