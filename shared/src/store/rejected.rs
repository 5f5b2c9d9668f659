//! Rejected answers. Each is stored once, under the hash of the raw answer.

use super::Store;
use super::condition::Condition;
use super::dry_run::Change;
use crate::fields::cut;
use crate::issue::CallError;
use crate::key::{self, Key};
use crate::record::{SCHEMA_VERSION, Source, target_partition};
use crate::time::{DAY_SECONDS, Timestamp};
use crate::validate::Rejected;
use crate::value::{Map, Value, into_attributes};

/// The maximum size of a raw answer, in bytes. The rest is cut.
const LONGEST_RAW: usize = 300 * 1024;
/// The maximum length of a violation, in bytes. A hundred of them and the raw answer fit into an item.
const LONGEST_VIOLATION: usize = 800;
/// The maximum length of the subject, in bytes.
const LONGEST_SUBJECT: usize = 4_000;

impl Store {
    /// Stores an answer that breaks a rule, once, so that it is not lost.
    pub async fn reject(
        &self,
        source: Source,
        account: &str,
        region: &str,
        rejected: &Rejected,
    ) -> Result<(), CallError> {
        let key = Key::new(
            target_partition("rejected", source, account, region),
            key::sha256_hex(rejected.raw.as_bytes()),
        );
        if self.get(&key).await?.is_some() {
            return Ok(());
        }
        let now = self.now();
        let item = rejected_item(&key, source, (account, region), rejected, now, self.retention_days);
        if self.dry_run {
            self.record_dry_run(&item, Change::New);
            return Ok(());
        }
        let condition = Condition::absent(now);
        self.put_item(into_attributes(item), Some(condition)).await.map(|_| ())
    }
}

fn rejected_item(
    key: &Key,
    source: Source,
    (account, region): (&str, &str),
    rejected: &Rejected,
    now: Timestamp,
    retention_days: i64,
) -> Map {
    let Rejected { subject, violations, raw } = rejected;
    let end = raw.floor_char_boundary(LONGEST_RAW);
    let violations = violations.lines();
    let violations: Value =
        violations.iter().map(|violation| cut(violation, LONGEST_VIOLATION).into_owned()).collect();
    let mut item = Map::from([
        ("pk".into(), Value::from(key.pk.as_str())),
        ("sk".into(), key.sk.as_str().into()),
        ("kind".into(), "rejected".into()),
        ("source".into(), source.as_str().into()),
        ("account_id".into(), account.into()),
        ("region".into(), region.into()),
        ("schema_version".into(), SCHEMA_VERSION.into()),
        ("subject".into(), cut(subject, LONGEST_SUBJECT).into_owned().into()),
        ("violations".into(), violations),
        ("raw".into(), raw.get(..end).unwrap_or_default().into()),
        ("bytes".into(), u64::try_from(raw.len()).unwrap_or(u64::MAX).into()),
        ("observed_at".into(), now.into()),
    ]);
    if retention_days > 0 {
        let expiry = now.seconds().saturating_add(retention_days.saturating_mul(DAY_SECONDS));
        item.insert("expires_at".into(), expiry.into());
    }
    item
}
