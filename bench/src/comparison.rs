//! The resources that two programs needed for the same runs, as tables: medians, and their ratio. This module does not depend
//! on the programs and has no limits.

use crate::function::Invoked;
use crate::services::Services;
use crate::table::{Table, count, mebibytes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A run in the sequence of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
    /// With an empty table.
    First,
    /// Without changes since the first run.
    Unchanged,
    /// With one item in a hundred changed.
    Changed,
}

/// All runs, in their order.
pub const RUNS: [Run; 3] = [Run::First, Run::Unchanged, Run::Changed];

impl Run {
    /// The name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Unchanged => "unchanged",
            Self::Changed => "1 % changed",
        }
    }
}

/// The resources that one run of one program needed.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The response.
    pub response: Value,
    /// The number of written items. An item that was written twice counts twice.
    pub items: u64,
    started: Duration,
    took: Duration,
    processor: Duration,
    peak_kib: u64,
    calls: u64,
    requests: u64,
}

impl Sample {
    /// The resources of a run in a process that had used `started` CPU time before the invocation.
    pub fn of(started: Duration, invoked: &Invoked, services: &Services) -> Self {
        let (calls, requests) = services.requests();
        Self {
            response: invoked.response.clone(),
            items: services.items_written(),
            started,
            took: invoked.took,
            processor: invoked.processor.saturating_sub(started),
            peak_kib: invoked.peak_kib,
            calls,
            requests,
        }
    }

    fn units(&self, name: &str) -> f64 {
        self.response.get(name).and_then(Value::as_f64).unwrap_or_default()
    }
}

/// The resources on one line.
impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measures = MEASURES.map(|(name, measure)| format!("{name} {}", shown(name, measure(self))));
        formatter.write_str(&measures.join(", "))
    }
}

/// The number of read units that cost as much as one write unit, on demand.
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
const READS_FOR_A_WRITE: f64 = 5.0;

/// A number of a run.
type Measure = fn(&Sample) -> f64;

/// The measures of a run, with the headings of their columns.
const MEASURES: [(&str, Measure); 7] = [
    ("ms", |sample| millis(sample.took)),
    ("CPU ms", |sample| millis(sample.processor)),
    ("peak MiB", |sample| float(sample.peak_kib)),
    ("calls", |sample| float(sample.calls)),
    ("table requests", |sample| float(sample.requests)),
    ("read units", |sample| sample.units("read_units")),
    ("write units", |sample| sample.units("write_units")),
];

/// One run of both programs.
#[derive(Clone, Debug)]
pub struct Both {
    /// Of the shipped function.
    pub ours: Sample,
    /// Of the boto3 program.
    pub theirs: Sample,
}

/// The runs of both programs, starting with empty tables, and the number of stored points after each run.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    runs: Vec<(Run, Both, u64)>,
}

impl Compared {
    /// Adds a run, after which `points` points are stored in total.
    pub fn add(&mut self, run: Run, both: Both, points: u64) {
        let before: u64 = self.runs.iter().map(|(_, _, new)| new).sum();
        self.runs.push((run, both, points.saturating_sub(before)));
    }
}

/// The tables of all comparisons.
#[derive(Debug)]
pub struct Tables {
    needed: Table,
    cost: Table,
    starts: BTreeMap<String, (Vec<f64>, Vec<f64>)>,
}

impl Default for Tables {
    fn default() -> Self {
        let needed: Vec<&str> =
            ["run", "by"].into_iter().chain(MEASURES.iter().map(|(name, _)| *name)).collect();
        let cost = [
            "run",
            "items",
            "write units",
            "read units",
            "in all",
            "everything each time",
            "new points as items",
        ];
        Self { needed: Table::new(&needed), cost: Table::new(&cost), starts: BTreeMap::new() }
    }
}

impl Tables {
    /// Adds the results of `function` for a load, from all repetitions.
    pub fn add(&mut self, function: &str, load: &str, repeats: &[Compared]) {
        for run in RUNS {
            let of_run =
                || repeats.iter().flat_map(|one| &one.runs).filter(move |(which, _, _)| *which == run);
            let (ours, theirs): (Vec<&Sample>, Vec<&Sample>) =
                of_run().map(|(_, both, _)| (&both.ours, &both.theirs)).unzip();
            if ours.is_empty() {
                continue;
            }
            let starts = self.starts.entry(function.to_owned()).or_default();
            starts.0.extend(ours.iter().map(|sample| millis(sample.started)));
            starts.1.extend(theirs.iter().map(|sample| millis(sample.started)));
            let name = format!("{function}, {load}, {}", run.name());
            let of = |samples: &[&Sample], measure: Measure| {
                median(samples.iter().map(|sample| measure(sample)).collect())
            };
            let mut rows = [
                vec![name.clone(), "ours".to_owned()],
                vec![String::new(), "boto3".to_owned()],
                vec![String::new(), "ratio".to_owned()],
            ];
            for (column, measure) in MEASURES {
                let (left, right) = (of(&ours, measure), of(&theirs, measure));
                for (row, cell) in
                    rows.iter_mut().zip([shown(column, left), shown(column, right), ratio(left, right)])
                {
                    row.push(cell);
                }
            }
            for row in rows {
                self.needed.row(row);
            }
            let points = of_run().map(|(_, _, points)| float(*points)).collect();
            self.cost.row(vec![
                name,
                units(of(&ours, |sample| float(sample.items))),
                units(of(&ours, |sample| sample.units("write_units"))),
                units(of(&ours, |sample| sample.units("read_units"))),
                tenths(of(&ours, in_all)),
                units(of(&theirs, |sample| sample.units("write_units"))),
                units(median(points)),
            ]);
        }
    }

