//! The end of fetching: the runtime's deadline, or an earlier signal.
//!
//! It does not cancel writes: everything that was fetched is still stored.

use std::future::{Future, pending};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When fetching ends, even if not everything is fetched.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    deadline: Option<Instant>,
    signal: CancellationToken,
}

impl Cancellation {
    /// Fetching ends at `deadline`, or when `signal` is cancelled.
    pub fn new(deadline: Option<Instant>, signal: CancellationToken) -> Self {
        Self { deadline, signal }
    }

    /// The deadline, if there is one.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline) || self.signal.is_cancelled()
    }

    /// The output of `future`, if it completes in time.
    pub async fn before<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            result = future => Some(result),
            () = deadline => None,
            () = self.signal.cancelled() => None,
        }
    }
}

/// The share of the remaining time that one call may use, so that time is left for other calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeShare {
    /// The divisor: a call may use one of `parts` equal parts.
    pub parts: u32,
    /// The minimum time of the call.
    pub shortest: Duration,
}

impl TimeShare {
    /// The maximum time of a call that begins now and shares the time until `deadline`.
    pub(crate) fn of_time_until(self, deadline: Instant) -> Duration {
        let left = deadline.saturating_duration_since(Instant::now());
        (left / self.parts).max(self.shortest)
    }
}

/// The instant at which fetching ends, so that everything fetched can be stored before the runtime stops the process.
pub(crate) fn fetch_until(deadline: Instant, targets: usize) -> Instant {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let reserve = (remaining / 5).clamp(Duration::from_millis(500), Duration::from_secs(15));
    deadline.checked_sub(reserve + response_time(targets)).unwrap_or(deadline)
}

/// The instant at which storing ends, so that there is time to send the response or the error. If the table does not answer
/// and a run has less than five seconds in total, the runtime stops it before that.
pub(crate) fn store_until(deadline: Instant, targets: usize) -> Instant {
    let reserve = Duration::from_millis(200) + response_time(targets);
    deadline.checked_sub(reserve).unwrap_or(deadline).max(Instant::now() + Duration::from_secs(5))
}

/// The time to create a response with the small share of a CPU that Lambda provides.
fn response_time(targets: usize) -> Duration {
    Duration::from_micros(100).saturating_mul(u32::try_from(targets).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_at_the_earlier_of_deadline_and_signal() {
        let never = Cancellation::default();
        assert_eq!((never.is_over(), never.before(ready(7)).await), (false, Some(7)));

        let signal = CancellationToken::new();
        let begun = Instant::now();
        let cancellation = Cancellation::new(Some(begun + Duration::from_mins(1)), signal.clone());
        assert_eq!(cancellation.before(ready(7)).await, Some(7));
        let waiting = tokio::spawn({
            let cancellation = cancellation.clone();
            async move { cancellation.before(pending::<()>()).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!cancellation.is_over());
        signal.cancel();
        assert_eq!(waiting.await.unwrap(), None);
        assert!(cancellation.is_over() && begun.elapsed() < Duration::from_secs(2));

        let signal = CancellationToken::new();
        let cancellation = Cancellation::new(Some(Instant::now() + Duration::from_mins(1)), signal.clone());
        drop(signal);
        assert_eq!(cancellation.before(pending::<()>()).await, None, "no other token is left");
        assert!(cancellation.is_over() && begun.elapsed() >= Duration::from_secs(61));
    }
}
