//! How much there is to find when functions are compared, and the scenario that tells it: at first, and once a hundredth of
//! it has changed. Numbers only; it knows neither services nor functions.
//!
//! Nothing happens in the hour before the story is told, so that whoever asks twice gets the same answers.

use std::fmt::Write;

/// Minutes in the 15 days that CloudTrail keeps points of a minute.
const KEPT_MINUTES: usize = 15 * 24 * 60;
/// Minutes in 29 of the 30 days that X-Ray keeps insights.
const XRAY_MINUTES: usize = 29 * 24 * 60;
/// Control domains of an assessment.
const DOMAINS: usize = 10;
/// Controls of a control domain.
const CONTROLS: usize = 12;
/// One in so many changes.
const CHANGES: usize = 100;

/// How much there is in one account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// What the table calls it.
    pub name: &'static str,
    /// X-Ray's groups.
    pub groups: usize,
    /// Insights of X-Ray, and of CloudTrail.
    pub insights: usize,
    /// Series that CloudTrail's insights are about.
    pub series: usize,
    /// Audit Manager's assessments, of 120 controls in 10 domains each.
    pub assessments: usize,
}

/// Which of two stories is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The first one.
    First,
    /// The same, but that a hundredth has changed.
    Changed,
}

impl Load {
    /// Those that are measured.
    pub const ALL: [Self; 3] = [
        Self { name: "empty", groups: 0, insights: 0, series: 0, assessments: 0 },
        Self { name: "usual", groups: 5, insights: 200, series: 20, assessments: 5 },
        Self { name: "large", groups: 5, insights: 20_000, series: 500, assessments: 50 },
    ];

    /// One that is over soon.
    pub const TINY: Self = Self { name: "tiny", groups: 2, insights: 20, series: 2, assessments: 1 };

    /// X-Ray's part: insights with two events and a graph of two services each. One that changes has another event.
    pub fn xray(self, story: Story) -> String {
        let mut text = String::from("[xray]\n");
        for group in 0..self.groups {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "[[xray.groups]]\nname = \"group{group}\"\ninsights_enabled = true");
        }
        for number in 0..self.insights {
            let minutes = 60 + number * XRAY_MINUTES / self.insights;
            let (started, noticed, group) = (minutes + 5, minutes + 1, number % self.groups);
            let (mut version, mut event) = ("", String::new());
            if story == Story::Changed && number % CHANGES == 0 {
                version = "last_update_time = \"now\"\n";
                event = format!(
                    "{{ time = \"-{noticed}m\", summary = \"Ever more faults\", \
                     root_cause = {{ fault = 40, ok = 60, total = 100 }} }},\n"
                );
            }
            let _ = writeln!(
                text,
                "[[xray.insights]]\nname = \"{number}\"\ngroup = \"group{group}\"\ncategories = [\"FAULT\"]\n\
                 start = \"-{started}m\"\nend = \"-{minutes}m\"\nroot_cause = \"checkout\"\n{version}events = [\n\
                 {{ time = \"-{started}m\", summary = \"Faults in checkout\", root_cause = {{ fault = 10, ok = 90, total = 100 }} }},\n\
                 {event}\
                 {{ time = \"-{minutes}m\", summary = \"More faults\", root_cause = {{ fault = 60, ok = 40, total = 100 }} }},\n]\n\
                 graph = [{{ name = \"shop\", edges = [\"checkout\"] }}, {{ name = \"checkout\" }}]",
            );
        }
        text
    }

    /// CloudTrail's part: series with calls in every minute of 15 days but the last hour, and insights evenly about them.
    /// One insight in a hundred goes on, and is over in the other story; one series in a hundred has half an hour more.
    pub fn cloudtrail(self, story: Story) -> String {
        if self.series == 0 {
            return String::new();
        }
        let mut text = String::from(
            "[[cloudtrail.trails]]\nname = \"management\"\n\
             insight_selectors = [{ type = \"ApiCallRateInsight\", categories = [\"Management\"] }]\n",
        );
        for number in 0..self.insights {
            let minutes = 120 + number * (KEPT_MINUTES - 600) / self.insights;
            let times = match (number % CHANGES, story) {
                (0, Story::First) => "start = \"-2h\"".to_owned(),
                (0, Story::Changed) => "start = \"-2h\"\nend = \"-5m\"".to_owned(),
                _ => format!("start = \"-{}m\"\nend = \"-{minutes}m\"", minutes + 5),
            };
            let subject = subject(number % self.series);
            let _ = writeln!(
                text,
                "[[cloudtrail.insights]]\nkey = \"{number}\"\n{subject}\naverage = 44\nbaseline = 0.5\n{times}",
            );
        }
        for number in 0..self.series {
            let until = if story == Story::Changed && number % CHANGES == 0 { "-30m" } else { "-1h" };
            let _ = writeln!(
                text,
                "[[cloudtrail.series]]\n{}\nbaseline = 0\nnoise = 0\n\
                 bursts = [{{ from = \"-16d\", to = \"{until}\", rate = 5 }}]",
                subject(number),
            );
        }
        text
    }

    /// Audit Manager's part: assessments with the same controls. The evidence of one control in a hundred is corrected.
    pub fn auditmanager(self, story: Story) -> String {
        if self.assessments == 0 {
            return String::new();
        }
        let mut text = String::from("[auditmanager]\n");
        let mut number = 0;
        for assessment in 0..self.assessments {
            let _ = writeln!(
                text,
                "[[auditmanager.assessments]]\nname = \"Assessment {assessment}\"\ncompliance_type = \"PCI DSS\"",
            );
            for domain in 0..DOMAINS {
                let _ = writeln!(
                    text,
                    "[[auditmanager.assessments.domains]]\nname = \"Domain {domain}\"\ncontrols = ["
                );
                for control in 0..CONTROLS {
                    let changes = story == Story::Changed && number % CHANGES == 0;
                    let corrections = if changes {
                        ", corrections = [{ after = \"-1m\", noncompliant = 1, renews = true }]"
                    } else {
                        ""
                    };
                    let _ = writeln!(
                        text,
                        "{{ name = \"Control {domain}.{control}\", control_set = \"Set {domain}\", compliant = 20, \
                         noncompliant = {}, inconclusive = 2{corrections} }},",
                        control % 3,
                    );
                    number += 1;
                }
                text.push_str("]\n");
            }
        }
        text
    }

    /// The fewest records that X-Ray's part makes: an insight, two events and a graph.
    pub fn xray_records(self) -> usize {
        4 * self.insights
    }

    /// The fewest records that CloudTrail's part makes: insights, and whole hours of 15 days less the last one, less what
    /// begins within an hour and a half of the cut-off, and less two that the clock cuts.
    pub fn cloudtrail_records(self) -> usize {
        self.insights + self.series * (KEPT_MINUTES / 60 - 5)
    }

    /// The records that Audit Manager's part makes: the account and each assessment, with their domains and controls.
    pub fn auditmanager_records(self) -> usize {
        let each = 1 + DOMAINS + DOMAINS * CONTROLS;
        if self.assessments == 0 { 0 } else { each * (self.assessments + 1) }
    }
}

