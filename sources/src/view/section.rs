//! The sections of a view: what records say, in a few types with typed values. Renderers turn them into text, HTML or rows, and
//! know no source.

use super::counts::Counts;
use insights_records::record::Severity;
use insights_records::series::SeriesKey;
use insights_records::time::Timestamp;

/// A part of a view, in the order in which it is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Section {
    /// Names with their values.
    Facts(Vec<Fact>),
    /// What happened, by time.
    Log(Log),
    /// Services and the calls between them.
    Graph(Graph),
    /// A metric series.
    Series(SeriesChart),
    /// Counts by day.
    Counts(Counts),
    /// Rows of values.
    Table(Table),
    /// A sentence that explains what is shown, or why something is not.
    Note(String),
    /// Explanations with a heading, each with the command that leads on.
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

/// What an issue or an empty result means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about, for example a target.
    pub about: String,
    /// What it means and what to do, without a full stop.
    pub text: String,
    /// A command that resolves it or shows more.
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

/// A value that has not been formatted.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    None,
    /// Text for people.
    Text(String),
    /// An identifier, a code or a key.
    Key(String),
    /// The main one of several values, with what kind of thing it is.
    Named {
        /// Its name.
        name: String,
        /// What it is, for example `AWS::Lambda::Function`.
        kind: Option<String>,
        /// Whether it stands out.
        is_main: bool,
    },
    /// Several values.
    List(Vec<Value>),
    /// An instant.
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
    /// An instant with its age.
    Age {
        /// What happened then, for example `last success`.
        what: &'static str,
        /// When it happened.
        at: Timestamp,
        /// How long ago that was, in milliseconds.
        millis: i64,
    },
    /// A number of things.
    Count(i64),
    /// A number of things that is a lower bound.
    AtLeast(i64),
    /// How often something happens in a minute.
    Rate(f64),
    /// A part of a whole.
    Share {
        /// The part.
        part: i64,
        /// The whole.
        whole: i64,
    },
    /// So many of so many.
    Part {
        /// The part.
        part: i64,
        /// The whole, if it is known.
        whole: Option<i64>,
        /// What is counted, in the plural.
        unit: &'static str,
    },
}

/// How far the data of a target can be trusted, the best first.
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

/// What happened, by time.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The entries, the oldest first.
    pub table: Table,
    /// How shares developed meanwhile.
    pub chart: Option<ShareChart>,
}

/// Rows of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, a value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// Whether it holds numbers.
    pub is_number: bool,
    /// Whether it can be left out where there is little room.
    pub is_optional: bool,
    /// Whether its values stay on one line.
    pub is_fixed: bool,
}

impl Column {
    /// A column of text, times and keys.
    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_number: false, is_optional: false, is_fixed: false }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self { is_number: true, ..Self::text(name) }
    }

    /// The same, left out where there is little room.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// The same, with values that stay on one line.
    #[must_use]
    pub fn fixed(self) -> Self {
        Self { is_fixed: true, ..self }
    }
}

/// Two shares over time, in percent.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareChart {
    /// What the shares are of.
    pub title: &'static str,
    /// What it shows, in a sentence for people who do not see it.
    pub label: String,
    /// What the first and the second share are of.
    pub names: [&'static str; 2],
    /// The shares by time, in percent, the oldest first.
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

/// What marks a service in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The source says that it is the root cause.
    RootCause,
    /// The source says that it is anomalous.
    Anomalous,
    /// Nothing.
    None,
}

/// A service in a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its number in this graph.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is, for example `AWS::Lambda::Function`; empty if that is unknown.
    pub kind: String,
    /// What marks it.
    pub mark: Mark,
    /// The numbers of the services that it calls.
    pub calls: Vec<i64>,
}

/// A metric series, with its known and unknown stretches. Readers fetch it: see [`super::Related`].
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesChart {
    /// The heading.
    pub title: String,
    /// The series.
    pub key: SeriesKey,
    /// The usual rate per minute.
    pub baseline: Option<f64>,
    /// What is shown if the series was not collected.
    pub missing: &'static str,
}
