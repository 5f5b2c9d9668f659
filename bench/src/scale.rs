//! How much there is to find, and the scenario that tells it. Numbers only; it knows neither services nor functions.

use std::fmt::Write;

/// Minutes in the 15 days that CloudTrail keeps points of a minute.
const KEPT_MINUTES: usize = 15 * 24 * 60;
/// Minutes in 29 of the 30 days that X-Ray keeps insights.
const XRAY_MINUTES: usize = 29 * 24 * 60;

/// How much there is in one account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// What the table calls it.
    pub name: &'static str,
    /// Insights of each service.
    pub insights: usize,
    /// Series that CloudTrail's insights are about; each has calls in every minute of 15 days.
    pub series: usize,
}

impl Scale {
    /// Once, ten times and a hundred times as much.
    pub const ALL: [Self; 3] = [
        Self { name: "1x", insights: 200, series: 10 },
        Self { name: "10x", insights: 2_000, series: 100 },
        Self { name: "100x", insights: 20_000, series: 1_000 },
    ];

    /// X-Ray's part: insights that are over, each with two events and a graph of two services.
    pub fn xray(self) -> String {
        let mut text = String::from("[xray]\ngroups = [{ name = \"shop\", insights_enabled = true }]\n");
        for number in 0..self.insights {
            let minutes = 10 + number * XRAY_MINUTES / self.insights;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\ncategories = [\"FAULT\"]\n\
                 start = \"-{}m\"\nend = \"-{minutes}m\"\nroot_cause = \"checkout\"\nevents = [\n\
                 {{ time = \"-{}m\", summary = \"Faults in checkout\", root_cause = {{ fault = 10, ok = 90, total = 100 }} }},\n\
                 {{ time = \"-{minutes}m\", summary = \"More faults\", root_cause = {{ fault = 60, ok = 40, total = 100 }} }},\n]\n\
                 graph = [{{ name = \"shop\", edges = [\"checkout\"] }}, {{ name = \"checkout\" }}]",
                minutes + 5,
                minutes + 5,
            );
        }
        text
    }

    /// CloudTrail's part: insights that are over, evenly about the series, and the series.
    pub fn cloudtrail(self) -> String {
        let mut text = String::from(
            "[[cloudtrail.trails]]\nname = \"management\"\n\
             insight_selectors = [{ type = \"ApiCallRateInsight\", categories = [\"Management\"] }]\n",
        );
        for number in 0..self.insights {
            let minutes = 10 + number * (KEPT_MINUTES - 60) / self.insights;
            let subject = subject(number % self.series);
            let _ = writeln!(
                text,
                "[[cloudtrail.insights]]\nkey = \"{number}\"\n{subject}\naverage = 44\nbaseline = 0.5\n\
                 start = \"-{}m\"\nend = \"-{minutes}m\"",
                minutes + 5,
            );
        }
        for number in 0..self.series {
            let subject = subject(number);
            let _ = writeln!(text, "[[cloudtrail.series]]\n{subject}\nbaseline = 5\nnoise = 0");
        }
        text
    }
}

fn subject(number: usize) -> String {
    format!(
        "event_source = \"service{}.amazonaws.com\"\nevent_name = \"Operation{number}\"\n\
         insight_type = \"ApiCallRateInsight\"",
        number % 50
    )
}
