//! The counts of evidence: the newest day, and the evidence of each control on that day. They are a function of the scenario,
//! so a day always has the same counts.

use super::{Assessment, Control, Data, Dip, Domain};
use crate::scenario::hash;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use std::ops::AddAssign;

/// Milliseconds in a day.
const DAY_MILLIS: i64 = DAY_SECONDS * 1_000;

/// A day with counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01.
    pub number: i64,
    /// When its counts appear.
    pub last_updated: Timestamp,
}

/// Evidence counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Compliant evidence.
    pub compliant: i64,
    /// Non-compliant evidence.
    pub noncompliant: i64,
    /// Inconclusive evidence, "not applicable" included.
    pub inconclusive: i64,
}

/// The evidence of a control in an assessment on a day.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The assessment.
    pub assessment: &'a Assessment,
    /// The control domain.
    pub domain: &'a Domain,
    /// The control.
    pub control: &'a Control,
    /// The counts.
    pub counts: Counts,
    /// When the counts were last updated.
    pub last_updated: Timestamp,
}

/// The newest day with counts at `now`.
pub fn newest_day(data: &Data, now: Timestamp) -> Option<Day> {
    let newest = (now.millis() - data.collected_at).div_euclid(DAY_MILLIS);
    // At least one of these days is not missing.
    let oldest = newest - i64::try_from(data.missing_days.len()).unwrap_or_default();
    let number = (oldest..=newest).rev().find(|number| !data.missing_days.contains(number))?;
    let last_updated = Timestamp::from_millis(number * DAY_MILLIS + data.collected_at)?;
    Some(Day { number, last_updated })
}

/// The day of `instant` since 1970-01-01.
pub fn day_of(instant: Timestamp) -> i64 {
    instant.millis().div_euclid(DAY_MILLIS)
}

/// The newest day with counts, if `assessment` collected evidence then.
pub fn newest_day_of(data: &Data, assessment: &Assessment, now: Timestamp) -> Option<Day> {
    let began = assessment.collects_from.max(assessment.created);
    newest_day(data, now).filter(|day| began.is_none_or(|began| began <= day.last_updated))
}

/// The evidence of the controls of `assessment` on its newest day, in the scenario's order.
pub fn evidence<'a>(data: &Data, assessment: &'a Assessment, now: Timestamp) -> Vec<Evidence<'a>> {
    let Some(day) = newest_day_of(data, assessment, now) else { return Vec::new() };
    let domains = assessment.domains.iter();
    domains
        .flat_map(|domain| domain.controls.iter().map(move |control| (domain, control)))
        .map(|(domain, control)| {
            let collected = collected(data, assessment, domain, control, day);
            let (counts, last_updated) = corrected(data, control, day, collected, now);
            Evidence { assessment, domain, control, counts, last_updated }
        })
        .collect()
}

impl Counts {
    /// Whether any count is not zero.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.compliant += other.compliant;
        self.noncompliant += other.noncompliant;
        self.inconclusive += other.inconclusive;
    }
}

/// The counts before corrections. A dip changes compliant evidence into non-compliant evidence.
fn collected(data: &Data, assessment: &Assessment, domain: &Domain, control: &Control, day: Day) -> Counts {
    if day.number.rem_euclid(control.every.max(1)) != control.phase {
        return Counts::default();
    }
    let set = control.control_set.as_deref().unwrap_or_default();
    let name = [&assessment.id, &domain.id, &control.id, set].join("\n");
    let count = |expected: f64, what: &str| {
        let random = hash(data.seed, &format!("{name}\n{}\n{what}", day.number));
        let factor = 1.0 + data.jitter * (2.0 * fraction(&random, 0) - 1.0);
        whole(expected * factor + fraction(&random, 8))
    };
    let factor = dip(&assessment.dips, day.last_updated) * dip(&control.dips, day.last_updated);
    let [compliant, noncompliant, inconclusive] = control.baseline;
    let assessed = count(compliant, "compliant") + count(noncompliant, "noncompliant");
    let noncompliant = count(noncompliant * factor, "noncompliant").min(assessed);
    Counts {
        compliant: assessed - noncompliant,
        noncompliant,
        inconclusive: count(inconclusive, "inconclusive"),
    }
}

fn corrected(
    data: &Data,
    control: &Control,
    day: Day,
    collected: Counts,
    now: Timestamp,
) -> (Counts, Timestamp) {
    let mut counts = collected;
    let mut last_updated = day.last_updated;
    for correction in control.corrections.iter().filter(|correction| correction.after <= now) {
        let about = correction.day.or_else(|| newest_day(data, correction.after).map(|day| day.number));
        if about != Some(day.number) {
            continue;
        }
        let [compliant, noncompliant, inconclusive] = correction.added;
        counts.compliant = (counts.compliant + compliant).max(0);
        counts.noncompliant = (counts.noncompliant + noncompliant).max(0);
        counts.inconclusive = (counts.inconclusive + inconclusive).max(0);
        // `lastUpdated` stays on the day of the counts.
        if correction.renews && day_of(correction.after) == day.number {
            last_updated = last_updated.max(correction.after);
        }
    }
    (counts, last_updated)
}

/// The factor of the non-compliant baseline at `at`.
fn dip(dips: &[Dip], at: Timestamp) -> f64 {
    dips.iter().map(|dip| 1.0 + (dip.factor - 1.0) * depth(dip, at)).product()
}

/// The depth of the dip at `at`, from 0 to 1.
fn depth(dip: &Dip, at: Timestamp) -> f64 {
    if at < dip.from {
        0.0
    } else if at < dip.peak {
        share(at.millis_since(dip.from), dip.peak.millis_since(dip.from))
    } else {
        dip.to.map_or(
            1.0,
            |to| if at < to { share(to.millis_since(at), to.millis_since(dip.peak)) } else { 0.0 },
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of a span needs no last digit")]
fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A number from 0 to below 1 from the four bytes at `from`.
fn fraction(random: &[u8], from: usize) -> f64 {
    let bytes = random.iter().skip(from).take(4);
    f64::from(bytes.fold(0_u32, |number, byte| number << 8 | u32::from(*byte))) / 4_294_967_296.0
}

#[expect(clippy::cast_possible_truncation, reason = "the scenario limits baselines, factors and jitter")]
fn whole(number: f64) -> i64 {
    number.floor().max(0.0) as i64
}
