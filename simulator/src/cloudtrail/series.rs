//! Generates the number of calls (or errors) of an API in each minute, and sums minutes into the points of
//! `ListInsightsMetricData`. A minute depends only on the seed and the rates, so all windows, periods and pages are
//! consistent.

use insights_shared::time::Timestamp;

/// Milliseconds in a minute.
const MINUTE: i64 = 60_000;

/// From this mean on, Poisson numbers are approximated by normal numbers.
const LARGE_MEAN: f64 = 24.0;

/// A time range with a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Its start, a whole minute.
    pub from: Timestamp,
    /// Its exclusive end, a whole minute; `None` if it does not end.
    pub until: Option<Timestamp>,
    /// Calls per minute.
    pub rate: f64,
}

impl Burst {
    fn covers(&self, minute: i64) -> bool {
        self.from.millis() <= minute * MINUTE
            && self.until.is_none_or(|until| minute * MINUTE < until.millis())
    }

    /// Whether the two have a minute in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.until.is_none_or(|until| other.from < until) && other.until.is_none_or(|until| self.from < until)
    }
}

/// The parameters of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// The seed of the series.
    pub key: u64,
    /// Calls per minute outside bursts.
    pub baseline: f64,
    /// The random share of the rate: 0 is even, 1 is Poisson.
    pub noise: f64,
    /// Time ranges with another rate; where several overlap, the highest rate counts.
    pub bursts: Vec<Burst>,
}

/// The part of a series that a request asks for.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The inclusive start.
    pub start: Timestamp,
    /// The exclusive end.
    pub end: Timestamp,
    /// The length of a bucket in seconds.
    pub period: i64,
    /// Whether points with the value 0 are included.
    pub zeros: bool,
}

impl Rates {
    /// A series with the value 0.
    pub const ZERO: Self = Self { key: 0, baseline: 0.0, noise: 0.0, bursts: Vec::new() };

    /// The points of `window` at `now`, oldest first. The last one may be incomplete.
    pub fn points(&self, window: Window, now: Timestamp) -> Vec<(Timestamp, f64)> {
        let step = window.period * 1_000;
        let last = now.millis().min(window.end.millis() - 1);
        let none = (-self.noise * self.baseline).exp();
        let mut points = Vec::new();
        let mut bucket = window.start.ceil(window.period).millis();
        while bucket <= last {
            let minutes = bucket / MINUTE..(bucket + step) / MINUTE;
            let value: f64 = minutes.map(|minute| self.count_until(minute, none, now)).sum();
            if let Some(timestamp) = Timestamp::from_millis(bucket).filter(|_| window.zeros || value > 0.0) {
                points.push((timestamp, value));
            }
            bucket += step;
        }
        points
    }

    /// The calls of `minute` before `now`.
    fn count_until(&self, minute: i64, none: f64, now: Timestamp) -> f64 {
        let elapsed = (now.millis() - minute * MINUTE).clamp(0, MINUTE);
        match elapsed {
            0 => 0.0,
            MINUTE => self.count(minute, none),
            part => (self.count(minute, none) * float(part) / float(MINUTE)).floor(),
        }
    }

    /// The calls of a whole minute. `none` is the probability of no random call outside bursts.
    fn count(&self, minute: i64, none: f64) -> f64 {
        let burst = self
            .bursts
            .iter()
            .filter(|burst| burst.covers(minute))
            .max_by(|one, other| one.rate.total_cmp(&other.rate));
        let (rate, since, none) = match burst {
            Some(burst) => {
                (burst.rate, burst.from.millis().div_euclid(MINUTE), (-self.noise * burst.rate).exp())
            }
            None => (self.baseline, 0, none),
        };
        let even = rate * (1.0 - self.noise);
        let position = float(minute - since);
        let spread = (even * (position + 1.0)).floor() - (even * position).floor();
        spread + poisson(rate * self.noise, none, mix(self.key ^ mix(minute.unsigned_abs())))
    }
}

/// A Poisson number with this mean; `none` is the probability of zero, `exp(-mean)`.
fn poisson(mean: f64, none: f64, random: u64) -> f64 {
    if mean >= LARGE_MEAN {
        return (mean + mean.sqrt() * normal(random)).round().max(0.0);
    }
    let mut left = unit(random);
    let (mut number, mut chance) = (0.0, none);
    // The bound guards against rounding errors.
    while left >= chance && number < 10.0 * LARGE_MEAN {
        left -= chance;
        number += 1.0;
        chance *= mean / number;
    }
    number
}

/// An approximately normal number: the sum of twelve uniform ones minus its mean.
fn normal(random: u64) -> f64 {
    let lanes = (0..3).map(|round| {
        let bits = mix(random ^ round);
        [0, 16, 32, 48].map(|shift| float(((bits >> shift) & 0xffff).cast_signed()) / 65_536.0)
    });
    lanes.flatten().sum::<f64>() - 6.0
}

