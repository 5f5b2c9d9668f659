//! Times in a time zone, and the description of the zone. Offsets change with the season. In an hour that occurs twice, the
//! offset is shown.

use insights_shared::time::Timestamp;
use jiff::Zoned;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The maximum number of changes that are described. If the offset changes more often, only the offsets are listed.
const MOST_CHANGES: usize = 2;

/// `timestamp` in `zone`.
pub fn zoned(timestamp: Timestamp, zone: &TimeZone) -> Zoned {
    instant_of(timestamp).to_zoned(zone.clone())
}

fn instant_of(timestamp: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(timestamp.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// A time to the minute. In an hour that occurs twice, the offset is added.
pub fn instant(timestamp: Timestamp, zone: &TimeZone) -> String {
    let zoned = zoned(timestamp, zone);
    let offset = zone.to_ambiguous_timestamp(zoned.datetime()).offset();
    let comes_twice = matches!(offset, AmbiguousOffset::Fold { .. });
    zoned.strftime(if comes_twice { "%Y-%m-%d %H:%M%:z" } else { "%Y-%m-%d %H:%M" }).to_string()
}

/// The time zone between two times: its name and its offsets.
pub fn times(zone: &TimeZone, from: Timestamp, until: Timestamp) -> String {
    let name = zone.iana_name();
    if matches!(name, Some("UTC" | "Etc/UTC")) {
        return "times are in UTC".to_owned();
    }
    let (from, until) = (instant_of(from.min(until)), instant_of(until.max(from)));
    let mut offsets = vec![named_offset(zone, from)];
    let mut changes = Vec::new();
    for change in zone.following(from).take_while(|change| change.timestamp() <= until) {
        let offset = named_offset(zone, change.timestamp());
        // Some changes concern only the name or the rule.
        if offsets.last() != Some(&offset) {
            changes.push(change.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string());
            offsets.push(offset);
        }
    }
    let offsets = if changes.is_empty() {
        from.to_zoned(zone.clone()).strftime("UTC%:z").to_string()
    } else if changes.len() > MOST_CHANGES {
        let mut distinct: Vec<String> = Vec::new();
        for offset in offsets {
            if !distinct.contains(&offset) {
                distinct.push(offset);
            }
        }
        format!("{} by season", distinct.join(" or "))
    } else {
        let later = changes.iter().zip(offsets.iter().skip(1));
        let later: Vec<String> = later.map(|(change, offset)| format!(", from {change} {offset}")).collect();
        offsets.first().cloned().unwrap_or_default() + &later.concat()
    };
    let name = name.map_or(String::new(), |name| format!("{name}, "));
    format!("times are local ({name}{offsets})")
}

/// For example `UTC-05:00 EST`. In zones without letters, the abbreviation is the offset again.
fn named_offset(zone: &TimeZone, at: jiff::Timestamp) -> String {
    let offset = at.to_zoned(zone.clone()).strftime("UTC%:z").to_string();
    let info = zone.to_offset_info(at);
    let letters = info.abbreviation();
    match zone.iana_name() {
        Some(_) if letters.chars().all(|letter| letter.is_ascii_alphabetic()) => {
            format!("{offset} {letters}")
        }
        _ => offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_caption_has_every_offset_of_the_times_that_it_is_about() {
        for (zone, from, until, expected) in [
            ("UTC", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z", "times are in UTC"),
            (
                "America/New_York",
                "2026-01-15T12:00:00Z",
                "2026-02-15T12:00:00Z",
                "times are local (America/New_York, UTC-05:00)",
            ),
            // Clocks go from 02:00 to 03:00 on the second Sunday of March.
            (
                "America/New_York",
                "2026-03-01T12:00:00Z",
                "2026-03-09T12:00:00Z",
                "times are local (America/New_York, UTC-05:00 EST, from 2026-03-08 03:00 UTC-04:00 EDT)",
            ),
            (
                "America/New_York",
                "2025-10-01T12:00:00Z",
                "2026-03-09T12:00:00Z",
                "times are local (America/New_York, UTC-04:00 EDT, from 2025-11-02 01:00 UTC-05:00 EST, from 2026-03-08 03:00 UTC-04:00 EDT)",
            ),
            (
                "America/New_York",
                "2024-01-01T00:00:00Z",
                "2026-03-09T12:00:00Z",
                "times are local (America/New_York, UTC-05:00 EST or UTC-04:00 EDT by season)",
            ),
            (
                "Europe/Lisbon",
                "2026-03-28T12:00:00Z",
                "2026-03-29T12:00:00Z",
                "times are local (Europe/Lisbon, UTC+00:00 WET, from 2026-03-29 02:00 UTC+01:00 WEST)",
            ),
            // Half an hour, on the first Sunday of April, from 02:00 to 01:30.
            (
                "Australia/Lord_Howe",
                "2026-04-01T00:00:00Z",
                "2026-04-30T00:00:00Z",
                "times are local (Australia/Lord_Howe, UTC+11:00, from 2026-04-05 01:30 UTC+10:30)",
            ),
            (
                "Asia/Kolkata",
                "2025-01-01T00:00:00Z",
                "2026-12-31T00:00:00Z",
                "times are local (Asia/Kolkata, UTC+05:30)",
            ),
            (
                "America/Phoenix",
                "2025-01-01T00:00:00Z",
                "2026-12-31T00:00:00Z",
                "times are local (America/Phoenix, UTC-07:00)",
            ),
            // The start is after the end, as in data of a run whose clock was ahead.
            (
                "America/New_York",
                "2026-03-09T12:00:00Z",
                "2026-03-01T12:00:00Z",
                "times are local (America/New_York, UTC-05:00 EST, from 2026-03-08 03:00 UTC-04:00 EDT)",
            ),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(times(&zone, at(from), at(until)), expected, "{from} {until}");
        }
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let now = at("2026-01-15T12:00:00Z");
        assert_eq!(times(&zone, now, now), "times are local (UTC-03:00)");
    }

    #[test]
    fn the_offset_distinguishes_the_repeated_hour() {
        for (zone, instants) in [
            (
                "America/New_York",
                &[
                    ("2026-11-01T04:59:00Z", "2026-11-01 00:59"),
                    ("2026-11-01T05:30:00Z", "2026-11-01 01:30-04:00"),
                    ("2026-11-01T06:30:00Z", "2026-11-01 01:30-05:00"),
                    ("2026-11-01T07:00:00Z", "2026-11-01 02:00"),
                    ("2026-03-08T06:59:00Z", "2026-03-08 01:59"),
                    ("2026-03-08T07:00:00Z", "2026-03-08 03:00"),
                ][..],
            ),
            (
                "Australia/Lord_Howe",
                &[
                    ("2026-04-04T14:29:00Z", "2026-04-05 01:29"),
                    ("2026-04-04T14:45:00Z", "2026-04-05 01:45+11:00"),
                    ("2026-04-04T15:15:00Z", "2026-04-05 01:45+10:30"),
                ],
            ),
            ("Asia/Kolkata", &[("2026-01-15T12:00:00Z", "2026-01-15 17:30")]),
            ("UTC", &[("2026-01-15T12:00:00Z", "2026-01-15 12:00")]),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            for (text, expected) in instants {
                assert_eq!(instant(at(text), &zone), *expected, "{text}");
            }
        }
    }
}
