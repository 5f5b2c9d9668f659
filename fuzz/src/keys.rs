//! Decodes keys by their documented format, independently of the code that creates them. A key that contains exactly the
//! parts of its record cannot be the key of another record.

use crate::sources::fuzz_source;
use insights_shared::key::sha256_hex;
use serde_json::Value;

/// The longest encoded part in bytes.
const LONGEST_PART: usize = 200;

/// Checks the limits of DynamoDB.
pub fn check_size(pk: &str, sk: &str) {
    assert!((1..=2_048).contains(&pk.len()), "a partition key of {} bytes: {pk}", pk.len());
    assert!((1..=1_024).contains(&sk.len()), "a sort key of {} bytes: {sk}", sk.len());
}

/// Checks that a key consists of exactly these parts. An empty part counts as absent.
pub fn check_parts(key: &str, expected: &[&str]) {
    let parts: Vec<&str> = key.split('#').collect();
    assert_eq!(parts.len(), expected.len(), "the parts of {key} are not those of {expected:?}");
    for (part, expected) in parts.iter().zip(expected) {
        let is_it = match part.strip_prefix("sha256:") {
            Some(digest) => {
                digest == &sha256_hex(expected.as_bytes())[..32] && encoded_len(expected) > LONGEST_PART
            }
            None if *part == "-" => expected.is_empty(),
            None => decode(part).as_deref() == Some(*expected) && part.len() <= LONGEST_PART + 2,
        };
        assert!(is_it, "the part {part} of {key} is not {expected:?}");
    }
}

fn encoded_len(part: &str) -> usize {
    part.len() + 2 * part.matches(['%', '#']).count()
}

/// The text of a part; `None` if an escape is invalid.
fn decode(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        bytes.extend(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// An item in the JSON of DynamoDB.
pub struct Item<'a>(pub &'a Value);

impl<'a> Item<'a> {
    /// The text of an attribute; empty if there is none.
    pub fn text(&self, name: &str) -> &'a str {
        self.0[name]["S"].as_str().unwrap_or_default()
    }

    /// The text of a member of `detail`; empty if there is none.
    pub fn detail(&self, name: &str) -> &'a str {
        self.0["detail"]["M"][name]["S"].as_str().unwrap_or_default()
    }

    fn target(&self) -> [&'a str; 3] {
        ["source", "account_id", "region"].map(|name| self.text(name))
    }

    /// Checks that the partition key consists of source, account, region and `own`.
    pub fn check_partition(&self, own: &[&str]) {
        check_parts(self.text("pk"), &[&self.target(), own].concat());
    }
}

/// Checks that the key of a stored item, in the JSON of DynamoDB, consists of its other attributes.
pub fn check_item(item: &Value) {
    let item = Item(item);
    let (pk, sk, kind) = (item.text("pk"), item.text("sk"), item.text("kind"));
    check_size(pk, sk);
    let target = item.target();
    let check_special = |name: &str| check_parts(pk, &[&[name], &target[..]].concat());
    let check_of_source = || {
        let source = insights_sources::source(target[0]).unwrap_or_else(|| panic!("{pk} has no source"));
        (fuzz_source(source).check_key)(&item);
    };
    match kind {
        "catalog" => {
            check_special(kind);
            check_of_source();
        }
        "rejected" => {
            check_special(kind);
            let raw = item.text("raw");
            let is_whole = item.0["bytes"]["N"].as_str() == Some(raw.len().to_string().as_str());
            assert!(!is_whole || sk == sha256_hex(raw.as_bytes()), "{sk} is not the hash of what is kept");
            assert!(
                item.0["violations"]["L"].as_array().is_some_and(|list| !list.is_empty()),
                "rejected without a reason"
            );
        }
        _ if insights_sources::kind(kind).is_some() => check_of_source(),
        _ => check_special("run"),
    }
}