/// The finalizer of SplitMix64.
pub fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A uniform number from 0 to below 1.
fn unit(random: u64) -> f64 {
    float((random >> 11).cast_signed()) / float(1 << 53)
}

#[expect(clippy::cast_precision_loss, reason = "53 bits, or minutes and milliseconds far below 2^53")]
fn float(whole: i64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rates(baseline: f64, noise: f64, bursts: Vec<Burst>) -> Rates {
        Rates { key: 7, baseline, noise, bursts }
    }

    fn window(start: &str, end: &str, period: i64, zeros: bool) -> Window {
        Window { start: at(start), end: at(end), period, zeros }
    }

    #[test]
    fn without_noise_the_numbers_can_be_counted_by_hand() {
        let burst =
            Burst { from: at("2026-03-01T12:10:00Z"), until: Some(at("2026-03-01T12:20:00Z")), rate: 2.5 };
        let series = rates(0.0, 0.0, vec![burst]);
        let later = at("2026-03-02T00:00:00Z");
        let day = |period, zeros| {
            series.points(window("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", period, zeros), later)
        };
        let minutes: Vec<f64> = day(60, false).iter().map(|(_, value)| *value).collect();
        assert_eq!(minutes, [2.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0]);
        assert_eq!(day(300, false), [(at("2026-03-01T12:10:00Z"), 12.0), (at("2026-03-01T12:15:00Z"), 13.0)]);
        assert_eq!(day(3600, true), [(at("2026-03-01T12:00:00Z"), 25.0)]);
        assert_eq!(day(300, true).len(), 12);
    }

    #[test]
    fn every_window_and_period_sums_the_same_minutes() {
        let burst = Burst { from: at("2026-03-03T05:07:00Z"), until: None, rate: 40.0 };
        let series = rates(0.3, 1.0, vec![burst]);
        let now = at("2026-03-04T09:13:27.500Z");
        let whole = series.points(window("2026-03-01T00:00:00Z", "2026-03-05T00:00:00Z", 60, true), now);
        for period in [300, 3600] {
            let coarse =
                series.points(window("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z", period, true), now);
            assert!(!coarse.is_empty());
            for (start, value) in coarse {
                let end = start.plus_seconds(period);
                let minutes: f64 =
                    whole.iter().filter(|(at, _)| (start..end).contains(at)).map(|(_, value)| value).sum();
                assert!((minutes - value).abs() < f64::EPSILON, "{start} at {period}: {minutes} and {value}");
            }
        }
    }

    #[test]
    fn a_day_has_about_as_many_calls_as_the_rate_says_and_a_low_rate_mostly_zero_minutes() {
        let later = at("2026-04-01T00:00:00Z");
        let span = window("2026-03-01T00:00:00Z", "2026-03-11T00:00:00Z", 60, false);
        for (rate, noise) in [(0.02, 1.0), (1.0, 0.5), (12.0, 1.0), (300.0, 0.7)] {
            let points = rates(rate, noise, Vec::new()).points(span, later);
            let (expected, total) = (rate * 14_400.0, points.iter().map(|(_, value)| value).sum::<f64>());
            let tolerance = 5.0 * expected.sqrt();
            assert!((total - expected).abs() < tolerance, "rate {rate}: {total}, expected {expected}");
        }
        assert!(rates(0.02, 1.0, Vec::new()).points(span, later).len() < 400);
    }

    #[test]
    fn nothing_exists_after_now_and_the_bucket_of_now_holds_what_is_so_far() {
        let series = rates(60.0, 0.0, Vec::new());
        let now = at("2026-03-01T12:07:30Z");
        let points = series.points(window("2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z", 300, true), now);
        assert_eq!(points, [(at("2026-03-01T12:00:00Z"), 300.0), (at("2026-03-01T12:05:00Z"), 150.0)]);
        let exact = series.points(
            window("2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z", 300, true),
            at("2026-03-01T12:05:00Z"),
        );
        assert_eq!(exact, [(at("2026-03-01T12:00:00Z"), 300.0), (at("2026-03-01T12:05:00Z"), 0.0)]);
    }

    #[test]
    fn the_start_is_inclusive_and_the_end_exclusive() {
        let series = rates(1.0, 0.0, Vec::new());
        let later = at("2026-04-01T00:00:00Z");
        let starts = |start, end| {
            let points = series.points(window(start, end, 300, true), later);
            points.iter().map(|(at, _)| at.to_string()[14..19].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(starts("2026-03-01T12:05:00Z", "2026-03-01T12:15:00Z"), ["05:00", "10:00"]);
        assert_eq!(starts("2026-03-01T12:05:00.001Z", "2026-03-01T12:15:00.001Z"), ["10:00", "15:00"]);
    }
}
