//! Which certificates the connector accepts.
//!
//! The endpoints of AWS have certificates from Amazon Trust Services, whose five root certificates are built in. Reading the
//! root certificates of the machine, about 150 on Lambda, took four fifths of the time of a cold start. If the environment
//! names certificates, only those are accepted. If another host may answer, the machine's root certificates are accepted.

use super::endpoints::Endpoints;
use super::proxy::has_proxy;
use crate::environment::Environment;
use crate::fields::Faults;
use rustls::RootCertStore;
use rustls_native_certs::load_certs_from_paths;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Amazon Root CA 1 to 4 and Starfield Services Root Certificate Authority - G2, as in Mozilla's list (Debian package
/// `ca-certificates`, 20230311). Amazon publishes them on <https://www.amazontrust.com/repository/>. The first one expires in
/// December 2037.
const AMAZON: &str = include_str!("amazon-roots.pem");
/// Variables with the name of a file of certificates.
const FILES: [&str; 2] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"];
/// The variable with the names of folders of certificates.
const FOLDERS: &str = "SSL_CERT_DIR";
/// The accepted certificates.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Only certificates issued by these roots, which are valid PEM.
    Certificates(String),
    /// Certificates issued by the machine's roots.
    Native,
}

impl Trust {
    /// The certificates to accept in `region`. Adds a fault for each file or folder in the environment that cannot be read.
    pub(super) fn read(
        environment: &Environment,
        region: &str,
        endpoints: &Endpoints,
        faults: &mut Faults,
    ) -> Self {
        let files = FILES.into_iter().filter_map(|name| Some((name, environment.get(name)?)));
        let named: Vec<_> = files
            .map(|(name, value)| (name, value, certificates(Some(Path::new(value)), None)))
            .chain(environment.get(FOLDERS).map(|value| (FOLDERS, value, in_folders(value))))
            .collect();
        for (name, value, found) in &named {
            if found.is_empty() {
                faults.add(*name, value, "must name where there is a readable certificate in PEM");
            }
        }
        if !named.is_empty() {
            Self::Certificates(named.into_iter().map(|(_, _, found)| found).collect())
        } else if is_amazons(region) && !endpoints.leave_aws() && !has_proxy(environment) {
            Self::Certificates(AMAZON.to_owned())
        } else {
            Self::Native
        }
    }
}

/// The certificates in the folders of `value`, which are separated as in `PATH`, in PEM.
fn in_folders(value: &str) -> String {
    let folders: Vec<PathBuf> = std::env::split_paths(value).collect();
    folders.iter().map(|folder| certificates(None, Some(folder))).collect()
}

/// The certificates of a file or folder, in PEM. Anything else is omitted, because the connector could not be created with
/// it.
fn certificates(file: Option<&Path>, folder: Option<&Path>) -> String {
    let mut pem = String::new();
    for certificate in load_certs_from_paths(file, folder).certs {
        let text = aws_smithy_types::base64::encode(&certificate);
        if RootCertStore::empty().add(certificate).is_ok() {
            // Writing to a string cannot fail.
            let _ = writeln!(pem, "-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----");
        }
    }
    pem
}

