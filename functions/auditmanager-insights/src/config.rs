//! The function's own variable, `AUDITMANAGER_DEPTH`.

use crate::availability::Resolver;
use insights_shared::aws::has_proxy;
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;

/// Which counts are requested. Each depth includes the previous ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The account's counts.
    Account,
    /// The counts of each active assessment.
    Assessment,
    /// The counts of each control domain, over all assessments and in each.
    Domain,
    /// The counts of each control, over all assessments and in each.
    #[default]
    Control,
}

impl Depth {
    /// All depths, from the account to controls.
    pub const ALL: [Self; 4] = [Self::Account, Self::Assessment, Self::Domain, Self::Control];

    /// The value of the variable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Assessment => "assessment",
            Self::Domain => "domain",
            Self::Control => "control",
        }
    }
}

/// The collector of Audit Manager, with its configuration.
#[derive(Clone, Debug, Default)]
pub struct AuditmanagerInsights {
    /// Which counts it requests.
    pub depth: Depth,
    /// Determines whether the name of an unreachable endpoint resolves.
    pub resolver: Resolver,
}

impl AuditmanagerInsights {
    /// Reads the variable. Adds every fault to `faults`.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        // With a proxy, names are resolved by the proxy, and possibly not on this machine.
        let resolver = if has_proxy(environment) { Resolver::unknowing() } else { Resolver::default() };
        let Some(text) = environment.get("AUDITMANAGER_DEPTH") else {
            return Self { resolver, ..Self::default() };
        };
        let known = Depth::ALL.into_iter().find(|depth| depth.as_str() == text);
        if known.is_none() {
            faults.add("AUDITMANAGER_DEPTH", text, "must be account, assessment, domain or control");
        }
        Self { depth: known.unwrap_or_default(), resolver }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Depth, String> {
        let mut faults = Faults::default();
        let environment = [("AUDITMANAGER_DEPTH", text)].into_iter().collect();
        let collector = AuditmanagerInsights::read(&environment, &mut faults);
        faults.or(collector.depth).map_err(|faults| faults.to_string())
    }

    #[test]
    fn every_depth_has_a_name_and_the_default_is_control() {
        for depth in Depth::ALL {
            assert_eq!(read(depth.as_str()), Ok(depth));
        }
        assert_eq!(read(""), Ok(Depth::Control));
        assert!(Depth::ALL.is_sorted());
    }

    #[test]
    fn an_unknown_depth_is_reported_with_the_known_ones() {
        for text in ["Control", "controls", "0"] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains("AUDITMANAGER_DEPTH"), "{fault}");
            assert!(fault.contains("must be account, assessment, domain or control"), "{fault}");
        }
    }
}
