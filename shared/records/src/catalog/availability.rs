//! The attribute `unavailable` of a `catalog` row: since when, and why, a series or trail cannot be fetched.

use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, Value};

/// How long scheduled runs do not request an unavailable series or trail again.
const ASKED_AGAIN_AFTER_SECONDS: i64 = DAY_SECONDS;

/// Why a series or trail is unavailable, as stored in its catalog row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The service's code, or one of ours.
    pub code: String,
    /// When it was first unavailable.
    pub since: Timestamp,
    /// When the last request for it was sent.
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

    /// Whether a scheduled run sends a request again at `now`. An `asked_at` in the future is ignored: it comes from a clock
    /// that was ahead.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.asked_at > now || self.asked_at.plus_seconds(ASKED_AGAIN_AFTER_SECONDS) <= now
    }

    /// The message of the issue in a run that sends no request for it.
    pub fn message(&self) -> String {
        format!(
            "unavailable since {}; last requested at {}, requested again after 24 hours",
            self.since, self.asked_at
        )
    }
}

/// A request that the API rejects, and would reject in any later run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The service's code, or one of ours.
    pub code: String,
    /// When it was sent.
    pub asked_at: Timestamp,
}

impl Rejection {
    /// Combines the rejection with what the row contained before (`known`), and returns the new content of the row.
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
    fn it_is_requested_again_after_24_hours_or_if_the_clock_was_ahead() {
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
