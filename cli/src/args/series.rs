//! The arguments of `series`.

use super::shared::{FilterOptions, OutputOptions, PeriodOptions, TableOptions};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// The end of the help of `series`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights series                             all series, last 7 days
  insights series RunInstances --since 30d    series whose key contains the text
  insights series secretsmanager --period 60  only values by minute
  insights series ec2 --output csv > ec2.csv  one row per value, zeros included

The finest period that covers a time is shown. In a plot, _ means zero and · means unknown.";

/// Arguments of `series`.
#[derive(Debug, Args)]
pub struct SeriesArguments {
    /// Show series whose key contains this text: service, operation, type, error or trail.
    pub text: Option<String>,
    /// Show values of this period in seconds instead of the finest period that covers each time.
    #[arg(long, value_name = "SECONDS", value_parser = period())]
    pub period: Option<i64>,
    /// The filters.
    #[command(flatten)]
    pub filters: FilterOptions,
    /// The period.
    #[command(flatten)]
    pub within: PeriodOptions,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
    /// The output format.
    #[command(flatten)]
    pub look: OutputOptions,
}

fn period() -> impl TypedValueParser<Value = i64> {
    PossibleValuesParser::new(["60", "300", "3600"]).try_map(|text| text.parse::<i64>())
}