fn subject(number: usize) -> String {
    format!(
        "event_source = \"service{}.amazonaws.com\"\nevent_name = \"Operation{number}\"\n\
         insight_type = \"ApiCallRateInsight\"",
        number % 50
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::time::Clock;
    use insights_simulator::Scenario;

    #[test]
    fn every_story_of_every_load_is_one_that_the_simulator_takes() {
        for load in Load::ALL.into_iter().chain([Load::TINY]).filter(|load| load.insights <= 200) {
            for story in [Story::First, Story::Changed] {
                for text in [load.xray(story), load.cloudtrail(story), load.auditmanager(story)] {
                    let faults = Scenario::parse(&text, Clock::System.now()).err();
                    assert_eq!(faults.map(|faults| faults.to_string()), None, "{} {story:?}", load.name);
                }
            }
        }
    }

    #[test]
    fn the_second_story_changes_one_in_a_hundred() {
        let usual = Load::ALL[1];
        let added = |tell: fn(Load, Story) -> String, word: &str| {
            let count = |story| tell(usual, story).matches(word).count();
            count(Story::Changed) - count(Story::First)
        };
        assert_eq!(added(Load::xray, "last_update_time"), 2, "of 200 insights");
        assert_eq!(added(Load::cloudtrail, "end = "), 2, "of 200 insights");
        assert_eq!(added(Load::cloudtrail, "-30m"), 1, "of 20 series");
        assert_eq!(added(Load::auditmanager, "corrections"), 6, "of 600 controls");
    }

    #[test]
    fn an_empty_account_has_nothing_and_the_others_their_records() {
        let [empty, usual, _] = Load::ALL;
        assert_eq!(
            (empty.xray_records(), empty.cloudtrail_records(), empty.auditmanager_records()),
            (0, 0, 0)
        );
        assert_eq!((usual.xray_records(), usual.auditmanager_records()), (800, 6 * 131));
    }
}
