//! Severity scales. The descriptor of a kind has the scale and the thresholds that the kind uses.

use crate::record::Severity;

/// How the severity of a kind is determined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeverityRule {
    /// The name of the compared value in texts.
    pub value: &'static str,
    /// The scale.
    pub scale: Scale,
}

/// The types of scales.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// A share of a whole.
    Share(ShareScale),
    /// A rate divided by its baseline.
    Rate(RateScale),
    /// A label that the service assigns.
    Label(LabelScale),
}

/// Thresholds of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareScale {
    /// The smallest share, as (numerator, denominator), for critical, high and medium. A smaller share above zero is low;
    /// zero, or an unknown or zero whole, is info.
    pub thresholds: [(u32, u32); 3],
}

/// Thresholds of a rate divided by its baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateScale {
    /// The smallest ratio for critical, high and medium. Everything else is low.
    pub thresholds: [f64; 3],
    /// The minimum baseline: with a baseline of zero, every rate would be critical.
    pub least_baseline: f64,
}

/// The severities of the labels that a service uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelScale {
    /// The severity of each label.
    pub severities: &'static [(&'static str, Severity)],
    /// The severity of any other label.
    pub otherwise: Severity,
}

/// The severities that correspond to the three thresholds.
const LEVELS: [Severity; 3] = [Severity::Critical, Severity::High, Severity::Medium];

impl ShareScale {
    /// The severity of `part` of `whole`. It compares whole numbers, so that thresholds are exact.
    pub fn severity(&self, part: Option<i64>, whole: Option<i64>) -> Severity {
        let (Some(part), Some(whole)) = (part.map(i128::from), whole.map(i128::from)) else {
            return Severity::Info;
        };
        if whole <= 0 || part <= 0 {
            return Severity::Info;
        }
        let is_reached = |(numerator, denominator): (u32, u32)| {
            part * i128::from(denominator) >= whole * i128::from(numerator)
        };
        let level = self.thresholds.into_iter().zip(LEVELS).find(|(threshold, _)| is_reached(*threshold));
        level.map_or(Severity::Low, |(_, severity)| severity)
    }
}

impl RateScale {
    /// The severity of `rate` with this `baseline`; low if either is missing.
    pub fn severity(&self, rate: Option<f64>, baseline: Option<f64>) -> Severity {
        /// In binary, 1.4 / 0.07 is slightly below 20. The threshold of 20 must still be reached.
        const ROUNDING: f64 = 1.0 + 4.0 * f64::EPSILON;
        let (Some(rate), Some(baseline)) = (rate, baseline) else { return Severity::Low };
        let ratio = rate / baseline.max(self.least_baseline) * ROUNDING;
        let level = self.thresholds.into_iter().zip(LEVELS).find(|(threshold, _)| ratio >= *threshold);
        level.map_or(Severity::Low, |(_, severity)| severity)
    }
}

impl LabelScale {
    /// The severity of a label.
    pub fn severity(&self, label: &str) -> Severity {
        let known = self.severities.iter().find(|(word, _)| *word == label);
        known.map_or(self.otherwise, |(_, severity)| *severity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, High, Info, Low, Medium};

    const FAULTS: ShareScale = ShareScale { thresholds: [(1, 2), (1, 5), (1, 20)] };
    const EVIDENCE: ShareScale = ShareScale { thresholds: [(1, 2), (1, 4), (1, 10)] };
    const RATE: RateScale = RateScale { thresholds: [100.0, 20.0, 5.0], least_baseline: 0.01 };

    #[test]
    fn shares_are_exact_at_every_boundary() {
        for (faults, total, expected) in [
            (Some(50), Some(100), Critical),
            (Some(49), Some(100), High),
            (Some(20), Some(100), High),
            (Some(19), Some(100), Medium),
            (Some(5), Some(100), Medium),
            (Some(4), Some(100), Low),
            (Some(1), Some(i64::MAX), Low),
            (Some(0), Some(100), Info),
            (Some(5), Some(0), Info),
            (Some(5), None, Info),
            (None, Some(5), Info),
            (Some(-1), Some(5), Info),
            (Some(i64::MAX), Some(i64::MAX), Critical),
        ] {
            assert_eq!(FAULTS.severity(faults, total), expected, "{faults:?} of {total:?}");
        }
    }

    #[test]
    fn rates_are_compared_with_their_baseline_at_every_boundary() {
        for (insight, baseline, expected) in [
            (Some(6.0), Some(0.02), Critical),
            (Some(100.0), Some(1.0), Critical),
            (Some(1.4), Some(0.07), High),
            (Some(2.9), Some(0.029), Critical),
            (Some(0.35), Some(0.07), Medium),
            (Some(99.9), Some(1.0), High),
            (Some(20.0), Some(1.0), High),
            (Some(19.9), Some(1.0), Medium),
            (Some(5.0), Some(1.0), Medium),
            (Some(4.9), Some(1.0), Low),
            (Some(0.0), Some(1.0), Low),
            (Some(1.0), Some(0.0), Critical),
            (Some(0.04), Some(0.0), Low),
            (Some(0.05), Some(0.009), Medium),
            (None, Some(1.0), Low),
            (Some(1.0), None, Low),
            (Some(f64::NAN), Some(1.0), Low),
        ] {
            assert_eq!(RATE.severity(insight, baseline), expected, "{insight:?} over {baseline:?}");
        }
    }

    #[test]
    fn a_label_has_its_own_severity_and_an_unknown_one_the_default() {
        let scale = LabelScale { severities: &[("ERROR", High), ("WARNING", Medium)], otherwise: Low };
        for (label, expected) in [("ERROR", High), ("WARNING", Medium), ("error", Low), ("", Low)] {
            assert_eq!(scale.severity(label), expected, "{label}");
        }
    }

    #[test]
    fn a_scale_has_its_own_thresholds() {
        for (compliant, noncompliant, expected) in [
            (Some(1), Some(1), Critical),
            (Some(51), Some(49), High),
            (Some(75), Some(25), High),
            (Some(76), Some(24), Medium),
            (Some(9), Some(1), Medium),
            (Some(91), Some(9), Low),
            (Some(5), Some(0), Info),
            (Some(0), Some(0), Info),
            (None, Some(1), Info),
            (Some(1), None, Info),
        ] {
            let whole = compliant.zip(noncompliant).map(|(one, other)| one + other);
            assert_eq!(
                EVIDENCE.severity(noncompliant, whole),
                expected,
                "{compliant:?} and {noncompliant:?}"
            );
        }
    }
}
