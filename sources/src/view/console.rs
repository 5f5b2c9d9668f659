//! Links into the AWS console.

use insights_records::record::Stored;
use insights_records::region::{Partition, is_region};

/// A page of the AWS console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it shows.
    pub shows: &'static str,
    /// Its address.
    pub url: String,
}

/// The home page of `service` in the console of the record's region; `None` without a valid region or without a public console.
/// <https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/select-region.html>
pub fn home(record: &Stored, service: &str) -> Option<String> {
    let region = record.text("region").filter(|region| is_region(region))?;
    let domain = Partition::of(region).console?;
    Some(format!("https://{region}.{domain}/{service}/home?region={region}"))
}

/// Percent-encodes `text` for one path segment or one query value.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_records::value::Map;

    fn home_in(region: &str) -> Option<String> {
        home(&Stored(Map::from([("region".into(), region.into())])), "xray")
    }

    /// The hosts that the consoles of the partitions show in the address bar.
    #[test]
    fn every_partition_has_its_own_console() {
        for (region, host) in [
            ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
            ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
            ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
            ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
        ] {
            let expected = format!("https://{host}/xray/home?region={region}");
            assert_eq!(home_in(region), Some(expected), "{region}");
        }
    }

    #[test]
    fn there_is_no_link_without_a_valid_region_or_a_public_console() {
        for region in
            ["", "eu", "eu-west-1.example.org", "evil.example/eu-west-1", "EU-WEST-1", "us-iso-east-1"]
        {
            assert_eq!(home_in(region), None, "{region}");
        }
    }

    #[test]
    fn keys_become_one_segment() {
        assert_eq!(encoded("xray#1%2F/é?.~"), "xray%231%252F%2F%C3%A9%3F.~");
    }
}
