//! The arguments of `series`.

use super::shared::{Look, Where, Within};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// What the help of `series` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights series                             every series of the last 7 days
  insights series RunInstances --since 30d    those whose key contains the text
  insights series secretsmanager --period 60  minutes alone
  insights series ec2 --output csv > ec2.csv  a row for each bucket, zeros too

Each time is shown at the finest period that covers it. In a plot, _ is zero and · is unknown.";

/// Arguments of `series`.
#[derive(Debug, Args)]
pub struct SeriesArguments {
    /// Only series whose key contains this: service, operation, type, error or trail.
    pub text: Option<String>,
    /// Only points so many seconds apart, rather than the finest that cover each time.
    #[arg(long, value_name = "SECONDS", value_parser = period())]
    pub period: Option<i64>,
    /// From when until when.
    #[command(flatten)]
    pub within: Within,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
    /// How the answer looks.
    #[command(flatten)]
    pub look: Look,
}

fn period() -> impl TypedValueParser<Value = i64> {
    PossibleValuesParser::new(["60", "300", "3600"]).try_map(|text| text.parse::<i64>())
}
