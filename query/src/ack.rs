//! Acknowledgements: insights that people know about. They are items beside the insight (`sk` is `ack`), written by people. Collectors
//! ignore them.
//!
//! The index `by_entity` lists all of them under one partition, so that a listing needs one query for all acknowledgements.

use crate::error::Error;
use crate::query::Question;
use crate::reader::Reader;
use aws_sdk_dynamodb::types::AttributeValue;
use insights_shared::issue::CallError;
use insights_shared::key::{self, Key};
use insights_shared::record::{SCHEMA_VERSION, Stored};
use insights_shared::store::schema::BY_ENTITY;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// The value of `kind`, and the sort key.
pub const ACK: &str = "ack";
/// The partition of all acknowledgements in the index.
const ACKS: &str = "ack";
/// What a reader adds to an acknowledged record: `until`, `note`, `by` and `at`.
const MEMBERS: [&str; 4] = ["until", "note", "by", "at"];

/// What a person says about an insight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Until when the insight is known; `None` for as long as it is stored.
    pub until: Option<Timestamp>,
    /// Why.
    pub note: Option<String>,
    /// Who says so.
    pub by: Option<String>,
}

/// Whether [`Reader::with_acks`] found an acknowledgement of a record.
pub fn is_acknowledged(record: &Stored) -> bool {
    record.0.contains_key(ACK)
}

/// Whether an acknowledgement is in force at `now`.
fn is_in_force(ack: &Stored, now: Timestamp) -> bool {
    ack.timestamp("until").is_none_or(|until| now < until)
}

impl Reader {
    /// The acknowledgements in force, by the partition key of their insight.
    pub async fn acks(&self) -> Result<BTreeMap<String, Stored>, Error> {
        let partition = ("entity_pk", key::join([ACKS]));
        let found = self.ask(Question { index: Some(BY_ENTITY), partition, ..Question::default() }).await?;
        let whole = self.whole(&found).await?;
        let in_force = whole.into_iter().filter(|ack| is_in_force(ack, self.now()));
        Ok(in_force.filter_map(|ack| Some((ack.text("pk")?.to_owned(), ack))).collect())
    }

    /// The same records, in the same order. Acknowledged ones have `ack` with `until`, `note`, `by` and `at`.
    pub async fn with_acks(&self, mut records: Vec<Stored>) -> Result<Vec<Stored>, Error> {
        if records.is_empty() {
            return Ok(records);
        }
        let acks = self.acks().await?;
        for record in &mut records {
            let Some(ack) = record.text("pk").and_then(|pk| acks.get(pk)) else { continue };
            record.0.insert(ACK.into(), Value::Map(members(ack)));
        }
        Ok(records)
    }

    /// Stores an acknowledgement of `insight`, which replaces an earlier one. Without `until` it is kept for `retention_days` (0 is for
    /// ever). Its only condition is that no other item has its key.
    pub async fn acknowledge(
        &self,
        insight: &Stored,
        ack: &Acknowledgement,
        retention_days: i64,
    ) -> Result<Stored, Error> {
        let at = self.now();
        let text = |name: &str| insight.text(name).unwrap_or_default();
        let key = Key::new(text("pk"), ACK);
        let place = [text("account_id"), text("region"), &key.tag()].join("#");
        let mut item = Map::from([
            ("pk".into(), key.pk.as_str().into()),
            ("sk".into(), key.sk.as_str().into()),
            ("kind".into(), ACK.into()),
            ("schema_version".into(), SCHEMA_VERSION.into()),
            ("source".into(), text("source").into()),
            ("account_id".into(), text("account_id").into()),
            ("region".into(), text("region").into()),
            ("at".into(), at.into()),
            ("entity_pk".into(), ACKS.into()),
            ("entity_sk".into(), place.as_str().into()),
        ]);
        let kept = (retention_days > 0).then(|| at.plus_seconds(retention_days * DAY_SECONDS));
        item.extend(ack.until.or(kept).map(|time| ("expires_at".into(), time.seconds().into())));
        item.extend(ack.until.map(|until| ("until".into(), until.into())));
        item.extend(ack.note.as_deref().map(|note| ("note".into(), note.into())));
        item.extend(ack.by.as_deref().map(|by| ("by".into(), by.into())));
        let put = self
            .client()
            .put_item()
            .table_name(self.table())
            .set_item(Some(insights_shared::value::to_attributes(&item)))
            .condition_expression("attribute_not_exists(pk) OR kind = :ack")
            .expression_attribute_values(":ack", AttributeValue::S(ACK.to_owned()));
        match put.send().await {
            Ok(_) => Ok(Stored(item)),
            Err(error) => Err(self.call_error(CallError::from_sdk("PutItem", &error)).await),
        }
    }

    /// Removes the acknowledgement of the insight with the partition key `pk`. Whether there was one.
    pub async fn clear_ack(&self, pk: &str) -> Result<bool, Error> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let delete = self
            .client()
            .delete_item()
            .table_name(self.table())
            .set_key(Some(HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(ACK))])))
            .condition_expression("kind = :ack")
            .expression_attribute_values(":ack", text(ACK));
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) => match CallError::from_sdk("DeleteItem", &error) {
                call if call.code == "ConditionalCheckFailedException" => Ok(false),
                call => Err(self.call_error(call).await),
            },
        }
    }
}

/// What a reader shows of an acknowledgement.
pub fn members(ack: &Stored) -> Map {
    MEMBERS.iter().filter_map(|name| Some(((*name).into(), ack.0.get(name)?.clone()))).collect()
}