    /// All tables, as Markdown.
    pub fn render(self) -> String {
        let mut starts = Table::new(&["start", "ours, CPU ms", "boto3, CPU ms", "ratio"]);
        for (function, (ours, theirs)) in self.starts {
            let (ours, theirs) = (median(ours), median(theirs));
            starts.row(vec![function, format!("{ours:.1}"), format!("{theirs:.1}"), ratio(ours, theirs)]);
        }
        format!("{}\n{}\n{}", self.needed.render(), starts.render(), self.cost.render())
    }
}

fn shown(column: &str, measure: f64) -> String {
    match column {
        "peak MiB" => mebibytes(whole(measure)),
        "ms" | "CPU ms" if measure < 10.0 => format!("{measure:.1}"),
        "ms" | "CPU ms" => count(whole(measure)),
        _ => units(measure),
    }
}

/// Reads and writes as write units, by their on-demand price.
fn in_all(sample: &Sample) -> f64 {
    sample.units("write_units") + sample.units("read_units") / READS_FOR_A_WRITE
}

/// Units are multiples of one half.
fn units(number: f64) -> String {
    let half = if number.fract() == 0.0 { "" } else { ".5" };
    format!("{}{half}", count(whole(number.floor())))
}

fn tenths(number: f64) -> String {
    let tenths = whole(number * 10.0);
    format!("{}.{}", count(tenths / 10), tenths % 10)
}

fn ratio(ours: f64, theirs: f64) -> String {
    match theirs / ours {
        ratio if !ratio.is_finite() => "–".to_owned(),
        ratio if ratio < 10.0 => format!("{ratio:.1}×"),
        ratio => format!("{}×", count(whole(ratio))),
    }
}

/// The median; of an even number of values, the greater of the two in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "neither negative nor large")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(took: u64, started: u64, write_units: f64) -> Sample {
        Sample {
            response: json!({"read_units": 0.5, "write_units": write_units}),
            items: 2,
            started: Duration::from_millis(started),
            took: Duration::from_millis(took),
            processor: Duration::from_millis(took / 2),
            peak_kib: 10 * 1024,
            calls: 3,
            requests: 4,
        }
    }

    #[test]
    fn tables_have_medians_and_how_many_times_as_much_the_other_one_needed() {
        let one = |ours: u64, theirs: u64, points: u64| {
            let mut compared = Compared::default();
            let both = Both { ours: sample(ours, 2, 1.0), theirs: sample(theirs, 400, 6.0) };
            compared.add(Run::First, both.clone(), points);
            compared.add(Run::Unchanged, both, points);
            compared
        };
        let mut tables = Tables::default();
        tables.add("xray-insights", "usual", &[one(40, 1_000, 7), one(20, 9_000, 7), one(30, 2_000, 7)]);
        let rendered = tables.render();
        let rows: Vec<Vec<&str>> =
            rendered.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
        let row = |index: usize| rows[index][1..rows[index].len() - 1].join(" ");
        assert_eq!(row(0), "run by ms CPU ms peak MiB calls table requests read units write units");
        assert_eq!(row(2), "xray-insights, usual, first ours 30 15 10.0 3 4 0.5 1");
        assert_eq!(row(3), " boto3 2,000 1,000 10.0 3 4 0.5 6");
        assert_eq!(row(4), " ratio 67× 67× 1.0× 1.0× 1.0× 1.0× 6.0×");
        assert_eq!(row(11), "xray-insights 2.0 400.0 200×");
        assert_eq!(row(15), "xray-insights, usual, first 2 1 0.5 1.1 6 7");
        assert_eq!(row(16), "xray-insights, usual, unchanged 2 1 0.5 1.1 6 0", "no new points");
    }

    #[test]
    fn a_division_by_zero_has_no_ratio() {
        assert_eq!(ratio(0.0, 1.0), "–");
        assert_eq!(ratio(0.0, 0.0), "–");
        assert_eq!(ratio(4.0, 1.0), "0.2×");
        assert_eq!((tenths(160_003.3), tenths(0.04)), ("160,003.3".to_owned(), "0.0".to_owned()));
    }
}
