//! What must hold after a schedule and one clean run: the table is as a table that was never disturbed, nothing is
//! missing, and one more run over the same answers writes nothing.

use super::Time;
use super::backend::Backend;
use super::gate::Gate;
use super::task::{Task, create_table, sdk, undisturbed};
use super::world::World;
use crate::lab::TABLE;
use crate::table::Table;
use insights_shared::collector::Collector;
use insights_shared::key::Key;
use insights_shared::record::Source;
use insights_shared::report::Response;
use insights_shared::value::{Map, Value};

/// Everything that is wrong.
pub fn judge<C: Collector>(backend: &Backend, world: &World, time: Time) -> Vec<String> {
    let mut wrong = Vec::new();
    if world.trail_was_deleted {
        // What was found to be unavailable is left alone for a day.
        time.pass(86_400_000);
    }
    let first = clean_run::<C>(backend, time, 100);
    check(&first, "the clean run", &mut wrong);
    let disturbed = scan(backend);
    let second = clean_run::<C>(backend, time, 101);
    check(&second, "the run after it", &mut wrong);
    if let Ok(response) = &second
        && response.counts.written > 0
    {
        wrong.push(format!("a run over the same answers wrote {} records", response.counts.written));
    }
    let reference = super::backend(world, time);
    create_table(&reference);
    check(&clean_run::<C>(&reference, time, 100), "the undisturbed run", &mut wrong);
    compare(C::SOURCE, world, &disturbed, &scan(&reference), &mut wrong);
    wrong
}

fn check(result: &Result<Response, String>, which: &str, wrong: &mut Vec<String>) {
    match result {
        Err(error) => wrong.push(format!("{which} failed: {error}")),
        Ok(response) => {
            let issues =
                response.targets.iter().flat_map(|target| &target.issues).filter(|issue| !issue.lasting);
            wrong.extend(issues.map(|issue| format!("{which} has an issue: {issue:?}")));
            let counts = &response.counts;
            let sum = counts.written + counts.unchanged + counts.stale + counts.rejected + counts.failed;
            if counts.fetched != sum {
                wrong.push(format!("{which} does not add up: {counts:?}"));
            }
        }
    }
}

fn clean_run<C: Collector>(backend: &Backend, time: Time, number: usize) -> Result<Response, String> {
    let gate = Gate::default();
    let task = Task::new::<C>(number, &gate, time, "1", "{}".to_owned());
    undisturbed(&gate, backend, task.into_invocation()).map_err(|error| error.to_string())
}

fn scan(backend: &Backend) -> Table {
    let gate = Gate::default();
    let client = aws_sdk_dynamodb::Client::new(&sdk(gate.client(0)));
    undisturbed(&gate, backend, Table::scan(&client, TABLE))
}

/// Compares the disturbed table with the undisturbed one, apart from what depends on when a run came by.
fn compare(source: Source, world: &World, disturbed: &Table, reference: &Table, wrong: &mut Vec<String>) {
    let (mut disturbed, reference) = (comparable(disturbed), comparable(reference));
    let only_disturbed: Vec<Key> =
        disturbed.0.keys().filter(|key| !reference.0.contains_key(*key)).cloned().collect();
    for key in only_disturbed {
        let Some(item) = disturbed.0.remove(&key) else { continue };
        if let Some(fault) = world.fault_of_extra(source, &key, &item) {
            wrong.push(format!("{} {}: {fault}", key.pk, key.sk));
        }
    }
    wrong.extend(disturbed.differences(&reference));
}

fn comparable(table: &Table) -> Table {
    let mut table = table.content();
    for item in table.0.values_mut() {
        let kind = item.get("kind").and_then(Value::as_str).unwrap_or_default();
        let depending: &[&str] = match kind {
            // How far a series is known depends on when it was looked at first; what is known is in the chunks.
            "catalog" => &["covered", "watermark", "unavailable", "revision"],
            // An unchanged chunk is not written again merely because time has passed.
            "cloudtrail.metric" => &["covered_until", "updated_at"],
            _ => &[],
        };
        item.retain(|name, _| !depending.contains(&name.as_str()));
    }
    table
}

/// The text of an attribute.
pub fn text<'a>(item: &'a Map, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}
