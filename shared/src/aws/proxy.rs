//! The proxies for requests, from the usual environment variables. Each name is also read in lower case.

use super::endpoints::without_user;
use crate::environment::Environment;
use crate::fields::Faults;
use aws_smithy_http_client::proxy::ProxyConfig;

/// The variables with the proxy of TLS requests. The first one that is set counts.
const HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variables with the proxy of requests without TLS.
const HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The variables with the hosts, domains and networks that are requested without a proxy, separated by commas.
const NONE: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Whether TLS requests may go through a proxy, which may have its own certificate.
pub fn has_proxy(environment: &Environment) -> bool {
    first(environment, &HTTPS).is_some()
}

/// The proxies by the scheme of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proxies {
    pub https: Proxy,
    pub http: Proxy,
}

/// A proxy, or none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    url: Option<String>,
    without: String,
}

impl Proxies {
    /// Reads the variables. Adds a fault for each proxy that is not a URL.
    pub(super) fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self {
            https: Proxy::read(environment, &HTTPS, faults),
            http: Proxy::read(environment, &HTTP, faults),
        }
    }
}

impl Proxy {
    fn read(environment: &Environment, names: &[&'static str], faults: &mut Faults) -> Self {
        let without = first(environment, &NONE).map(|(_, hosts)| hosts.to_owned()).unwrap_or_default();
        let Some((name, value)) = first(environment, names) else { return Self { url: None, without } };
        let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        if ProxyConfig::all(url.as_str()).is_ok() {
            return Self { url: Some(url), without };
        }
        faults.add(name, without_user(value), "must be the URL of a proxy, such as http://proxy:3128");
        Self { url: None, without }
    }

    /// The proxy for a connector that sends requests of one scheme only.
    pub(super) fn config(&self) -> ProxyConfig {
        let config = self.url.as_deref().and_then(|url| ProxyConfig::all(url).ok());
        config.map_or_else(ProxyConfig::disabled, |config| config.no_proxy(&self.without))
    }
}

fn first<'a>(environment: &'a Environment, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    names.iter().find_map(|name| Some((*name, environment.get(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Proxies, String) {
        let mut faults = Faults::default();
        let proxies = Proxies::read(&variables.iter().copied().collect(), &mut faults);
        (proxies, faults.to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_all_proxy_is_for_both() {
        for (variables, https, http) in [
            (&[][..], None, None),
            (&[("HTTPS_PROXY", "http://a:1")], Some("http://a:1"), None),
            (&[("http_proxy", "a:1")], None, Some("http://a:1")),
            (&[("ALL_PROXY", "http://a:1")], Some("http://a:1"), Some("http://a:1")),
            (&[("all_proxy", "http://a:1"), ("HTTP_PROXY", "b:2")], Some("http://a:1"), Some("http://b:2")),
            (&[("https_proxy", "b:2"), ("HTTPS_PROXY", "a:1")], Some("http://a:1"), None),
            (&[("HTTPS_PROXY", "")], None, None),
            (&[("HTTPS_PROXY", "http://user:secret@a:1")], Some("http://user:secret@a:1"), None),
        ] {
            let (proxies, faults) = read(variables);
            let urls = (proxies.https.url.as_deref(), proxies.http.url.as_deref());
            assert_eq!((urls, faults.as_str()), ((https, http), ""), "{variables:?}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_a_fault_without_its_password() {
        let (proxies, faults) = read(&[("HTTPS_PROXY", "http://user:secret@a b:1")]);
        assert_eq!(proxies.https.url, None);
        assert!(faults.contains("HTTPS_PROXY") && !faults.contains("secret"), "{faults}");
    }

    #[test]
    fn the_hosts_without_a_proxy_are_part_of_each_proxy() {
        let (proxies, _) = read(&[("ALL_PROXY", "http://a:1"), ("no_proxy", "localhost,10.0.0.0/8")]);
        assert_eq!(proxies.https, proxies.http);
        assert_eq!(proxies.https.without, "localhost,10.0.0.0/8");
        assert!(!proxies.https.config().is_from_env());
    }
}
