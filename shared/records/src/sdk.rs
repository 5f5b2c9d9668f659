//! Converts values of the SDK to values of a record.

use crate::time::Timestamp;
use crate::value::Value;
use aws_smithy_types::DateTime;

/// The time in milliseconds; `None` outside the years 1 to 9999.
pub fn timestamp(date_time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_parts(date_time.secs(), date_time.subsec_nanos())
}

/// The SDK's type of a time, for a request.
pub fn date_time(timestamp: Timestamp) -> DateTime {
    DateTime::from_millis(timestamp.millis())
}

/// A time as a value of a record. A time outside the range of [`timestamp`] stays a number of seconds, so that it is not
/// lost.
pub fn time_value(date_time: &DateTime) -> Value {
    timestamp(date_time).map_or_else(|| Value::Number(date_time.secs().into()), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fractional_epoch_in_an_answer_keeps_its_milliseconds() {
        let date_time = DateTime::from_secs_f64(1_601_002_100.123);
        assert_eq!(timestamp(&date_time).unwrap().to_string(), "2020-09-25T02:48:20.123Z");
        assert_eq!(time_value(&DateTime::from_secs(i64::MAX)), Value::Number(i64::MAX.into()));
    }
}
