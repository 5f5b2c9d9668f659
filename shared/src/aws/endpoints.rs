//! Endpoints that replace the SDK's, from the SDK's environment variables.

use crate::environment::Environment;
use crate::fields::Faults;
use crate::record::Source;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::collections::BTreeMap;
use url::Url;

/// The variable for every service, and the prefix of each service's own variable.
pub(super) const GENERAL: &str = "AWS_ENDPOINT_URL";
/// The variables of the services that every function calls in addition to its own.
const COMMON: [&str; 2] = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_STS"];

/// The endpoints from the environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    general: Option<String>,
    /// By the variable of the service.
    by_variable: BTreeMap<&'static str, String>,
}

impl Endpoints {
    /// Reads the endpoints of the services that the function of `source` calls. Adds a fault for each value that is not a
    /// URL.
    pub(super) fn read(environment: &Environment, source: Source, faults: &mut Faults) -> Self {
        if super::switch(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", faults) == Some(true) {
            return Self::default();
        }
        let mut url = |name: &str| {
            let value = environment.get(name)?;
            if !is_endpoint(value) {
                let rule = "must be a URL such as https://host or http://host:port";
                faults.add(name, without_user(value), rule);
                return None;
            }
            Some(value.to_owned())
        };
        let general = url(GENERAL);
        let variables = COMMON.into_iter().chain([source.endpoint_variable]);
        let by_variable = variables.filter_map(|variable| Some((variable, url(variable)?)));
        Self { by_variable: by_variable.collect(), general }
    }

    /// The endpoint of every service without its own.
    pub(super) fn general(&self) -> Option<&str> {
        self.general.as_deref()
    }

    /// Whether a TLS request may go to a host whose certificate is not from Amazon.
    pub(super) fn leave_aws(&self) -> bool {
        let mut urls = self.general.iter().chain(self.by_variable.values());
        urls.any(|url| parse(url).is_some_and(|url| is_foreign(&url)))
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let variable = format!("{GENERAL}_{}", key.service_id().to_ascii_uppercase());
        self.by_variable.get(variable.as_str()).filter(|_| key.env() == GENERAL).cloned()
    }
}

/// Whether `url` can be an endpoint.
pub fn is_endpoint(url: &str) -> bool {
    parse(url).is_some()
}

/// The URL, if it can be an endpoint.
fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    // `url` repairs what the SDK rejects: white space, and another number of slashes before the host.
    let (_, rest) = text.split_once("://")?;
    let is_exact = !rest.starts_with(['/', '\\'])
        && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    is_exact.then_some(url)
}

/// A URL without its user and password. The text may be no URL, so it cannot be parsed.
pub fn without_user(url: &str) -> String {
    let Some((before, host)) = url.rsplit_once('@') else { return url.to_owned() };
    let scheme = before.split_once("://").map(|(scheme, _)| format!("{scheme}://")).unwrap_or_default();
    format!("{scheme}…@{host}")
}

