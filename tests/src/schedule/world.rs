//! A small world that changes: what there is to find at an instant, as a scenario, and the ways in which it goes on. Every
//! change happens at the clock, except what real services tell late: CloudTrail's events and points, within the overlap.

use super::dice::Dice;
use insights_shared::record::Source;
use insights_shared::time::Timestamp;
use std::fmt::Write;

/// How late CloudTrail may tell of something; less than the overlap of [`super::VARIABLES`].
const LATEST_SECONDS: i64 = 15 * 60;

/// An insight of X-Ray.
#[derive(Clone, Debug)]
pub struct XrayInsight {
    /// Its id.
    pub id: String,
    /// When it began.
    pub start: Timestamp,
    /// Each event's time and number of faults, oldest first.
    pub events: Vec<(Timestamp, i64)>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Whether it dropped out of the listing.
    pub is_unlisted: bool,
    /// Whether X-Ray does not know it any more.
    pub is_gone: bool,
}

/// An insight of CloudTrail.
#[derive(Clone, Debug)]
pub struct TrailInsight {
    /// Its `sharedEventID`.
    pub id: String,
    /// Which of the few series it is about.
    pub subject: usize,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Since when it can be known, and since when its end can.
    pub told: (Timestamp, Option<Timestamp>),
}

/// What there is.
#[derive(Clone, Debug)]
pub struct World {
    /// Whose world it is.
    pub source: Source,
    seed: u64,
    page_size: i64,
    /// How long an event of CloudTrail cannot be looked up.
    pub lag_seconds: i64,
    /// Insights of X-Ray.
    pub xray: Vec<XrayInsight>,
    /// Insights of CloudTrail.
    pub trail: Vec<TrailInsight>,
    /// Whether the trail has insights on data events.
    pub data_events: bool,
    /// Whether the trail is deleted, and with it all that can be asked of its data events.
    pub trail_is_deleted: bool,
    /// Whether it ever was, so that its series may be left alone for a day.
    pub trail_was_deleted: bool,
    corrections: Vec<(usize, Timestamp, i64, bool)>,
    assessments: usize,
}

/// Series: event source, event name, error code, and whether they are data events.
const SUBJECTS: [(&str, &str, Option<&str>, bool); 4] = [
    ("ec2.amazonaws.com", "RunInstances", None, false),
    ("secretsmanager.amazonaws.com", "GetSecretValue", Some("AccessDenied"), false),
    ("iam.amazonaws.com", "CreateRole", None, false),
    ("s3.amazonaws.com", "GetObject", None, true),
];

/// The controls of the assessments.
const CONTROLS: usize = 4;

impl TrailInsight {
    /// Whether it is about data events.
    pub fn is_data_event(&self) -> bool {
        SUBJECTS.get(self.subject).is_some_and(|(.., is_data)| *is_data)
    }
}

impl World {
    /// The world of a source as it begins.
    pub fn new(source: Source, seed: u64, dice: &mut Dice, now: Timestamp) -> Self {
        let mut world = Self {
            source,
            seed,
            page_size: dice.between(1, 3),
            lag_seconds: if dice.chance(50) { 0 } else { 120 },
            xray: Vec::new(),
            trail: Vec::new(),
            data_events: dice.chance(50),
            trail_is_deleted: false,
            trail_was_deleted: false,
            corrections: Vec::new(),
            assessments: 1,
        };
        for _ in 0..dice.between(0, 3) {
            world.begin(dice, now);
        }
        for _ in 0..dice.between(0, 3) {
            world.change(dice, now);
        }
        world
    }

    fn id(&self, number: usize) -> String {
        format!("{:08x}-0000-4000-8000-{number:012x}", self.seed & 0xFFFF_FFFF)
    }

    fn begin(&mut self, dice: &mut Dice, now: Timestamp) {
        let late = dice.between(60, LATEST_SECONDS);
        match self.source.id {
            "xray" => {
                let (id, start) = (self.id(self.xray.len()), now.plus_seconds(-late));
                let events = vec![(now, dice.between(1, 90))];
                self.xray.push(XrayInsight {
                    id,
                    start,
                    events,
                    end: None,
                    is_unlisted: false,
                    is_gone: false,
                });
            }
            "cloudtrail" => {
                let id = self.id(self.trail.len());
                let start = now.plus_seconds(-late).floor(60);
                let subject = dice.index(SUBJECTS.len());
                self.trail.push(TrailInsight { id, subject, start, end: None, told: (now, None) });
            }
            _ => {
                let correction = (dice.index(CONTROLS), now, dice.between(1, 9), dice.chance(50));
                self.corrections.push(correction);
            }
        }
    }

    /// Something happens.
    pub fn change(&mut self, dice: &mut Dice, now: Timestamp) {
        if dice.chance(35) {
            return self.begin(dice, now);
        }
        let which = dice.index(self.xray.len().max(self.trail.len()));
        let kind = dice.below(10);
        match self.source.id {
            "xray" => {
                if let Some(insight) = self.xray.get_mut(which) {
                    change_xray(insight, kind, dice.between(1, 90), now);
                }
            }
            "cloudtrail" => {
                let minute = now.floor(60);
                match self.trail.get_mut(which).filter(|insight| insight.end.is_none()) {
                    Some(insight) if insight.start < minute => {
                        (insight.end, insight.told.1) = (Some(minute), Some(now));
                    }
                    // One that is made anew has the same name, and with it the same ARN.
                    _ if kind > 6 && self.data_events => {
                        self.trail_is_deleted = !self.trail_is_deleted;
                        self.trail_was_deleted = true;
                    }
                    _ => self.data_events |= kind < 2,
                }
            }
            "auditmanager" if kind < 3 => self.assessments = 2,
            _ => self.begin(dice, now),
        }
    }

