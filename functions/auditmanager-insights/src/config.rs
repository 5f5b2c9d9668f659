//! The function's own variable, `AUDITMANAGER_DEPTH`.

use crate::availability::Resolver;
use insights_shared::aws::has_proxy;
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;

/// How far down the counts are asked for; each depth takes in those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The account's.
    Account,
    /// Those of each active assessment.
    Assessment,
    /// Those of each control domain, over all assessments and in each.
    Domain,
    /// Those of each control, over all assessments and in each.
    #[default]
    Control,
}

impl Depth {
    /// All of them, the shallowest first.
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

/// The collector.
#[derive(Clone, Debug, Default)]
pub struct AuditmanagerInsights {
    /// How far down it asks.
    pub depth: Depth,
    /// Tells whether the name of an endpoint that cannot be reached resolves.
    pub resolver: Resolver,
}

impl AuditmanagerInsights {
    /// Reads the variable. Every fault goes into `faults`.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        // What is behind a proxy resolves names there, and may resolve none here.
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
    fn every_depth_has_its_word_and_the_default_is_the_deepest() {
        for depth in Depth::ALL {
            assert_eq!(read(depth.as_str()), Ok(depth));
        }
        assert_eq!(read(""), Ok(Depth::Control));
        assert!(Depth::ALL.is_sorted());
    }

    #[test]
    fn a_word_that_is_no_depth_is_reported_with_those_that_are() {
        for text in ["Control", "controls", "0"] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains("AUDITMANAGER_DEPTH"), "{fault}");
            assert!(fault.contains("must be account, assessment, domain or control"), "{fault}");
        }
    }
}