/// Whether a request to `url` uses TLS with a certificate that Amazon did not issue.
fn is_foreign(url: &Url) -> bool {
    let is_amazons = |host: &str| [".amazonaws.com", ".api.aws"].iter().any(|domain| host.ends_with(domain));
    url.scheme() == "https" && !url.host_str().is_some_and(is_amazons)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Endpoints, String) {
        read_of(insights_sources::xray::SOURCE, variables)
    }

    fn read_of(source: Source, variables: &[(&str, &str)]) -> (Endpoints, String) {
        let mut faults = Faults::default();
        let endpoints = Endpoints::read(&variables.iter().copied().collect(), source, &mut faults);
        (endpoints, faults.to_string())
    }

    fn of_service(endpoints: &Endpoints, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(service).env(GENERAL).profile("endpoint_url");
        endpoints.load_config(key.build().unwrap())
    }

    #[test]
    fn the_password_of_an_invalid_url_is_not_shown() {
        for (url, shown) in [
            ("http://user:pw@host:x", "http://…@host:x"),
            ("user:pw@host", "…@host"),
            ("http://user:p@w@host:x", "http://…@host:x"),
            ("host:x", "host:x"),
        ] {
            let (_, faults) = read(&[(GENERAL, url)]);
            assert!(faults.starts_with(&format!("{GENERAL} is {shown}: must be a URL")), "{faults}");
        }
    }

    #[test]
    fn each_service_has_its_own_variable_which_its_client_uses() {
        use insights_sources::{auditmanager, cloudtrail, xray};
        for (source, service, variable) in [
            (auditmanager::SOURCE, "AuditManager", "AWS_ENDPOINT_URL_AUDITMANAGER"),
            (cloudtrail::SOURCE, "CloudTrail", "AWS_ENDPOINT_URL_CLOUDTRAIL"),
            (cloudtrail::SOURCE, "DynamoDB", "AWS_ENDPOINT_URL_DYNAMODB"),
            (auditmanager::SOURCE, "STS", "AWS_ENDPOINT_URL_STS"),
            (xray::SOURCE, "XRay", "AWS_ENDPOINT_URL_XRAY"),
        ] {
            let (endpoints, faults) =
                read_of(source, &[(variable, "http://own:1"), (GENERAL, "http://all:2")]);
            assert_eq!(of_service(&endpoints, service).as_deref(), Some("http://own:1"), "{variable}");
            assert_eq!(of_service(&endpoints, "Other"), None, "{variable}");
            assert_eq!((endpoints.general(), faults.as_str()), (Some("http://all:2"), ""));
        }
    }

    #[test]
    fn the_endpoint_of_a_service_that_the_function_does_not_call_is_not_read() {
        let (endpoints, faults) = read(&[("AWS_ENDPOINT_URL_CLOUDTRAIL", "no url")]);
        assert_eq!((of_service(&endpoints, "CloudTrail"), faults.as_str()), (None, ""));
    }

    #[test]
    fn configured_endpoints_can_be_disabled_by_a_variable() {
        for (value, expected) in [("true", None), ("TRUE", None), ("false", Some("http://all:2"))] {
            let variables = [
                (GENERAL, "http://all:2"),
                ("AWS_ENDPOINT_URL_STS", "http://own:1"),
                ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", value),
            ];
            let (endpoints, faults) = read(&variables);
            assert_eq!((endpoints.general(), faults.as_str()), (expected, ""), "{value}");
            assert_eq!(of_service(&endpoints, "STS").is_some(), expected.is_some(), "{value}");
        }
    }

    #[test]
    fn a_url_that_would_have_to_be_repaired_is_no_endpoint() {
        for text in
            [" http://host", "http://host ", "http://ho\tst", "http:/host", "http:host", "http:///host"]
        {
            assert!(!is_endpoint(text), "{text:?}");
        }
        assert!(is_endpoint("http://host"));
    }

    #[test]
    fn an_invalid_url_is_a_fault_of_its_variable() {
        for value in [
            "localhost:8000",
            "ftp://host",
            "http://",
            "https:///path",
            "http:/host",
            "http:\\\\host",
            "http://host:70000",
            "http://[::1",
            "http://a b",
            "http://host:port",
            "x",
        ] {
            let (endpoints, faults) = read(&[("AWS_ENDPOINT_URL_XRAY", value)]);
            assert!(
                faults.starts_with(&format!("AWS_ENDPOINT_URL_XRAY is {value}: must be a URL")),
                "{faults}"
            );
            assert_eq!(endpoints, Endpoints::default());
        }
        let (_, faults) = read(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "yes")]);
        assert_eq!(faults, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is yes: must be true or false");
    }

    #[test]
    fn only_hosts_of_amazon_have_certificates_of_amazon() {
        for (url, expected) in [
            ("https://xray.eu-west-1.amazonaws.com", false),
            ("https://XRAY.eu-west-1.AmazonAWS.com:443/", false),
            ("https://vpce-1-2.xray.eu-west-1.vpce.amazonaws.com", false),
            ("https://dynamodb.eu-west-1.api.aws", false),
            ("http://127.0.0.1:8000", false),
            ("https://127.0.0.1:8000", true),
            ("https://[::1]:8000", true),
            ("https://localhost", true),
            ("https://amazonaws.com.example.org", true),
            ("https://xamazonaws.com", true),
            ("https://x.amazonaws.com@example.org", true),
            ("HTTPS://example.org", true),
            ("https://xray.cn-north-1.amazonaws.com.cn", true),
        ] {
            for variable in [GENERAL, "AWS_ENDPOINT_URL_DYNAMODB"] {
                let (endpoints, faults) = read(&[(variable, url)]);
                assert_eq!((endpoints.leave_aws(), faults.as_str()), (expected, ""), "{url}");
            }
        }
    }
}
