//! Links into the AWS console.

use insights_records::record::Stored;

/// A page of the AWS console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it shows.
    pub shows: &'static str,
    /// Its address.
    pub url: String,
}

/// The home page of `service` in the console of the record's region and partition; `None` without a region.
pub fn home(record: &Stored, service: &str) -> Option<String> {
    let region = record.text("region").filter(|region| is_region(region))?;
    let domain = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    Some(format!("https://{region}.{domain}/{service}/home?region={region}"))
}

/// The region becomes part of a host name, so its format is checked.
fn is_region(region: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !region.is_empty() && region.bytes().all(allowed)
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

    #[test]
    fn keys_become_one_segment() {
        assert_eq!(encoded("xray#1%2F/é?.~"), "xray%231%252F%2F%C3%A9%3F.~");
    }
}
