//! Requests that all sources of one account share, and pauses that the system orders.
//!
//! Two pairs of token buckets, a minute and an hour long: one for every request, and a smaller one for those that catch up
//! with the past, so that the newest events never wait for old ones. Buckets are small: after a silence there is no burst.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use daybook_connectors::Budget;
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use tokio::{sync::watch, time::Instant};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// A bucket holds this part of its window's requests, and at least one.
const BURST_PART: u32 = 10;

/// The accounts of all sources at work.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<HashMap<String, Weak<Account>>>);

/// What the sources of one account share. The first one's numbers hold for all.
#[derive(Debug)]
pub(super) struct Account {
    all: [Bucket; 2],
    catching_up: [Bucket; 2],
    paused_until: watch::Sender<Option<Instant>>,
    per_minute: u32,
    /// When requests of the last minute were made, the oldest first.
    recent: Mutex<VecDeque<Instant>>,
}

#[derive(Debug)]
struct Bucket {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Accounts {
    /// The account that a budget speaks of; `None`, where nobody counts, is an account of its own without bounds.
    pub(super) fn account(&self, budget: Option<&Budget>) -> Option<Arc<Account>> {
        let budget = budget?;
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, account| account.strong_count() > 0);
        if let Some(account) = accounts.get(&budget.account).and_then(Weak::upgrade) {
            return Some(account);
        }
        let account = Arc::new(Account::new(budget));
        accounts.insert(budget.account.clone(), Arc::downgrade(&account));
        Some(account)
    }
}

impl Account {
    fn new(budget: &Budget) -> Self {
        Self {
            all: [Bucket::new(budget.per_minute, MINUTE), Bucket::new(budget.per_hour, HOUR)],
            catching_up: [
                Bucket::new(budget.catching_up_per_minute, MINUTE),
                Bucket::new(budget.catching_up_per_hour, HOUR),
            ],
            paused_until: watch::Sender::new(None),
            per_minute: budget.per_minute.max(1),
            recent: Mutex::default(),
        }
    }

    /// Waits until a request may be made, and counts it.
    pub(super) async fn take(&self, is_catching_up: bool) {
        if is_catching_up {
            for bucket in &self.catching_up {
                bucket.take().await;
            }
        }
        for bucket in &self.all {
            bucket.take().await;
        }
        loop {
            let until = *self.paused_until.borrow();
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => break,
            }
        }
        self.recent().push_back(Instant::now());
    }

    /// The part of a minute's requests that the last minute's were, from 0 to 1.
    pub(super) fn used(&self) -> f64 {
        f64::from(u32::try_from(self.recent().len()).unwrap_or(u32::MAX)) / f64::from(self.per_minute)
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Instant>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.front().is_some_and(|made| made.elapsed() > MINUTE) {
            recent.pop_front();
        }
        recent
    }

    /// Nobody asks before this time is over: the system wants to be left alone.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        self.paused_until.send_if_modified(|known| {
            let is_later = known.is_none_or(|known| known < until);
            if is_later {
                *known = Some(until);
            }
            is_later
        });
    }
}

impl Bucket {
    fn new(requests: u32, window: Duration) -> Self {
        let requests = requests.max(1);
        let burst = NonZeroU32::new(requests / BURST_PART).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(window / requests).expect("a window is longer than nothing").allow_burst(burst);
        Self { limiter: RateLimiter::direct(quota), clock: DefaultClock::default() }
    }

    async fn take(&self) {
        while let Err(not_until) = self.limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant as WallInstant;

    use super::*;

    fn budget(account: &str, catching_up: u32, all: u32) -> Budget {
        Budget {
            account: account.to_owned(),
            catching_up_per_minute: catching_up,
            catching_up_per_hour: 100_000,
            per_minute: all,
            per_hour: 100_000,
        }
    }

    #[tokio::test]
    async fn sources_of_one_account_share_its_requests() {
        let accounts = Accounts::default();
        let first = accounts.account(Some(&budget("a", 600, 600))).unwrap();
        let second = accounts.account(Some(&budget("a", 600, 600))).unwrap();
        let other = accounts.account(Some(&budget("b", 600, 600))).unwrap();
        assert!(Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &other));
        assert!(accounts.account(None).is_none());
        // 60 at once, and then one in 100 ms.
        let began = WallInstant::now();
        for _ in 0..33 {
            first.take(false).await;
            second.take(true).await;
        }
        let took = began.elapsed();
        assert!(took > Duration::from_millis(450), "{took:?}");
    }

    #[tokio::test]
    async fn the_newest_events_do_not_wait_for_old_ones() {
        let account = Account::new(&budget("a", 10, 6000));
        account.take(true).await;
        let waits = tokio::time::timeout(Duration::from_millis(50), account.take(true)).await;
        assert!(waits.is_err(), "the past has one request in six seconds");
        tokio::time::timeout(Duration::from_millis(50), account.take(false)).await.unwrap();
    }

    #[tokio::test]
    async fn a_pause_that_one_was_told_to_make_holds_for_all() {
        let account = Account::new(&budget("a", 6000, 6000));
        account.pause(Duration::from_millis(200));
        account.pause(Duration::from_millis(1));
        let began = WallInstant::now();
        account.take(false).await;
        assert!(began.elapsed() >= Duration::from_millis(190), "{:?}", began.elapsed());
    }
}
