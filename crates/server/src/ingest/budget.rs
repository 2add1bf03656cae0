//! How many bytes of request bodies are in memory at a time: over all, and of one account.
//!
//! A body takes its share as it arrives, so that a slow client holds what it has sent and no more, and one account can
//! never take it all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use daybook_events::AccountId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

const KIB: usize = 1024;
/// Shares grow by this much at a time.
const STEP_KIB: usize = 64;

/// The bytes of bodies that may be in memory, in KiB.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    accounts: Arc<Mutex<HashMap<AccountId, Arc<Semaphore>>>>,
    account_kib_max: usize,
    wait: Duration,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    account: Arc<Semaphore>,
    kib: usize,
    permits: Vec<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Budget {
    /// So many MiB, of which one account may have half but never less than a packed body and what
    /// it unpacks to; a request waits for its share
    /// as long as `wait`.
    pub(crate) fn new(mib: usize, body_mib_max: usize, wait: Duration) -> Self {
        let account_kib_max = (mib / 2).max(2 * body_mib_max).min(mib) * KIB;
        Self { all: Arc::new(Semaphore::new(mib * KIB)), accounts: Arc::default(), account_kib_max, wait }
    }

    /// An empty share for a request of an account.
    pub(super) fn open(&self, account: &AccountId) -> Share {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        let semaphore =
            accounts.entry(account.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.account_kib_max)));
        Share { budget: self.clone(), account: Arc::clone(semaphore), kib: 0, permits: Vec::new() }
    }
}

impl Share {
    /// Makes the share large enough for `bytes`; false if that did not come free in time.
    pub(super) async fn grow_to(&mut self, bytes: usize) -> bool {
        let wanted_kib = bytes.div_ceil(KIB);
        if wanted_kib <= self.kib {
            return true;
        }
        let missing_kib = wanted_kib - self.kib;
        let room_kib = self.budget.account_kib_max.saturating_sub(self.kib);
        let step_kib = missing_kib.next_multiple_of(STEP_KIB).min(room_kib).max(missing_kib);
        let Ok(permits) = u32::try_from(step_kib) else { return false };
        let deadline = Instant::now() + self.budget.wait;
        let account = timeout_at(deadline, Arc::clone(&self.account).acquire_many_owned(permits)).await;
        let Ok(Ok(account)) = account else { return false };
        let all = timeout_at(deadline, Arc::clone(&self.budget.all).acquire_many_owned(permits)).await;
        let Ok(Ok(all)) = all else { return false };
        self.kib += step_kib;
        self.permits.push((account, all));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = KIB * KIB;

    #[tokio::test]
    async fn who_does_not_fit_in_is_told_and_a_share_comes_back() {
        let budget = Budget::new(2, 1, Duration::ZERO);
        let (first, second) = (AccountId::random(), AccountId::random());
        let mut share = budget.open(&first);
        assert!(share.grow_to(MIB / 2).await);
        assert!(share.grow_to(MIB).await);
        let mut other = budget.open(&second);
        assert!(other.grow_to(MIB / 2).await);
        assert!(!other.grow_to(2 * MIB).await);
        drop(share);
        assert!(other.grow_to(MIB + MIB / 2).await);
    }

    #[tokio::test]
    async fn one_account_never_takes_it_all() {
        let budget = Budget::new(4, 1, Duration::ZERO);
        let (greedy, modest) = (AccountId::random(), AccountId::random());
        let (mut first, mut second) = (budget.open(&greedy), budget.open(&greedy));
        assert!(first.grow_to(MIB + MIB / 2).await);
        assert!(!second.grow_to(MIB).await, "the account has half of it");
        assert!(budget.open(&modest).grow_to(MIB).await);
    }
}
