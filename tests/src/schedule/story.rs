//! What the schedule asks of the world: what is pushed, what must be stored, and what an undisturbed table need not have.

use super::backend::Backend;
use super::dice::Dice;
use super::verdict::text;
use super::world::World;
use crate::lab::{ACCOUNT, REGION};
use insights_shared::key::Key;
use insights_shared::record::Source;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use serde_json::{Value, json};

impl World {
    /// What a run is begun with: mostly the schedule, at times a push or a span of the past.
    pub fn payload(&self, dice: &mut Dice, backend: &Backend, now: Timestamp) -> String {
        match dice.below(10) {
            0..3 => self.push(dice, backend, now).unwrap_or_else(|| "{}".to_owned()),
            3 if self.source.history.is_some() => {
                let (start, end) = (now.plus_seconds(-100_000), now.plus_seconds(-dice.between(0, 5_000)));
                json!({"window": {"start": start.to_string(), "end": end.to_string()}}).to_string()
            }
            _ => "{}".to_owned(),
        }
    }

    fn push(&self, dice: &mut Dice, backend: &Backend, now: Timestamp) -> Option<String> {
        let (kind, source, detail) = match self.source.id {
            "xray" => {
                let insight = dice.pick(&self.xray)?;
                ("AWS X-Ray Insight Update", "aws.xray", json!({"InsightId": insight.id}))
            }
            "cloudtrail" => (
                "AWS Insight via CloudTrail",
                "aws.cloudtrail",
                dice.pick(&backend.insight_events())?.clone(),
            ),
            _ => return None,
        };
        let envelope = json!({
            "version": "0", "id": "6f1d3c8e-0b72-4a95-8d4c-e2f7a1b09c36", "detail-type": kind, "source": source,
            "account": ACCOUNT, "time": now.to_string(), "region": REGION, "resources": [], "detail": detail,
        });
        Some(envelope.to_string())
    }

    /// The halves of management events that lie before `watermark` and are not stored, though they could be known.
    pub fn missing_before(&self, watermark: &str, backend: &Backend) -> Vec<String> {
        let Ok(watermark) = watermark.parse::<Timestamp>() else { return Vec::new() };
        let mut missing = Vec::new();
        for insight in self.trail.iter().filter(|insight| !insight.is_data_event()) {
            let pk = format!("cloudtrail#{ACCOUNT}#{REGION}#{}", insight.id);
            let stored = backend.item(&pk, "insight").unwrap_or_default();
            let halves =
                [("start", Some(insight.start), Some(insight.told.0)), ("end", insight.end, insight.told.1)];
            for (half, time, told) in halves {
                let (Some(time), Some(told)) = (time, told) else { continue };
                // A run sees what is told before it looks, and the watermark stands where it began to look.
                let could_be_known = told < watermark && time.plus_seconds(self.lag_seconds) < watermark;
                if could_be_known && stored["detail"]["M"][half].is_null() {
                    missing
                        .push(format!("the watermark {watermark} passed the {half} half of {pk} at {time}"));
                }
            }
        }
        missing
    }

    /// What is wrong with a record that an undisturbed table does not have; `None` if it may be there.
    pub fn fault_of_extra(&self, source: Source, key: &Key, item: &Map) -> Option<String> {
        let kind = text(item, "kind").unwrap_or_default();
        match source.id {
            // Yesterday's counts cannot be asked for any more.
            "auditmanager" if kind.starts_with("auditmanager.") => None,
            "xray" => {
                let id = key.pk.rsplit('#').next().unwrap_or_default();
                let insight = self.xray.iter().find(|insight| insight.id == id);
                match insight {
                    None => Some("nobody told of it".to_owned()),
                    Some(insight) if insight.is_gone || insight.is_unlisted => {
                        let is_closed = insight.is_gone || insight.end.is_some();
                        let expected = if is_closed { "closed" } else { "open" };
                        let status = text(item, "status");
                        (kind == "xray.insight" && status != Some(expected))
                            .then(|| format!("must be {expected}, but is {status:?}"))
                    }
                    Some(_) => Some("only in the disturbed table".to_owned()),
                }
            }
            // What was told before its trail was deleted is kept, and cannot be asked for any more.
            "cloudtrail" if self.trail_is_deleted && self.is_of_data_events(key) => None,
            _ => Some("only in the disturbed table".to_owned()),
        }
    }

    /// Whether an item is about data events, the trail's own row included.
    fn is_of_data_events(&self, key: &Key) -> bool {
        let id = key.pk.rsplit('#').next().unwrap_or_default();
        let is_insight = self.trail.iter().any(|insight| insight.id == id && insight.is_data_event());
        let names_trail = |text: &str| text.contains(":trail/objects");
        is_insight || names_trail(&key.pk) || names_trail(&key.sk)
    }
}

impl Backend {
    /// The insight events of management calls that can be looked up now, as CloudTrail would push them.
    pub fn insight_events(&self) -> Vec<Value> {
        let request = super::gate::look_up();
        let Ok(answer) = self.answer(&request) else { return Vec::new() };
        let answer: Value =
            serde_json::from_slice(answer.body().bytes().unwrap_or_default()).unwrap_or_default();
        let events = answer["Events"].as_array().cloned().unwrap_or_default();
        let event = |event: &Value| serde_json::from_str(event["CloudTrailEvent"].as_str()?).ok();
        events.iter().filter_map(event).collect()
    }
}
