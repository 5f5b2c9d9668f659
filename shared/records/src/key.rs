//! The keys of the table: how parts are encoded, joined and shortened. The parts of each kind are defined in its source.

use crate::value::Text;
use ring::digest::{Context, SHA256, digest};

/// The maximum length of an encoded part, in bytes. A longer one is replaced by its hash.
const LONGEST_PART: usize = 200;
/// The prefix of parts that are hashes.
const HASH_PREFIX: &str = "sha256:";
/// The part that stands for an absent value.
pub const ABSENT: &str = "-";

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl Key {
    /// Creates a key from partition key and sort key.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// The first 8 hex digits of SHA-256 over `pk`, a line feed and `sk`. It makes index keys practically unique.
    pub fn tag(&self) -> Text {
        let mut context = Context::new(&SHA256);
        for part in [&self.pk, "\n", &self.sk] {
            context.update(part.as_bytes());
        }
        hex(context.finish().as_ref().get(..4).unwrap_or_default())
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// `bytes` in lower-case hexadecimal digits.
pub fn hex<T: FromIterator<char>>(bytes: &[u8]) -> T {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Whether `text` is a UUID: hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub fn is_uuid(text: &str) -> bool {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let parts =
        text.split('-').map(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(part.len()));
    parts.eq(LENGTHS.map(Some))
}

/// Encodes one part: escapes separators, distinguishes absent parts and hashes from texts that look like them, and replaces
/// long parts by hashes.
pub fn part(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_part(text, &mut encoded);
    encoded
}

/// Encodes the parts and joins them with `#`. An empty part counts as absent.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::with_capacity(128);
    for (index, text) in parts.into_iter().enumerate() {
        if index > 0 {
            joined.push('#');
        }
        push_part(text, &mut joined);
    }
    joined
}

fn push_part(text: &str, out: &mut String) {
    let is_plain = text.len() <= LONGEST_PART && !text.bytes().any(|byte| byte == b'%' || byte == b'#');
    if text.is_empty() {
        out.push_str(ABSENT);
    } else if text == ABSENT {
        out.push_str("%2D");
    } else if is_plain && !text.starts_with(HASH_PREFIX) {
        out.push_str(text);
    } else {
        let escaped = text.replace('%', "%25").replace('#', "%23");
        // The length of the encoded part counts: a part of separators only is three times as long there.
        if escaped.len() > LONGEST_PART {
            let digest = sha256_hex(text.as_bytes());
            out.push_str(HASH_PREFIX);
            out.push_str(digest.get(..32).unwrap_or(&digest));
        } else if let Some(rest) = escaped.strip_prefix(HASH_PREFIX) {
            out.push_str("sha256%3A");
            out.push_str(rest);
        } else {
            out.push_str(&escaped);
        }
    }
}

/// Whether `text` has the format of an account id.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account id in an ARN (`arn:partition:service:region:account:…`); `None` if it has none.
pub fn account_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3).filter(|account| is_account_id(account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_uuid_has_five_groups_of_hexadecimal_digits() {
        for (text, expected) in [
            ("7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", true),
            ("7C4EE9A1-3F5B-4D2E-9A68-0B6F1D2C3E4F", true),
            ("7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4", false),
            ("7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f0", false),
            ("7c4ee9a13f5b4d2e9a680b6f1d2c3e4f", false),
            ("7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f-", false),
            ("7c4ee9g1-3f5b-4d2e-9a68-0b6f1d2c3e4f", false),
            ("", false),
        ] {
            assert_eq!(is_uuid(text), expected, "{text}");
        }
    }

    #[test]
    fn parts_are_encoded_as_in_the_contract() {
        let long = "x".repeat(201);
        for (text, expected) in [
            ("RunInstances", "RunInstances"),
            ("IAM #1", "IAM %231"),
            ("100%", "100%25"),
            ("", "-"),
            ("-", "%2D"),
            ("--", "--"),
            ("sha256:abc", "sha256%3Aabc"),
            ("sha256", "sha256"),
            ("a:b", "a:b"),
            (long.as_str(), "sha256:84a0678c90937f5dcf9994d5866668da"),
        ] {
            assert_eq!(part(text), expected);
        }
    }

    #[test]
    fn no_encoded_part_exceeds_the_maximum_length() {
        for text in ["#".repeat(66), "#".repeat(67), "%".repeat(200), "-".repeat(200), "é#".repeat(80)] {
            let encoded = part(&text);
            assert!(encoded.len() <= LONGEST_PART, "{text}: {encoded}");
        }
        assert_eq!(part(&"#".repeat(66)), "%23".repeat(66));
        assert!(part(&"#".repeat(67)).starts_with(HASH_PREFIX));
    }

    #[test]
    fn tags_are_those_of_the_worked_examples() {
        let insight = Key::new("xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "insight");
        assert_eq!(insight.tag(), "cc4c30a2");
        let half =
            Key::new("cloudtrail#123456789012#eu-west-1#fccb064f-dd07-4822-97c0-11115d8b91d4", "insight");
        assert_eq!(half.tag(), "68f51be2");
    }

    proptest! {
        #[test]
        fn different_parts_have_different_keys(
            left in prop::collection::vec("[-#%a:]{0,3}|sha256:[a#]{0,2}|.{0,220}", 3),
            right in prop::collection::vec("[-#%a:]{0,3}|sha256:[a#]{0,2}|.{0,220}", 3),
        ) {
            prop_assume!(left != right);
            let joined = |parts: &[String]| join(parts.iter().map(String::as_str));
            prop_assert_ne!(joined(&left), joined(&right));
        }
    }
}