/// Whether the endpoints of `region` are known to have certificates from Amazon Trust Services: in the partitions `aws` and
/// `aws-us-gov`, by the name patterns of their regions. An unknown region does not count.
fn is_amazons(region: &str) -> bool {
    const AREAS: [&str; 10] = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us", "us-gov"];
    let mut parts = region.rsplitn(3, '-');
    let is_number = parts.next().is_some_and(|part| part.parse::<u8>().is_ok());
    let is_direction = parts.next().is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_lowercase()));
    is_number && is_direction && parts.next().is_some_and(|area| AREAS.contains(&area))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(region: &str, variables: &[(&str, &str)]) -> (Trust, String) {
        let mut faults = Faults::default();
        let environment = variables.iter().copied().collect();
        let endpoints = Endpoints::read(&environment, insights_sources::xray::SOURCE, &mut faults);
        let trust = Trust::read(&environment, region, &endpoints, &mut faults);
        (trust, faults.to_string())
    }

    #[test]
    fn the_built_in_roots_are_the_five_of_amazon() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, AMAZON).unwrap();
        let read = certificates(Some(&file), None);
        assert_eq!(read.matches("BEGIN CERTIFICATE").count(), 5);
        assert_eq!(AMAZON.matches("BEGIN CERTIFICATE").count(), 5);
    }

    #[test]
    fn only_the_roots_of_amazon_are_trusted_if_only_aws_can_answer() {
        let amazon = Trust::Certificates(AMAZON.to_owned());
        for region in
            ["eu-west-1", "us-east-1", "ap-southeast-7", "mx-central-1", "us-gov-west-1", "il-central-1"]
        {
            assert_eq!(
                read(region, &[]),
                (Trust::Certificates(AMAZON.to_owned()), String::new()),
                "{region}"
            );
        }
        let other = [
            "cn-north-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
            "xx-west-1",
        ];
        for region in other.into_iter().chain(["", "eu-west", "us-gov-west", "eu-west-1-lax-1"]) {
            assert_eq!(read(region, &[]), (Trust::Native, String::new()), "{region}");
        }
        for (variable, value, expected) in [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000", &amazon),
            ("AWS_ENDPOINT_URL_XRAY", "https://xray.eu-west-1.amazonaws.com", &amazon),
            ("AWS_ENDPOINT_URL_XRAY", "https://localhost:8000", &Trust::Native),
            ("HTTPS_PROXY", "http://proxy:3128", &Trust::Native),
            ("https_proxy", "http://proxy:3128", &Trust::Native),
            ("ALL_PROXY", "http://proxy:3128", &Trust::Native),
            ("all_proxy", "http://proxy:3128", &Trust::Native),
            ("HTTP_PROXY", "http://proxy:3128", &amazon),
        ] {
            let (trust, faults) = read("eu-west-1", &[(variable, value)]);
            assert_eq!((&trust, faults.as_str()), (expected, ""), "{variable} {value}");
        }
    }

    #[test]
    fn exactly_the_certificates_of_the_environment_are_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let roots: Vec<&str> = AMAZON.split_inclusive("-----END CERTIFICATE-----\n").collect();
        for (name, text) in [("a.pem", roots[0]), ("b.pem", roots[1]), ("broken.pem", "no certificate")] {
            std::fs::write(path(name), text).unwrap();
        }
        std::fs::create_dir(path("one")).unwrap();
        std::fs::create_dir(path("two")).unwrap();
        std::fs::create_dir(path("empty")).unwrap();
        std::fs::write(path("one/c.pem"), roots[2]).unwrap();
        std::fs::write(path("two/d.pem"), roots[3]).unwrap();
        std::fs::write(path("two/readme.txt"), "not a certificate").unwrap();
        let both = format!("{}:{}", path("one"), path("two"));
        let (a, b, broken, empty) = (path("a.pem"), path("b.pem"), path("broken.pem"), path("empty"));
        let (nowhere, no_folder) = (path("nowhere.pem"), path("nowhere"));
        for (variables, expected, faulty) in [
            (vec![("SSL_CERT_FILE", &a)], 1, ""),
            (vec![("AWS_CA_BUNDLE", &b)], 1, ""),
            (vec![("SSL_CERT_DIR", &both)], 2, ""),
            (vec![("AWS_CA_BUNDLE", &a), ("SSL_CERT_FILE", &b), ("SSL_CERT_DIR", &both)], 4, ""),
            (vec![("SSL_CERT_FILE", &broken)], 0, "SSL_CERT_FILE"),
            (vec![("SSL_CERT_FILE", &nowhere)], 0, "SSL_CERT_FILE"),
            (vec![("AWS_CA_BUNDLE", &nowhere), ("SSL_CERT_FILE", &a)], 1, "AWS_CA_BUNDLE"),
            (vec![("SSL_CERT_DIR", &empty)], 0, "SSL_CERT_DIR"),
            (vec![("SSL_CERT_DIR", &no_folder)], 0, "SSL_CERT_DIR"),
        ] {
            let named: Vec<(&str, &str)> =
                variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (trust, faults) = read("eu-west-1", &named);
            let Trust::Certificates(pem) = trust else { panic!("{named:?}: the machine's are believed") };
            assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), expected, "{named:?}");
            assert_eq!(faults.split(" is ").next(), Some(faulty), "{named:?}");
        }
    }
}
