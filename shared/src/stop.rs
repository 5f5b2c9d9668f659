//! The end of the time to fetch in: the runtime's deadline, or somebody's word before it.
//!
//! It ends no store: what is in hand when it comes is still written.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// When fetching ends, done or not.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    deadline: Option<Instant>,
    word: Option<watch::Receiver<bool>>,
}

impl Stop {
    /// At `deadline`, or as soon as `word` is `true`; never, where there is neither.
    pub fn new(deadline: Option<Instant>, word: Option<watch::Receiver<bool>>) -> Self {
        Self { deadline, word }
    }

    /// The deadline, if there is one.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether there is no time left.
    pub fn has_come(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
            || self.word.as_ref().is_some_and(|word| *word.borrow())
    }

    /// What `future` gives, if it does in time.
    pub async fn before<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut coming = pin!(self.coming());
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => coming.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    /// Waits until it comes.
    async fn coming(&self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => pending().await,
            }
        };
        let word = async {
            match self.word.clone() {
                Some(mut word) => spoken(&mut word).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = deadline => {}
            () = word => {}
        }
    }
}

/// Waits for the word; for ever, if whoever could give it is gone.
async fn spoken(word: &mut watch::Receiver<bool>) {
    if word.wait_for(|spoken| *spoken).await.is_err() {
        pending::<()>().await;
    }
}

/// How much of the time left a call may take that must not use up the time of others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeShare {
    /// One part of how many.
    pub parts: u32,
    /// What the call has at least.
    pub shortest: Duration,
}

impl TimeShare {
    /// How long a call may take that begins now, of the time until `deadline`.
    pub(crate) fn of_time_until(self, deadline: Instant) -> Duration {
        let left = deadline.saturating_duration_since(Instant::now());
        (left / self.parts).max(self.shortest)
    }
}

/// The instant at which fetching stops, so that what is in hand is stored before the runtime ends the process.
pub(crate) fn fetch_until(deadline: Instant, targets: usize) -> Instant {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let reserve = (remaining / 5).clamp(Duration::from_millis(500), Duration::from_secs(15));
    deadline.checked_sub(reserve + to_list(targets)).unwrap_or(deadline)
}

/// The instant at which storing is given up, so that the response or the error still gets out. A run that has less than five
/// seconds in all is ended by the runtime, should the table not answer.
pub(crate) fn store_until(deadline: Instant, targets: usize) -> Instant {
    let last_word = Duration::from_millis(200) + to_list(targets);
    deadline.checked_sub(last_word).unwrap_or(deadline).max(Instant::now() + Duration::from_secs(5))
}

/// How long a response takes to make, on the small part of a processor that Lambda gives.
fn to_list(targets: usize) -> Duration {
    Duration::from_micros(100).saturating_mul(u32::try_from(targets).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    #[tokio::test(start_paused = true)]
    async fn a_call_is_given_up_at_the_deadline_or_at_the_word_whichever_comes_first() {
        let never = Stop::default();
        assert_eq!((never.has_come(), never.before(ready(7)).await), (false, Some(7)));

        let (say, word) = watch::channel(false);
        let begun = Instant::now();
        let stop = Stop::new(Some(begun + Duration::from_mins(1)), Some(word));
        assert_eq!(stop.before(ready(7)).await, Some(7));
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.before(pending::<()>()).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!stop.has_come());
        say.send(true).unwrap();
        assert_eq!(waiting.await.unwrap(), None);
        assert!(stop.has_come() && begun.elapsed() < Duration::from_secs(2));

        let (say, word) = watch::channel(false);
        drop(say);
        let stop = Stop::new(Some(Instant::now() + Duration::from_mins(1)), Some(word));
        assert_eq!(stop.before(pending::<()>()).await, None, "nobody is left to give the word");
        assert!(stop.has_come() && begun.elapsed() >= Duration::from_secs(61));
    }
}
