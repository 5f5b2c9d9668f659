//! Compares the tables of two programs that did the same work. Only a fingerprint of each record is kept, so tables of any
//! size fit into memory. This module defines what is not compared.

use crate::Failure;
use crate::services::{Services, TABLE};
use crate::table::count;
use insights_shared::key::{Key, sha256_hex};
use insights_shared::record::Stored;
use insights_shared::value::{Map, from_attributes, write_canonical_map};
use std::collections::BTreeMap;

/// Attributes of our records that are not compared: when and by which function a record was stored, and what determines
/// whether it is written again.
const STAMPS: [&str; 5] = ["answered_at", "collected_by", "content_hash", "observed_at", "schema_version"];
/// The page size. Without a limit, the embedded database reads all remaining items for each page.
const PAGE: i32 = 250;
/// The maximum number of differences that are reported.
const MOST_SHOWN: usize = 5;

/// The records of a table, each with a fingerprint of what is compared.
#[derive(Debug, Default)]
pub struct Records {
    by_key: BTreeMap<Key, Record>,
    beside: BTreeMap<String, u64>,
}

#[derive(Debug, PartialEq)]
struct Record {
    fingerprint: String,
    part: Part,
}

/// Whether both programs can have requested all data of a record.
#[derive(Debug, PartialEq)]
enum Part {
    /// Yes: it is not a chunk.
    Whole,
    /// Yes, if both requested this hour, which has a point per minute.
    Hour(String),
    /// No: CloudTrail had only a part of the chunk.
    CutOff,
}

impl Records {
    /// Reads all items of the table.
    pub async fn read(services: &Services) -> Result<Self, Failure> {
        let mut records = Self::default();
        let scan = services.client().scan().table_name(TABLE).limit(PAGE);
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                records.add(from_attributes(item)?);
            }
        }
        Ok(records)
    }

    fn add(&mut self, mut item: Map) {
        let stored = Stored(item.clone());
        let text = |name: &str| stored.text(name).unwrap_or_default().to_owned();
        let kind = text("kind");
        let Some(known) = insights_sources::kind(&kind) else {
            *self.beside.entry(kind).or_default() += 1;
            return;
        };
        let mut part = Part::Whole;
        if item.contains_key("timestamps") {
            let is_whole = stored.integer("period") == Some(60) && text("covered_from") == text("started_at");
            part = if is_whole { Part::Hour(text("started_at")) } else { Part::CutOff };
        }
        // These members depend on the time of the request.
        item.retain(|name, _| !known.unhashed.iter().any(|path| *path == [name.as_str()]));
        item.retain(|name, _| !STAMPS.contains(&name.as_str()));
        let mut canonical = String::new();
        write_canonical_map(&item, &mut canonical);
        let fingerprint = sha256_hex(canonical.as_bytes());
        self.by_key.insert(Key::new(text("pk"), text("sk")), Record { fingerprint, part });
    }

    /// The first whole hour in the table.
    fn first_hour(&self) -> Option<&str> {
        let hours = self.by_key.values().filter_map(|record| match &record.part {
            Part::Hour(hour) => Some(hour.as_str()),
            Part::Whole | Part::CutOff => None,
        });
        hours.min()
    }

    /// The records that can be compared. Chunks can be compared from the hour `first` on.
    fn compared_from(&self, first: Option<&str>) -> BTreeMap<&Key, &str> {
        let is_compared = |record: &Record| match &record.part {
            Part::Whole => true,
            Part::Hour(hour) => first.is_some_and(|first| hour.as_str() >= first),
            Part::CutOff => false,
        };
        let compared = self.by_key.iter().filter(|(_, record)| is_compared(record));
        compared.map(|(key, record)| (key, record.fingerprint.as_str())).collect()
    }
}

/// The result of comparing two tables.
#[derive(Debug, Default, PartialEq)]
pub struct Agreement {
    /// The number of compared records.
    pub compared: usize,
    /// The first differences.
    pub differences: Vec<String>,
    /// What our table contains in addition, as text.
    pub ours_alone: String,
}

