//! Since when nothing can be fetched of a series or trail, as its `catalog` row has it.

use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, Value};

/// How long scheduled runs make no further request for what is unavailable.
const ASKED_AGAIN_AFTER_SECONDS: i64 = DAY_SECONDS;

/// What a catalog row says of a series or trail that is unavailable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The service's code, or one of ours.
    pub code: String,
    /// When it was found to be so first.
    pub since: Timestamp,
    /// When it was asked for last.
    pub asked_at: Timestamp,
}

impl Unavailable {
    /// Reads the attribute `unavailable`.
    pub fn from_value(value: &Value) -> Option<Self> {
        let time = |name: &str| value.at(&[name])?.as_timestamp();
        let code = value.at(&["code"])?.as_str()?.to_owned();
        Some(Self { code, since: time("since")?, asked_at: time("asked_at")? })
    }

    /// The attribute `unavailable`.
    pub fn to_value(&self) -> Value {
        Value::Map(Map::from([
            ("asked_at".into(), self.asked_at.into()),
            ("code".into(), self.code.as_str().into()),
            ("since".into(), self.since.into()),
        ]))
    }

    /// Whether a scheduled run asks again at `now`. A time of a clock that was ahead does not count.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.asked_at > now || self.asked_at.plus_seconds(ASKED_AGAIN_AFTER_SECONDS) <= now
    }

    /// What to read of it in a run that does not ask.
    pub fn message(&self) -> String {
        format!(
            "unavailable since {}; last requested at {}, requested again after 24 hours",
            self.since, self.asked_at
        )
    }
}

/// A request that was rejected for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The service's code, or one of ours.
    pub code: String,
    /// When it was sent.
    pub asked_at: Timestamp,
}

impl Rejection {
    /// What the row says, which said `known` before.
    pub fn over(&self, known: Option<Unavailable>) -> Unavailable {
        match known {
            Some(known) if known.asked_at > self.asked_at => known,
            known => Unavailable {
                code: self.code.clone(),
                since: known.map_or(self.asked_at, |known| known.since),
                asked_at: self.asked_at,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_again_after_24_hours_or_where_the_clock_was_ahead() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let asked_at = at("2026-03-01T12:00:00Z");
        let unavailable = Unavailable { code: "x".into(), since: asked_at, asked_at };
        for (now, expected) in [
            ("2026-03-01T12:00:00Z", false),
            ("2026-03-02T11:59:59.999Z", false),
            ("2026-03-02T12:00:00Z", true),
            ("2026-03-01T11:59:59Z", true),
        ] {
            assert_eq!(unavailable.is_due(at(now)), expected, "{now}");
        }
        assert_eq!(Unavailable::from_value(&unavailable.to_value()), Some(unavailable.clone()));
        let earlier = Rejection { code: "y".into(), asked_at: at("2026-03-01T11:00:00Z") };
        assert_eq!(earlier.over(Some(unavailable.clone())), unavailable, "the later answer counts");
        let later = Rejection { code: "y".into(), asked_at: at("2026-03-03T12:00:00Z") };
        let expected = Unavailable { code: "y".into(), since: asked_at, asked_at: later.asked_at };
        assert_eq!(later.over(Some(unavailable)), expected);
    }
}
