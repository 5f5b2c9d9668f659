//! Finds services and operations: by name, by request, and from the notation of users.

use crate::operation::Operation;
use crate::protocol::Protocol;
use crate::route::Labels;
use crate::selector::{Selector, SelectorError};
use crate::service::Service;

/// The maximum number of suggestions in an error.
const MOST_SUGGESTIONS: usize = 3;
/// A similar name differs by at most one character in this number of characters.
const CHARACTERS_PER_EDIT: usize = 4;

/// A set of services.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registry(&'static [Service]);

impl Registry {
    pub(crate) const fn new(services: &'static [Service]) -> Self {
        Self(services)
    }

    pub(crate) fn services(self) -> &'static [Service] {
        self.0
    }

    pub(crate) fn named(self, name: &str) -> Option<Service> {
        self.0.iter().copied().find(|service| service.name() == name)
    }

    /// The operation for `method` and `path` (still percent-encoded), and the labels of its route. Several services may have
    /// the same route, so the service of the signature is preferred.
    pub(crate) fn route(
        self,
        method: &str,
        path: &str,
        preferred: Option<Service>,
    ) -> Option<(Service, &'static Operation, Labels)> {
        let candidates = self.operations().filter_map(|(service, operation)| {
            let route = operation.route?;
            Some((route, (service, operation, route.matches(method, path)?)))
        });
        candidates
            .min_by(|(route, (service, ..)), (other_route, (other, ..))| {
                let is_other = |service: &Service| Some(*service) != preferred;
                is_other(service).cmp(&is_other(other)).then_with(|| route.precedence(*other_route))
            })
            .map(|(_, found)| found)
    }

    /// The service that the header `x-amz-target` names, and the operation's name in it.
    pub(crate) fn target(self, header: &str) -> Option<(Service, &str)> {
        let (prefix, name) = header.rsplit_once('.').unwrap_or(("", header));
        let has_target = |service: &&Service| matches!(service.descriptor().protocol, Protocol::AwsJson { target, .. } if prefix.contains(target));
        Some((*self.0.iter().find(has_target)?, name))
    }

    /// The service of the Query protocol with this API version, otherwise the first one.
    pub(crate) fn query(self, version: Option<&str>) -> Option<Service> {
        let query = self.0.iter().filter_map(|service| match service.descriptor().protocol {
            Protocol::Query { version } => Some((*service, version)),
            Protocol::AwsJson { .. } | Protocol::RestJson => None,
        });
        let mut first = None;
        for (service, its_version) in query {
            if Some(its_version) == version {
                return Some(service);
            }
            first = first.or(Some(service));
        }
        first
    }

    /// The operations of `text`: `*`, `xray:*`, `xray:GetInsight`, or `GetInsight` if only one service has it.
    pub(crate) fn select(self, text: &str) -> Result<Selector, SelectorError> {
        if text == "*" {
            return Ok(Selector::All);
        }
        let (service, name) =
            text.split_once(':').map_or((None, text), |(service, name)| (Some(service), name));
        if let Some(service) = service.and_then(|service| self.named(service)).filter(|_| name == "*") {
            return Ok(Selector::Service(service));
        }
        let found: Vec<Selector> = self
            .operations()
            .filter(|(its, operation)| {
                operation.name == name && service.is_none_or(|service| service == its.name())
            })
            .map(|(service, operation)| Selector::Operation(service, operation.name))
            .collect();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.unknown(text, name)),
            several => Err(SelectorError::Ambiguous {
                name: text.to_owned(),
                meanings: several.iter().map(Selector::to_string).collect(),
            }),
        }
    }

    fn unknown(self, text: &str, name: &str) -> SelectorError {
        let known: Vec<String> = self
            .operations()
            .map(|(service, operation)| Selector::Operation(service, operation.name).to_string())
            .collect();
        let distance = |known: &str| {
            let bare = known.split(':').next_back().unwrap_or(known);
            strsim::damerau_levenshtein(text, known).min(strsim::damerau_levenshtein(name, bare))
        };
        let mut near: Vec<(usize, &String)> = known.iter().map(|known| (distance(known), known)).collect();
        let most = name.chars().count() / CHARACTERS_PER_EDIT;
        near.retain(|(distance, _)| *distance <= most);
        near.sort_by_key(|(distance, _)| *distance);
        let near = near.into_iter().take(MOST_SUGGESTIONS).map(|(_, known)| known.clone()).collect();
        SelectorError::Unknown { name: text.to_owned(), near, known }
    }

    fn operations(self) -> impl Iterator<Item = (Service, &'static Operation)> {
        self.0
            .iter()
            .flat_map(|service| service.operations().iter().map(move |operation| (*service, operation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Backend, Descriptor};
    use crate::xray;
    use serde_json::Value;

    const FIRST: &Descriptor = &Descriptor {
        name: "one",
        operations: &[
            Operation::rest("GetThings", "GET", "/things"),
            Operation::rest("GetThing", "GET", "/things/{id}"),
            Operation::rest("GetResults", "GET", "/things/results/{arn+}"),
        ],
        backend: Backend::Scenario(|_, _, _| Ok(Value::Null)),
        ..*xray::SERVICE.descriptor()
    };
    const SECOND: &Descriptor = &Descriptor {
        name: "two",
        operations: &[
            Operation::rest("GetThings", "GET", "/things"),
            Operation::rest("DescribeThings", "GET", "/things/all"),
        ],
        ..*FIRST
    };
    const ONE: Service = Service::new(FIRST);
    const TWO: Service = Service::new(SECOND);
    const BOTH: Registry = Registry::new(&[ONE, TWO]);

    #[test]
    fn a_bare_name_selects_an_operation_that_one_service_alone_has() {
        let check = |text: &str, expected: Selector| {
            assert_eq!(BOTH.select(text).as_ref(), Ok(&expected), "{text}");
            assert_eq!(BOTH.select(&expected.to_string()), Ok(expected), "{text}");
        };
        check("*", Selector::All);
        check("one:*", Selector::Service(ONE));
        check("GetThing", Selector::Operation(ONE, "GetThing"));
        check("DescribeThings", Selector::Operation(TWO, "DescribeThings"));
        check("one:GetThings", Selector::Operation(ONE, "GetThings"));
        check("two:GetThings", Selector::Operation(TWO, "GetThings"));
    }

    #[test]
    fn an_ambiguous_name_is_refused_with_its_meanings() {
        let error = BOTH.select("GetThings").unwrap_err().to_string();
        assert_eq!(
            error,
            "operation \"GetThings\" exists in several services: use one:GetThings or two:GetThings"
        );
        let error = crate::SERVICES.select("GetInsights").unwrap_err().to_string();
        assert!(error.ends_with(": use auditmanager:GetInsights or securityhub:GetInsights"), "{error}");
    }

    #[test]
    fn an_unknown_name_is_refused_with_near_matches_or_with_every_name() {
        let check = |text: &str, expected: &str| {
            assert_eq!(BOTH.select(text).unwrap_err().to_string(), expected, "{text}");
        };
        check(
            "GetThingz",
            "unknown operation \"GetThingz\"; near matches are one:GetThings, one:GetThing, two:GetThings",
        );
        check(
            "two:GetThing",
            "unknown operation \"two:GetThing\"; near matches are one:GetThing, one:GetThings, two:GetThings",
        );
        for text in ["Nothing", "three:*", "one:", ""] {
            let known = "one:GetThings, one:GetThing, one:GetResults, two:GetThings, two:DescribeThings";
            let rule = "known are *, SERVICE:*, and";
            check(text, &format!("unknown operation \"{text}\"; {rule} {known}"));
        }
    }

    #[test]
    fn a_request_goes_to_the_service_that_signed_it_and_to_the_route_of_highest_precedence() {
        let check = |path: &str, preferred: Option<Service>, expected: &str| {
            let (service, operation, _) = BOTH.route("GET", path, preferred).unwrap();
            assert_eq!(Selector::Operation(service, operation.name).to_string(), expected, "{path}");
        };
        check("/things", Some(ONE), "one:GetThings");
        check("/things", Some(TWO), "two:GetThings");
        check("/things", None, "one:GetThings");
        check("/things/all", None, "two:DescribeThings");
        check("/things/all", Some(ONE), "one:GetThing");
        check("/things/results", None, "one:GetThing");
        check("/things/results/a/b", Some(TWO), "one:GetResults");
        assert!(BOTH.route("POST", "/things", None).is_none());
    }

    #[test]
    fn every_service_and_operation_is_registered_once_and_can_be_reached() {
        for service in Service::all() {
            assert_eq!(Service::named(service.name()), Some(*service));
            assert!(!service.operations().is_empty(), "{service}");
            for operation in service.operations() {
                let selector = Selector::Operation(*service, operation.name);
                assert_eq!(crate::SERVICES.select(&selector.to_string()), Ok(selector));
                if let Some(route) = operation.route {
                    let path = route.path.replace(['{', '}'], "");
                    let (found, it, _) = crate::SERVICES.route(route.method, &path, Some(*service)).unwrap();
                    assert_eq!((found, it.name), (*service, operation.name), "{path}");
                }
            }
        }
    }
}