impl Agreement {
    /// Compares two tables. Each program requests the whole hours that CloudTrail still has at that time. An hour that only
    /// one of them could request is therefore not compared, nor is a partial hour at the end of the retention.
    pub fn of(ours: &Records, theirs: &Records) -> Self {
        let first = ours.first_hour().max(theirs.first_hour());
        let (left, right) = (ours.compared_from(first), theirs.compared_from(first));
        let mut differences = Vec::new();
        for (key, fingerprint) in &left {
            match right.get(key) {
                None => differences.push(format!("{} {} is only in ours", key.pk, key.sk)),
                Some(other) if other != fingerprint => {
                    differences.push(format!("{} {} differs", key.pk, key.sk));
                }
                Some(_) => {}
            }
        }
        for key in right.keys().filter(|key| !left.contains_key(*key)) {
            differences.push(format!("{} {} is only in theirs", key.pk, key.sk));
        }
        differences.truncate(MOST_SHOWN);
        let mut alone: Vec<String> =
            ours.beside.iter().map(|(kind, items)| format!("{} {kind}", count(*items))).collect();
        let cut = ours.by_key.len() - left.len();
        if cut > 0 {
            alone.push(format!("{} chunks at the cut-off", count(cut as u64)));
        }
        Self { compared: left.len(), differences, ours_alone: alone.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn item(pairs: &[(&str, &str)]) -> Map {
        pairs.iter().map(|(name, value)| ((*name).into(), Value::from(*value))).collect()
    }

    fn records(items: &[Map]) -> Records {
        let mut records = Records::default();
        for item in items {
            records.add(item.clone());
        }
        records
    }

    fn insight(title: &str, hash: &str) -> Map {
        item(&[
            ("pk", "x"),
            ("sk", "insight"),
            ("kind", "xray.insight"),
            ("title", title),
            ("content_hash", hash),
        ])
    }

    fn chunk(hour: &str, from: &str, until: &str) -> Map {
        let started_at = format!("2026-03-01T{hour}:00:00.000Z");
        let sk = format!("metric#60#{started_at}");
        let mut chunk =
            item(&[("pk", "c"), ("sk", &sk), ("kind", "cloudtrail.metric"), ("started_at", &started_at)]);
        chunk.insert("covered_from".into(), format!("2026-03-01T{from}:00.000Z").into());
        chunk.insert("covered_until".into(), until.into());
        chunk.insert("period".into(), 60.into());
        chunk.insert("timestamps".into(), vec![1_i64, 2].into());
        chunk
    }

    fn check(ours: &[Map], theirs: &[Map], compared: usize, differences: &[&str]) {
        let agreement = Agreement::of(&records(ours), &records(theirs));
        assert_eq!(
            (agreement.compared, agreement.differences),
            (compared, differences.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn records_are_compared_without_the_attributes_of_the_store() {
        let run = item(&[("pk", "run"), ("sk", "1"), ("kind", "run")]);
        check(&[insight("a", "1"), run], &[insight("a", "")], 1, &[]);
        check(&[insight("a", "1")], &[insight("b", "1")], 1, &["x insight differs"]);
        check(&[insight("a", "1")], &[], 1, &["x insight is only in ours"]);
        check(&[], &[insight("a", "1")], 0, &["x insight is only in theirs"]);
    }

    #[test]
    fn chunks_are_compared_from_the_first_hour_that_both_have() {
        let at_cut_off = chunk("01", "01:30", "");
        let (one, two) = (chunk("02", "02:00", "a"), chunk("03", "03:00", "b"));
        check(&[at_cut_off.clone(), one.clone(), two.clone()], &[one.clone(), two.clone()], 2, &[]);
        check(&[at_cut_off, one.clone(), two.clone()], &[chunk("03", "03:00", "c")], 1, &[]);
        let missing = ["c metric#60#2026-03-01T03:00:00.000Z is only in theirs"];
        check(std::slice::from_ref(&one), &[one.clone(), two.clone()], 1, &missing);
        let mut other = two.clone();
        other.insert("timestamps".into(), vec![1_i64, 3].into());
        check(&[one.clone(), two], &[one, other], 2, &["c metric#60#2026-03-01T03:00:00.000Z differs"]);
    }

    #[test]
    fn additional_items_of_ours_are_counted() {
        let row = |sk: &str, kind: &str| item(&[("pk", "p"), ("sk", sk), ("kind", kind)]);
        let ours = records(&[row("1", "run"), row("2", "state"), row("3", "run"), chunk("01", "01:30", "")]);
        let agreement = Agreement::of(&ours, &Records::default());
        assert_eq!(agreement.ours_alone, "2 run, 1 state, 1 chunks at the cut-off");
    }
}
