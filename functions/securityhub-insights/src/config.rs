//! The function's own variable, `SECURITYHUB_INSIGHTS`.

use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use std::collections::HashSet;

/// The collector of Security Hub, with its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityhubInsights {
    /// The ARNs of the managed insights to collect in addition to all custom insights.
    pub managed: Vec<String>,
}

impl SecurityhubInsights {
    /// Reads the variable. Adds every fault to `faults`.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        let Some(text) = environment.get("SECURITYHUB_INSIGHTS") else { return Self::default() };
        let mut seen = HashSet::new();
        let mut managed = Vec::new();
        for arn in text.split(',').map(str::trim) {
            if !is_managed(arn) {
                faults.add(
                    "SECURITYHUB_INSIGHTS",
                    arn,
                    "must be ARNs of managed insights, such as arn:aws:securityhub:::insight/securityhub/default/1, \
                     separated by commas",
                );
            } else if seen.insert(arn) {
                managed.push(arn.to_owned());
            } else {
                faults.add("SECURITYHUB_INSIGHTS", arn, "must not contain an ARN twice");
            }
        }
        Self { managed }
    }
}

/// Whether `arn` names a managed insight. Its ARN has no region and no account.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-managed-insights.html>
pub fn is_managed(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "securityhub", "", "", resource] = parts.as_slice() else { return false };
    let is_word = |text: &str, further: &[u8]| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || further.contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    let mut segments = resource.split('/');
    segments.next() == Some("insight")
        && segments.clone().count() >= 2
        && segments.all(|segment| is_word(segment, b"_."))
        && is_word(partition, b"")
        && partition.starts_with("aws")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (SecurityhubInsights, String) {
        let mut faults = Faults::default();
        let environment = [("SECURITYHUB_INSIGHTS", text)].into_iter().collect();
        let collector = SecurityhubInsights::read(&environment, &mut faults);
        (collector, faults.to_string())
    }

    #[test]
    fn managed_insights_are_arns_separated_by_commas() {
        assert!(read("").0.managed.is_empty());
        let (one, other) = (
            "arn:aws:securityhub:::insight/securityhub/default/1",
            "arn:aws-us-gov:securityhub:::insight/securityhub/default/29",
        );
        let (collector, faults) = read(&format!("{one} , {other}"));
        assert_eq!((collector.managed, faults.as_str()), (vec![one.to_owned(), other.to_owned()], ""));
    }

    #[test]
    fn every_invalid_arn_is_reported_with_an_example() {
        for arn in [
            "1",
            "arn:aws:securityhub:::insight",
            "arn:aws:securityhub:::insight/securityhub",
            "arn:aws:securityhub:::insight/securityhub//1",
            "arn:aws:securityhub:::insight/securityhub/default/a b",
            "arn:aws:securityhub:::hub/securityhub/default/1",
            "arn:azure:securityhub:::insight/securityhub/default/1",
            "arn:aws:inspector:::insight/securityhub/default/1",
            // All custom insights are collected anyway.
            "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4",
        ] {
            let (collector, faults) = read(arn);
            assert!(collector.managed.is_empty(), "{arn}");
            assert!(
                faults.contains("such as arn:aws:securityhub:::insight/securityhub/default/1"),
                "{faults}"
            );
        }
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let arn = "arn:aws:securityhub:::insight/securityhub/default/1";
        let (_, faults) = read(&format!("{arn},,x,{arn}"));
        assert_eq!(faults.matches("SECURITYHUB_INSIGHTS").count(), 3, "{faults}");
        assert!(faults.contains("must not contain an ARN twice"), "{faults}");
    }
}
