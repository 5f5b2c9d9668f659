//! Timestamps on the wire.

use insights_shared::time::Timestamp;
use serde_json::Value;

/// Reads a JSON number as seconds since the epoch, which may have a fraction.
pub fn read(value: &Value) -> Option<Timestamp> {
    if let Some(seconds) = value.as_i64() {
        return Timestamp::from_millis(seconds.checked_mul(1_000)?);
    }
    let millis = (value.as_f64()? * 1_000.0).round();
    // Below this limit, the conversion is exact.
    #[expect(clippy::cast_possible_truncation, reason = "rounded and bounded")]
    (millis.abs() < 9.0e15).then_some(millis as i64).and_then(Timestamp::from_millis)
}

/// Seconds since the epoch, with a fraction if it is not zero.
pub fn seconds(timestamp: Timestamp) -> Value {
    let millis = timestamp.millis();
    if millis % 1_000 == 0 {
        return timestamp.seconds().into();
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of the years 1 to 9999 are exact")]
    (millis as f64 / 1_000.0).into()
}

/// RFC 3339 without a fraction.
pub fn rfc3339(timestamp: Timestamp) -> String {
    let text = timestamp.to_string();
    format!("{}Z", text.split('.').next().unwrap_or(&text))
}
