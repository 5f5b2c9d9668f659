//! Sections: the content of records in a few types with typed values. Renderers convert them to text, HTML or rows, and are
//! independent of sources.

use super::counts::Counts;
use insights_records::record::Severity;
use insights_records::series::SeriesKey;
use insights_records::time::Timestamp;

/// A part of a view, in display order.
#[derive(Clone, Debug, PartialEq)]
pub enum Section {
    /// Names and values.
    Facts(Vec<Fact>),
    /// Events, by time.
    Log(Log),
    /// Services and the calls between them.
    Graph(Graph),
    /// A metric series.
    Series(SeriesChart),
    /// Counts by day.
    Counts(Counts),
    /// Rows of values.
    Table(Table),
    /// A sentence that explains the data, or why there is none.
    Note(String),
    /// Explanations with a heading. Each may have a command.
    Explanations(Explanations),
}

/// Explanations with a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanations {
    /// The heading.
    pub title: &'static str,
    /// The explanations.
    pub entries: Vec<Explanation>,
}

/// An explanation of an issue or of an empty result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Its subject, for example a target.
    pub about: String,
    /// The meaning and what to do, without a full stop.
    pub text: String,
    /// A command that resolves the issue or shows more.
    pub command: Option<String>,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The name, for example `Root cause`.
    pub name: &'static str,
    /// The value.
    pub value: Value,
}

/// A value before formatting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    None,
    /// Text for people.
    Text(String),
    /// An identifier, a code or a key.
    Key(String),
    /// One of several named values, with its type.
    Named {
        /// Its name.
        name: String,
        /// What it is, for example `AWS::Lambda::Function`.
        kind: Option<String>,
        /// Whether it is highlighted.
        is_main: bool,
    },
    /// Several values.
    List(Vec<Value>),
    /// A time.
    Time(Timestamp),
    /// A length of time in seconds.
    Duration(i64),
    /// A severity.
    Severity(Severity),
    /// The state of something.
    State {
        /// The state, for example `not enabled`.
        text: &'static str,
        /// How far the data can be trusted.
        tone: Tone,
    },
    /// A time and its age.
    Age {
        /// What happened at that time, for example `last success`.
        what: &'static str,
        /// When it happened.
        at: Timestamp,
        /// The age, in milliseconds.
        millis: i64,
    },
    /// A count.
    Count(i64),
    /// A count that is a lower bound.
    AtLeast(i64),
    /// A rate per minute.
    Rate(f64),
    /// A share of a whole.
    Share {
        /// The part.
        part: i64,
        /// The whole.
        whole: i64,
    },
    /// A part of a whole as two numbers, for example `12 of 57`.
    Part {
        /// The part.
        part: i64,
        /// The whole, if it is known.
        whole: Option<i64>,
        /// What is counted, in the plural.
        unit: &'static str,
    },
}

/// How reliable the data of a target is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// It is complete and recent.
    Good,
    /// There is no data, because the source is not in use.
    Off,
    /// A part may be missing.
    Unsure,
    /// It is missing or old.
    Bad,
}

/// Events by time, with a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The entries, oldest first.
    pub table: Table,
    /// The numbers over the same time.
    pub chart: Option<LogChart>,
}

/// The chart of a log.
#[derive(Clone, Debug, PartialEq)]
pub enum LogChart {
    /// Two shares over time.
    Shares(ShareChart),
    /// Counts over time.
    Counts(LineChart),
}

/// Counts over time, a line for each thing that was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineChart {
    /// What was counted.
    pub title: &'static str,
    /// What it shows, in a sentence for people who do not see it.
    pub label: String,
    /// The lines, the most important first.
    pub lines: Vec<CountLine>,
}

/// One line of a chart of counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountLine {
    /// What was counted.
    pub name: String,
    /// The counts by time, the oldest first.
    pub points: Vec<(Timestamp, i64)>,
}

/// Rows of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, with one value per column.
    pub rows: Vec<Vec<Value>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// Whether it contains numbers.
    pub is_number: bool,
    /// Whether it is omitted in narrow output.
    pub is_optional: bool,
    /// Whether its values are never wrapped.
    pub is_fixed: bool,
}

impl Column {
    /// A column of text, times or keys.
    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_number: false, is_optional: false, is_fixed: false }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self { is_number: true, ..Self::text(name) }
    }

    /// The same column, omitted in narrow output.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// The same column, with values that are never wrapped.
    #[must_use]
    pub fn fixed(self) -> Self {
        Self { is_fixed: true, ..self }
    }
}

/// Two shares over time, in percent.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareChart {
    /// The heading.
    pub title: &'static str,
    /// A description of the chart for people who cannot see it.
    pub label: String,
    /// The names of the two shares.
    pub names: [&'static str; 2],
    /// The shares by time, in percent, oldest first.
    pub points: Vec<(Timestamp, [Option<f64>; 2])>,
}

/// Services and the calls between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The heading.
    pub title: &'static str,
    /// The services.
    pub nodes: Vec<Node>,
}

/// A mark of a service in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The source says that it is the root cause.
    RootCause,
    /// The source says that it is anomalous.
    Anomalous,
    /// No mark.
    None,
}

/// A service in a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id in this graph.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its type, for example `AWS::Lambda::Function`; empty if unknown.
    pub kind: String,
    /// Its mark.
    pub mark: Mark,
    /// The ids of the services that it calls.
    pub calls: Vec<i64>,
}

/// A metric series. Readers fetch its points and coverage: see [`super::Related`].
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesChart {
    /// The heading.
    pub title: String,
    /// The series.
    pub key: SeriesKey,
    /// The usual rate per minute.
    pub baseline: Option<f64>,
    /// The text that is shown if the series was not collected.
    pub missing: &'static str,
}
