//! What was counted on a day: which day is the newest, and how much evidence each control collected on it. Pure
//! arithmetic from the seed, so that the same day always has the same counts, however often and in whatever order it is
//! looked at. It knows nothing of answers.

use super::{Assessment, Control, Data, Dip, Domain};
use crate::scenario::hash;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use std::ops::AddAssign;

/// Milliseconds in a day.
const DAY_MILLIS: i64 = DAY_SECONDS * 1_000;

/// A day whose counts are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, counted from 1970-01-01.
    pub number: i64,
    /// When its counts appeared.
    pub last_updated: Timestamp,
}

/// Pieces of evidence by what they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pieces that comply.
    pub compliant: i64,
    /// Pieces that do not.
    pub noncompliant: i64,
    /// Pieces that cannot be told, "not applicable" among them.
    pub inconclusive: i64,
}

/// What one control of one assessment collected on a day.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The assessment.
    pub assessment: &'a Assessment,
    /// The control domain.
    pub domain: &'a Domain,
    /// The control.
    pub control: &'a Control,
    /// What it collected; nothing is zero of each.
    pub counts: Counts,
    /// When these counts were last changed.
    pub last_updated: Timestamp,
}

/// The newest day whose counts are there at `now`.
pub fn newest_day(data: &Data, now: Timestamp) -> Option<Day> {
    let newest = (now.millis() - data.collected_at).div_euclid(DAY_MILLIS);
    // Among one more day than are missing there is one that is not.
    let oldest = newest - i64::try_from(data.missing_days.len()).unwrap_or_default();
    let number = (oldest..=newest).rev().find(|number| !data.missing_days.contains(number))?;
    let last_updated = Timestamp::from_millis(number * DAY_MILLIS + data.collected_at)?;
    Some(Day { number, last_updated })
}

/// The day that `instant` lies in, counted from 1970-01-01.
pub fn day_of(instant: Timestamp) -> i64 {
    instant.millis().div_euclid(DAY_MILLIS)
}

/// The newest day of `assessment`, if it was there and collected when that day was counted.
pub fn newest_day_of(data: &Data, assessment: &Assessment, now: Timestamp) -> Option<Day> {
    let began = assessment.collects_from.max(assessment.created);
    newest_day(data, now).filter(|day| began.is_none_or(|began| began <= day.last_updated))
}

/// What every control of `assessment` collected on its newest day, in the scenario's order.
pub fn evidence<'a>(data: &Data, assessment: &'a Assessment, now: Timestamp) -> Vec<Evidence<'a>> {
    let Some(day) = newest_day_of(data, assessment, now) else { return Vec::new() };
    let domains = assessment.domains.iter();
    domains
        .flat_map(|domain| domain.controls.iter().map(move |control| (domain, control)))
        .map(|(domain, control)| {
            let drawn = drawn(data, assessment, domain, control, day);
            let (counts, last_updated) = corrected(data, control, day, drawn, now);
            Evidence { assessment, domain, control, counts, last_updated }
        })
        .collect()
}

impl Counts {
    /// Whether anything was collected.
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

/// What was found on the day itself. A dip turns compliant evidence into non-compliant, and collects no more of it.
fn drawn(data: &Data, assessment: &Assessment, domain: &Domain, control: &Control, day: Day) -> Counts {
    if day.number.rem_euclid(control.every.max(1)) != control.phase {
        return Counts::default();
    }
    let set = control.control_set.as_deref().unwrap_or_default();
    let name = [&assessment.id, &domain.id, &control.id, set].join("\n");
    let draw = |expected: f64, what: &str| {
        let dice = hash(data.seed, &format!("{name}\n{}\n{what}", day.number));
        let stray = 1.0 + data.jitter * (2.0 * fraction(&dice, 0) - 1.0);
        whole(expected * stray + fraction(&dice, 8))
    };
    let factor = dip(&assessment.dips, day.last_updated) * dip(&control.dips, day.last_updated);
    let [compliant, noncompliant, inconclusive] = control.baseline;
    let judged = draw(compliant, "compliant") + draw(noncompliant, "noncompliant");
    let noncompliant = draw(noncompliant * factor, "noncompliant").min(judged);
    Counts {
        compliant: judged - noncompliant,
        noncompliant,
        inconclusive: draw(inconclusive, "inconclusive"),
    }
}

fn corrected(data: &Data, control: &Control, day: Day, found: Counts, now: Timestamp) -> (Counts, Timestamp) {
    let mut counts = found;
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
        // The counts are those of the date of `lastUpdated`, so it never moves to another date.
        if correction.renews && day_of(correction.after) == day.number {
            last_updated = last_updated.max(correction.after);
        }
    }
    (counts, last_updated)
}

/// By what the non-compliant baseline is multiplied at `at`.
fn dip(dips: &[Dip], at: Timestamp) -> f64 {
    dips.iter().map(|dip| 1.0 + (dip.factor - 1.0) * depth(dip, at)).product()
}

/// How deep in the dip `at` lies, from 0 to 1.
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

/// A number from 0 up to 1, made of the four bytes at `from`.
fn fraction(dice: &[u8], from: usize) -> f64 {
    let bytes = dice.iter().skip(from).take(4);
    f64::from(bytes.fold(0_u32, |number, byte| number << 8 | u32::from(*byte))) / 4_294_967_296.0
}

#[expect(clippy::cast_possible_truncation, reason = "the scenario bounds baselines, factors and straying")]
fn whole(number: f64) -> i64 {
    number.floor().max(0.0) as i64
}
