//! The random data of the simulated services in a schedule. It changes while the functions run. The file of each source in
//! `tests/src/sources` defines the changes.

use super::backend::Backend;
use super::dice::Dice;
use crate::lab::{ACCOUNT, REGION};
use crate::sources::test_source;
use crate::table::Table;
use insights_shared::key::Key;
use insights_shared::record::Source;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value as Stored};
use serde_json::{Value, json};
use std::fmt::{self, Debug};

/// The maximum age of new data in seconds: less than the overlap in [`super::VARIABLES`].
const MAX_AGE_SECONDS: i64 = 15 * 60;
/// The message for a record that an undisturbed table does not contain.
pub const ONLY_DISTURBED: &str = "only in the disturbed table";

/// Values that are drawn once per schedule, for every source, so that a seed always results in the same schedule.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    seed: u64,
    /// The page size.
    pub page_size: i64,
    /// Whether the service returns new data late.
    pub is_delayed: bool,
    /// Whether optional data exists from the start.
    pub has_optional_data: bool,
}

impl Settings {
    /// A UUID for the item with this number.
    pub fn id(&self, number: usize) -> String {
        format!("{:08x}-0000-4000-8000-{number:012x}", self.seed & 0xFFFF_FFFF)
    }
}

/// The data of one source.
pub trait RandomData: Debug {
    /// Adds an item that started `age_seconds` before `now`.
    fn add(&mut self, age_seconds: i64, dice: &mut Dice, now: Timestamp);

    /// The number of items that [`RandomData::change`] can select.
    fn count(&self) -> usize;

    /// Changes the item at `index`, or other data. `way` is below 10. Returns `false` if nothing was changed; then an item is
    /// added instead.
    fn change(&mut self, index: usize, way: u64, dice: &mut Dice, now: Timestamp) -> bool;

    /// Writes the scenario file.
    fn write_scenario(&self, scenario: &mut String) -> fmt::Result;

    /// The `detail` of an event that the service sends; `None` if it sends none now.
    fn push_detail(&self, _: &mut Dice, _: &Backend) -> Option<Value> {
        None
    }

    /// Data that a run with this watermark must have stored, but has not.
    fn missing_before(&self, _: Timestamp, _: &Backend) -> Vec<String> {
        Vec::new()
    }

    /// The message for a record that an undisturbed table does not contain; `None` if it may exist.
    fn violation_of_extra(&self, key: &Key, item: &Map) -> Option<String>;

    /// Whether a record depends on the times of the runs, so that it may differ between two tables of the same data.
    fn depends_on_runs(&self, _: &Map) -> bool {
        false
    }

    /// Faults of a table that a comparison with an undisturbed table does not show.
    fn violations_of_table(&self, _: &Table) -> Vec<String> {
        Vec::new()
    }

    /// The time in milliseconds after which a run again requests data that was unavailable.
    fn retry_millis(&self) -> i64 {
        0
    }
}

/// The data of a schedule.
#[derive(Debug)]
pub struct ScheduleData {
    source: Source,
    data: Box<dyn RandomData>,
}

impl ScheduleData {
    /// The initial data for a seed.
    pub fn new(source: Source, seed: u64, dice: &mut Dice, now: Timestamp) -> Self {
        let settings = Settings {
            seed,
            page_size: dice.between(1, 3),
            is_delayed: !dice.chance(50),
            has_optional_data: dice.chance(50),
        };
        let mut data = Self { source, data: (test_source(source).random_data)(&settings) };
        for _ in 0..dice.between(0, 3) {
            data.add(dice, now);
        }
        for _ in 0..dice.between(0, 3) {
            data.change(dice, now);
        }
        data
    }

    fn add(&mut self, dice: &mut Dice, now: Timestamp) {
        let age = dice.between(60, MAX_AGE_SECONDS);
        self.data.add(age, dice, now);
    }

    /// Adds or changes something.
    pub fn change(&mut self, dice: &mut Dice, now: Timestamp) {
        if dice.chance(35) {
            return self.add(dice, now);
        }
        let (index, way) = (dice.index(self.data.count()), dice.below(10));
        if !self.data.change(index, way, dice, now) {
            self.add(dice, now);
        }
    }

    /// The scenario file.
    pub fn scenario(&self) -> String {
        let mut scenario = String::new();
        self.data.write_scenario(&mut scenario).expect("a string takes what is written");
        scenario
    }

    /// The payload of a run: usually the schedule, sometimes an event of the service or a time window.
    pub fn payload(&self, dice: &mut Dice, backend: &Backend, now: Timestamp) -> String {
        match dice.below(10) {
            0..3 => self.push(dice, backend, now).unwrap_or_else(|| "{}".to_owned()),
            3 if self.source.history.is_some() => {
                let (start, end) = (now.plus_seconds(-100_000), now.plus_seconds(-dice.between(0, 5_000)));
                json!({"window": {"start": start.to_string(), "end": end.to_string()}}).to_string()
            }
            _ => "{}".to_owned(),
        }
    }

    fn push(&self, dice: &mut Dice, backend: &Backend, now: Timestamp) -> Option<String> {
        let push = self.source.push?;
        let envelope = json!({
            "version": "0", "id": "6f1d3c8e-0b72-4a95-8d4c-e2f7a1b09c36", "detail-type": push.detail_type,
            "source": push.event_source, "account": ACCOUNT, "time": now.to_string(), "region": REGION,
            "resources": [], "detail": self.data.push_detail(dice, backend)?,
        });
        Some(envelope.to_string())
    }

    /// Data that a run with `watermark` must have stored, but has not.
    pub fn missing_before(&self, watermark: &str, backend: &Backend) -> Vec<String> {
        watermark
            .parse()
            .map_or_else(|_| Vec::new(), |watermark| self.data.missing_before(watermark, backend))
    }

    /// See [`RandomData::violation_of_extra`].
    pub fn violation_of_extra(&self, key: &Key, item: &Map) -> Option<String> {
        self.data.violation_of_extra(key, item)
    }

    /// See [`RandomData::depends_on_runs`].
    pub fn depends_on_runs(&self, item: &Map) -> bool {
        self.data.depends_on_runs(item)
    }

    /// See [`RandomData::violations_of_table`].
    pub fn violations_of_table(&self, table: &Table) -> Vec<String> {
        self.data.violations_of_table(table)
    }

    /// See [`RandomData::retry_millis`].
    pub fn retry_millis(&self) -> i64 {
        self.data.retry_millis()
    }
}

/// The text of an attribute.
pub fn text<'a>(item: &'a Map, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Stored::as_str)
}
