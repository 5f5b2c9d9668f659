//! The names of regions and the partitions that they belong to. Every part of the workspace, and the patterns in the templates, use
//! these rules.

/// A group of regions with its own accounts and its own console.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The partition in ARNs, for example `aws-cn`.
    pub id: &'static str,
    /// The domain of its console, without the region; `None` if it has no public console.
    pub console: Option<&'static str>,
}

/// The partitions other than `aws`, each with what the names of its regions begin with.
const PARTITIONS: [(&str, Partition); 7] = [
    ("cn-", Partition { id: "aws-cn", console: Some("console.amazonaws.cn") }),
    ("us-gov-", Partition { id: "aws-us-gov", console: Some("console.amazonaws-us-gov.com") }),
    ("eusc-", Partition { id: "aws-eusc", console: Some("console.amazonaws-eusc.eu") }),
    ("us-iso-", Partition { id: "aws-iso", console: None }),
    ("us-isob-", Partition { id: "aws-iso-b", console: None }),
    ("eu-isoe-", Partition { id: "aws-iso-e", console: None }),
    ("us-isof-", Partition { id: "aws-iso-f", console: None }),
];
/// The partition of all other regions.
const AWS: Partition = Partition { id: "aws", console: Some("console.aws.amazon.com") };

impl Partition {
    /// The partition of `region`. A region with an unknown name is in `aws`.
    pub fn of(region: &str) -> Self {
        let found = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix));
        found.map_or(AWS, |(_, partition)| *partition)
    }
}

/// Whether `text` can be a region's name: lower-case words and a number, joined by `-`. So it cannot change the host or the ARN that
/// contains it.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    parts.len() >= 3
        && parts.iter().all(word)
        && parts.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_words_and_a_number_in_every_partition() {
        for region in [
            "eu-west-1",
            "ap-southeast-2",
            "us-gov-west-1",
            "cn-north-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for text in [
            "",
            "eu",
            "eu-west",
            "eu-1",
            "eu-west-x",
            "EU-WEST-1",
            "eu-west-1a",
            "eu--1",
            "eu_west-1",
            "eu-west-1.example.org",
            "example.org/eu-west-1",
            "eu-west-1\n",
        ] {
            assert!(!is_region(text), "{text}");
        }
    }

    /// The partitions with the patterns of their regions, from `partitions.json` of the SDKs.
    #[test]
    fn each_region_is_in_its_partition() {
        for (region, expected) in [
            ("eu-west-1", "aws"),
            ("us-east-1", "aws"),
            ("mx-central-1", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-east-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(Partition::of(region).id, expected, "{region}");
        }
    }
}
