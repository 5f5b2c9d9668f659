//! Selects scopes (accounts and assessments with their control domains) by name or id. No I/O.

use crate::exit::Failure;
use crate::output::near::nearest;
use insights_query::counts::Scope;
use insights_query::format::plain;
use std::collections::BTreeSet;

/// The selected scopes: all accounts and assessments, or one of them with its domains.
pub fn choose(all: Vec<Scope>, wanted: Option<&str>) -> Result<Vec<Scope>, Failure> {
    let Some(wanted) = wanted else {
        return Ok(all.into_iter().filter(|scope| !scope.is_part()).collect());
    };
    let tops = || all.iter().filter(|scope| !scope.is_part());
    let mut entities: BTreeSet<&str> = tops()
        .filter(|scope| scope.entity == wanted || scope.title == wanted)
        .map(|scope| scope.entity.as_str())
        .collect();
    if entities.is_empty() {
        // An unambiguous prefix of an id or name.
        let lower = wanted.to_lowercase();
        let begins = |text: &str| !lower.is_empty() && text.to_lowercase().starts_with(&lower);
        entities = tops()
            .filter(|scope| !scope.is_whole_account() && (begins(&scope.entity) || begins(&scope.title)))
            .map(|scope| scope.entity.as_str())
            .collect();
    }
    let mut found = entities.iter();
    match (found.next(), found.next()) {
        (Some(entity), None) => {
            let entity = (*entity).to_owned();
            Ok(all.into_iter().filter(|scope| scope.entity == entity).collect())
        }
        (None, _) if all.is_empty() => Ok(Vec::new()),
        (None, _) => {
            let names = tops().flat_map(|scope| [scope.entity.as_str(), scope.title.as_str()]);
            Err(match nearest(wanted, names) {
                Some(meant) => {
                    Failure::usage(format!("unknown --scope {wanted}: did you mean {}?", plain(meant)))
                }
                None => named(Failure::usage(format!("unknown --scope {wanted}; the scopes are")), tops()),
            })
        }
        _ => {
            let which = tops().filter(|scope| entities.contains(scope.entity.as_str()));
            Err(named(Failure::usage(format!("--scope {wanted} is ambiguous; give the id")), which))
        }
    }
}

/// Adds scopes with their ids to a failure, one per line.
fn named<'a>(failure: Failure, scopes: impl Iterator<Item = &'a Scope>) -> Failure {
    scopes.fold(failure, |failure, scope| failure.detail(format!("{}  {}", scope.entity, scope.title)))
}
