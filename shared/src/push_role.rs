//! The role that the function assumes to process a push event of an account that is not a configured target.

use crate::environment::Environment;
use crate::fields::Faults;
use crate::record::Source;
use crate::region::Partition;
use crate::target::{EXTERNAL_ID_RULE, Role, is_external_id};

const NAME: &str = "PUSH_ROLE_NAME";
const EXTERNAL_ID: &str = "PUSH_EXTERNAL_ID";
/// The longest path of a role in IAM, with its first and last slash.
const LONGEST_PATH: usize = 512;
/// The longest name of a role in IAM.
const LONGEST_NAME: usize = 64;

/// A role that has the same name in all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRole {
    /// `PUSH_ROLE_NAME`: the name, after its path if it has one.
    name: String,
    /// `PUSH_EXTERNAL_ID`.
    external_id: Option<String>,
}

impl PushRole {
    /// Reads the variables, if `source` sends push events. Every fault goes into `faults`.
    pub fn read(environment: &Environment, source: Source, faults: &mut Faults) -> Option<Self> {
        source.push?;
        let name = environment.get(NAME).map(str::to_owned);
        let external_id = environment.get(EXTERNAL_ID).map(str::to_owned);
        if let Some(name) = name.as_deref().filter(|name| !is_role_name(name)) {
            let rule = "must be the name of an IAM role, with its path if it has one, such as insights-reader or readers/insights";
            faults.add(NAME, name, rule);
        }
        if let Some(external_id) = &external_id {
            if !is_external_id(external_id) {
                faults.add(EXTERNAL_ID, external_id, EXTERNAL_ID_RULE);
            }
            if name.is_none() {
                faults.add(EXTERNAL_ID, external_id, "is useful only with PUSH_ROLE_NAME");
            }
        }
        Some(Self { name: name?, external_id })
    }

    /// The role in an account, for an event of `region`. Both must be valid.
    pub fn in_account(&self, account_id: &str, region: &str) -> Role {
        let arn = format!("arn:{}:iam::{account_id}:role/{}", Partition::of(region).id, self.name);
        Role { arn, external_id: self.external_id.clone() }
    }
}

/// Whether `text` can be the name of an IAM role after its path.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
fn is_role_name(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let is_named = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    // IAM also allows a colon in a path. Here it is a mistake: somebody wrote an ARN.
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    // The ARN has the path with a slash before and after it.
    let is_path = path.is_empty() && !text.starts_with('/')
        || path.len() + 2 <= LONGEST_PATH && path.split('/').all(is_part);
    is_path && (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Source, name: &str, external_id: &str) -> Result<Option<PushRole>, String> {
        let environment = [(NAME, name), (EXTERNAL_ID, external_id)].into_iter().collect();
        let mut faults = Faults::default();
        let role = PushRole::read(&environment, source, &mut faults);
        faults.or(role).map_err(|faults| faults.to_string())
    }

    fn xray() -> Source {
        insights_sources::xray::SOURCE
    }

    #[test]
    fn a_role_has_the_partition_of_the_region_and_the_account_of_the_event() {
        let role = read(xray(), "readers/insights", "s_1").unwrap().unwrap();
        for (region, expected) in [
            ("eu-west-1", "arn:aws:iam::111122223333:role/readers/insights"),
            ("cn-north-1", "arn:aws-cn:iam::111122223333:role/readers/insights"),
            ("us-gov-west-1", "arn:aws-us-gov:iam::111122223333:role/readers/insights"),
            ("eusc-de-east-1", "arn:aws-eusc:iam::111122223333:role/readers/insights"),
        ] {
            let Role { arn, external_id } = role.in_account("111122223333", region);
            assert_eq!((arn.as_str(), external_id.as_deref()), (expected, Some("s_1")), "{region}");
        }
        let without = read(xray(), "insights-reader", "").unwrap().unwrap();
        assert_eq!(without.in_account("111122223333", "eu-west-1").external_id, None);
        assert_eq!(read(xray(), "", ""), Ok(None));
    }

    #[test]
    fn only_sources_with_push_events_read_the_variables() {
        for source in insights_sources::all() {
            assert_eq!(read(source, "r", "secret").unwrap().is_some(), source.push.is_some(), "{source}");
            assert_eq!(read(source, "not a name", "").is_err(), source.push.is_some(), "{source}");
        }
    }

    #[test]
    fn a_name_and_an_external_id_have_the_rules_of_iam_and_sts() {
        let (longest_name, longest_path) = ("n".repeat(64), "p".repeat(510));
        for name in
            ["r", "a_+=,.@-Z9", "readers/insights", "a/b!/c", &longest_name, &format!("{longest_path}/r")]
        {
            assert!(read(xray(), name, "").is_ok(), "{name}");
        }
        for name in [
            "/r",
            "readers/",
            "readers//r",
            "a b",
            "role:r",
            "*",
            "arn:aws:iam::111122223333:role/r",
            "r\u{e9}",
            "a\u{e9}/r",
            &format!("{longest_name}n"),
            &format!("{longest_path}p/r"),
        ] {
            let error = read(xray(), name, "").unwrap_err();
            assert!(
                error.contains("PUSH_ROLE_NAME") && error.contains("must be the name of an IAM role"),
                "{error}"
            );
        }
        assert!(read(xray(), "r", "aZ9_+=,.@:/-").is_ok());
        for (external_id, rule) in [("x", "2 to 1224"), ("a b", "2 to 1224"), ("a\\b", "2 to 1224")] {
            let error = read(xray(), "r", external_id).unwrap_err();
            assert!(error.contains("PUSH_EXTERNAL_ID") && error.contains(rule), "{error}");
            assert!(!error.contains(&format!(" {external_id}:")), "an external id is a secret: {error}");
        }
        let error = read(xray(), "", "sesame").unwrap_err();
        assert!(error.contains("is useful only with PUSH_ROLE_NAME") && !error.contains("sesame"), "{error}");
    }
}
