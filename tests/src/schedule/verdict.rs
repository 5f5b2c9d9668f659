//! The guarantees after a schedule and one further, undisturbed run: the table equals that of undisturbed runs, and another
//! run with the same answers writes nothing.

use super::Time;
use super::backend::Backend;
use super::data::{ScheduleData, text};
use super::gate::Gate;
use super::task::{Task, create_table, sdk, undisturbed};
use crate::lab::TABLE;
use crate::table::Table;
use insights_shared::collector::Collector;
use insights_shared::key::Key;
use insights_shared::report::Response;
use insights_shared::value::{Map, Value};

/// All violated guarantees.
pub fn violations<C: Collector>(backend: &Backend, data: &ScheduleData, time: Time) -> Vec<String> {
    let mut wrong = Vec::new();
    time.advance(data.retry_millis());
    let first = undisturbed_run::<C>(backend, time, 100);
    check(&first, "the run after the schedule", &mut wrong);
    let disturbed = scan(backend);
    let second = undisturbed_run::<C>(backend, time, 101);
    check(&second, "the run after it", &mut wrong);
    if let Ok(response) = &second
        && response.counts.written > 0
    {
        wrong.push(format!("a run over the same answers wrote {} records", response.counts.written));
    }
    let reference = super::backend(data, time);
    create_table(&reference);
    check(&undisturbed_run::<C>(&reference, time, 100), "the run with an empty table", &mut wrong);
    wrong.extend(data.violations_of_table(&disturbed));
    compare(data, &disturbed, &scan(&reference), &mut wrong);
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
                wrong.push(format!("{which} has inconsistent counters: {counts:?}"));
            }
        }
    }
}

fn undisturbed_run<C: Collector>(backend: &Backend, time: Time, number: usize) -> Result<Response, String> {
    let gate = Gate::default();
    let task = Task::new::<C>(number, &gate, time, "1", "{}".to_owned());
    undisturbed(&gate, backend, task.into_invocation()).map_err(|error| error.to_string())
}

fn scan(backend: &Backend) -> Table {
    let gate = Gate::default();
    let client = aws_sdk_dynamodb::Client::new(&sdk(gate.client(0)));
    undisturbed(&gate, backend, Table::scan(&client, TABLE))
}

/// Compares the disturbed table with the undisturbed one, without data that depends on the times of the runs.
fn compare(data: &ScheduleData, disturbed: &Table, reference: &Table, wrong: &mut Vec<String>) {
    let (mut disturbed, reference) = (comparable(data, disturbed), comparable(data, reference));
    let only_disturbed: Vec<Key> =
        disturbed.0.keys().filter(|key| !reference.0.contains_key(*key)).cloned().collect();
    for key in only_disturbed {
        let Some(item) = disturbed.0.remove(&key) else { continue };
        if let Some(fault) = data.violation_of_extra(&key, &item) {
            wrong.push(format!("{} {}: {fault}", key.pk, key.sk));
        }
    }
    wrong.extend(disturbed.differences(&reference));
}

fn comparable(data: &ScheduleData, table: &Table) -> Table {
    let mut table = table.content();
    table.0.retain(|_, item| !data.depends_on_runs(item));
    for item in table.0.values_mut() {
        match text(item, "kind").unwrap_or_default() {
            // The coverage of a series depends on its first run. Its points are compared in the chunks.
            "catalog" => {
                let depending = ["covered", "watermark", "unavailable", "revision"];
                item.retain(|name, _| !depending.contains(&name.as_str()));
            }
            // A record is not written again if only members changed that the hash leaves out.
            kind => insights_sources::kind(kind)
                .map(|kind| kind.unhashed)
                .unwrap_or_default()
                .iter()
                .for_each(|path| remove(item, path)),
        }
    }
    table
}

/// Removes the member at a path of one or two names.
fn remove(item: &mut Map, path: &[&str]) {
    match path {
        [name] => _ = item.remove(name),
        [name, member] => {
            let found = item.iter_mut().find(|(other, _)| other.as_str() == *name);
            if let Some((_, Value::Map(map))) = found {
                map.remove(member);
            }
        }
        _ => {}
    }
}
