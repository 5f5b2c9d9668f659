//! The function's own variable, `XRAY_GROUPS`.

use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use std::collections::HashSet;

/// The collector of X-Ray, with its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XrayInsights {
    /// The groups to list; `None` means every group with insights enabled.
    pub groups: Option<Vec<String>>,
}

impl XrayInsights {
    /// Reads the variable. Adds every fault to `faults`.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        /// GroupName is 1 to 32 characters long.
        /// <https://docs.aws.amazon.com/xray/latest/api/API_GetInsightSummaries.html>
        const LONGEST_NAME: usize = 32;
        let Some(text) = environment.get("XRAY_GROUPS") else { return Self::default() };
        let mut seen = HashSet::new();
        let mut groups = Vec::new();
        for name in text.split(',').map(str::trim) {
            if name.is_empty() || name.chars().count() > LONGEST_NAME {
                faults.add(
                    "XRAY_GROUPS",
                    name,
                    "must be group names of 1 to 32 characters, separated by commas",
                );
            } else if seen.insert(name) {
                groups.push(name.to_owned());
            } else {
                faults.add("XRAY_GROUPS", name, "must not name a group twice");
            }
        }
        Self { groups: Some(groups) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (XrayInsights, String) {
        let mut faults = Faults::default();
        let environment = [("XRAY_GROUPS", text)].into_iter().collect();
        let collector = XrayInsights::read(&environment, &mut faults);
        (collector, faults.to_string())
    }

    #[test]
    fn groups_are_names_separated_by_commas() {
        assert_eq!(read("").0.groups, None);
        assert_eq!(read("Default, payments").0.groups, Some(vec!["Default".into(), "payments".into()]));
    }

    #[test]
    fn every_invalid_name_is_reported() {
        let (_, faults) = read(&format!("a,,a,{}", "x".repeat(33)));
        assert_eq!(faults.matches("XRAY_GROUPS").count(), 3, "{faults}");
    }
}
