//! How bad something is: three pure rules, one for each service, as the public contract has them.

use crate::record::Severity;

/// X-Ray: the share of faults among `total` requests. Without requests there is nothing to judge by.
pub fn of_faults(faults: Option<i64>, total: Option<i64>) -> Severity {
    match (faults, total) {
        (Some(faults), Some(total)) => of_share(faults, total, [(1, 2), (1, 5), (1, 20)]),
        _ => Severity::Info,
    }
}

/// CloudTrail: how many times the baseline the insight's average is. Both are calls or errors a minute.
pub fn of_rate(insight_average: Option<f64>, baseline_average: Option<f64>) -> Severity {
    /// A baseline of nothing would make everything critical.
    const LEAST_BASELINE: f64 = 0.01;
    /// 1.4 over 0.07 is 20, but a little less in binary: a boundary is one all the same.
    const ROUNDING: f64 = 1.0 + 4.0 * f64::EPSILON;
    let (Some(insight), Some(baseline)) = (insight_average, baseline_average) else { return Severity::Low };
    match insight / baseline.max(LEAST_BASELINE) * ROUNDING {
        ratio if ratio >= 100.0 => Severity::Critical,
        ratio if ratio >= 20.0 => Severity::High,
        ratio if ratio >= 5.0 => Severity::Medium,
        _ => Severity::Low,
    }
}

/// Audit Manager: the share of non-compliant evidence. Inconclusive evidence says nothing either way.
pub fn of_evidence(compliant: Option<i64>, noncompliant: Option<i64>) -> Severity {
    match (compliant, noncompliant) {
        (Some(compliant), Some(noncompliant)) => {
            of_share(noncompliant, compliant.saturating_add(noncompliant), [(1, 2), (1, 4), (1, 10)])
        }
        _ => Severity::Info,
    }
}

/// Compares `part / whole` with the thresholds for critical, high and medium, in whole numbers so that a boundary is one.
fn of_share(part: i64, whole: i64, thresholds: [(i128, i128); 3]) -> Severity {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 || part <= 0 {
        return Severity::Info;
    }
    let levels = [Severity::Critical, Severity::High, Severity::Medium];
    let reached = |(numerator, denominator): (i128, i128)| part * denominator >= whole * numerator;
    let level = thresholds.into_iter().zip(levels).find(|(threshold, _)| reached(*threshold));
    level.map_or(Severity::Low, |(_, severity)| severity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, High, Info, Low, Medium};

    #[test]
    fn faults_are_judged_by_their_share_at_every_boundary() {
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
            assert_eq!(of_faults(faults, total), expected, "{faults:?} of {total:?}");
        }
    }

    #[test]
    fn rates_are_judged_by_their_ratio_at_every_boundary() {
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
            assert_eq!(of_rate(insight, baseline), expected, "{insight:?} over {baseline:?}");
        }
    }

    #[test]
    fn evidence_is_judged_by_its_share_at_every_boundary() {
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
            assert_eq!(of_evidence(compliant, noncompliant), expected, "{compliant:?} and {noncompliant:?}");
        }
    }
}