    /// The scenario file.
    pub fn scenario(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = match self.source.id {
            "xray" => self.write_xray(&mut text),
            "cloudtrail" => self.write_cloudtrail(&mut text),
            _ => self.write_auditmanager(&mut text),
        };
        text
    }

    fn write_xray(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "[xray]\npage_size = {}", self.page_size)?;
        writeln!(text, "groups = [{{ name = \"shop\", insights_enabled = true }}]")?;
        for insight in self.xray.iter().filter(|insight| !insight.is_gone) {
            writeln!(text, "[[xray.insights]]\nid = \"{}\"\ngroup = \"shop\"", insight.id)?;
            writeln!(text, "start = \"{}\"\nroot_cause = \"checkout\"", insight.start)?;
            writeln!(text, "unlisted = {}", insight.is_unlisted)?;
            if let Some(end) = insight.end {
                writeln!(text, "end = \"{end}\"")?;
            }
            writeln!(
                text,
                "graph = [{{ name = \"shop\", edges = [\"checkout\"] }}, {{ name = \"checkout\" }}]"
            )?;
            writeln!(text, "events = [")?;
            for (time, faults) in &insight.events {
                let numbers = format!("{{ fault = {faults}, ok = {}, total = 100 }}", 100 - faults);
                writeln!(
                    text,
                    "{{ time = \"{time}\", summary = \"{faults} faults\", root_cause = {numbers} }},"
                )?;
            }
            writeln!(text, "]")?;
        }
        Ok(())
    }

    fn write_cloudtrail(&self, text: &mut String) -> std::fmt::Result {
        let categories = if self.data_events { "\"Management\", \"Data\"" } else { "\"Management\"" };
        writeln!(text, "seed = 7\n[cloudtrail]\nlag = \"{}s\"", self.lag_seconds)?;
        writeln!(text, "[[cloudtrail.trails]]\nname = \"objects\"")?;
        if self.trail_is_deleted {
            writeln!(text, "deleted = \"2026-01-01T00:00:00Z\"")?;
        }
        writeln!(
            text,
            "insight_selectors = [{{ type = \"ApiCallRateInsight\", categories = [{categories}] }}]"
        )?;
        for insight in &self.trail {
            let Some((source, name, code, is_data)) = SUBJECTS.get(insight.subject) else { continue };
            let insight_type = if code.is_some() { "ApiErrorRateInsight" } else { "ApiCallRateInsight" };
            writeln!(text, "[[cloudtrail.insights]]\nid = \"{}\"\nkey = \"{}\"", insight.id, insight.id)?;
            writeln!(text, "event_source = \"{source}\"\nevent_name = \"{name}\"")?;
            writeln!(text, "insight_type = \"{insight_type}\"\naverage = 40\nstart_average = 9")?;
            writeln!(text, "start = \"{}\"", insight.start)?;
            if let Some(end) = insight.end {
                writeln!(text, "end = \"{end}\"")?;
            }
            if let Some(code) = code {
                writeln!(text, "error_code = \"{code}\"")?;
            }
            if *is_data {
                writeln!(text, "trail = \"objects\"")?;
            }
        }
        Ok(())
    }

    fn write_auditmanager(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "[auditmanager]\npage_size = {}", self.page_size)?;
        for assessment in 0..self.assessments {
            writeln!(text, "[[auditmanager.assessments]]\nname = \"assessment {assessment}\"")?;
            writeln!(text, "[[auditmanager.assessments.domains]]\nname = \"access\"")?;
            for control in 0..CONTROLS / 2 {
                writeln!(
                    text,
                    "[[auditmanager.assessments.domains.controls]]\nname = \"control {control}\""
                )?;
                writeln!(text, "control_set = \"set\"\ncompliant = 20\nnoncompliant = 5\ncorrections = [")?;
                let own = assessment * 2 + control;
                for (_, after, added, renews) in self.corrections.iter().filter(|(which, ..)| *which == own) {
                    writeln!(text, "{{ after = \"{after}\", noncompliant = {added}, renews = {renews} }},")?;
                }
                writeln!(text, "]")?;
            }
        }
        Ok(())
    }
}

fn change_xray(insight: &mut XrayInsight, kind: u64, faults: i64, now: Timestamp) {
    let is_newest = insight.events.last().is_none_or(|(time, _)| *time < now);
    match kind {
        0..6 if insight.end.is_none() && is_newest => {
            insight.events.push((now, faults));
            if kind == 5 {
                insight.end = Some(now);
            }
        }
        6..8 => insight.is_unlisted = !insight.is_unlisted,
        8 => insight.is_gone = !insight.is_gone,
        _ => {}
    }
}
