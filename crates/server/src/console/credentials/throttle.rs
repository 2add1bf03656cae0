//! How often somebody may try to sign in, such that guessing is slow and nobody can lock out others.
//!
//! ```text
//!  known device ──> its own bucket, which nobody else can fill
//!  unknown one ───> (email, network /24 or /64)   5 free, then 2 s, 4 s … 15 min
//!              ───> network /24 or /48           20 free, then 2 s, 4 s … 1 min
//!              ───> email, everywhere            after 20: each network waits 5 s, after 100: 30 s, before it tries
//! ```
//!
//! An attempt counts as failed from the moment it is admitted, so that many at once gain nothing; [`succeeded`] and
//! [`withdrawn`] take that back. What others do to an email makes nobody wait longer than 30 s: the wait runs from one's
//! own first knock, and is no queue that an attacker could win each time. Failures fade one at a time. Everything is in
//! memory and bounded; after a restart all start afresh.
//!
//! [`succeeded`]: Throttle::succeeded
//! [`withdrawn`]: Throttle::withdrawn

use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use daybook_events::{Kind, Kinded, Timestamp};

use self::{
    buckets::{Buckets, Pace},
    keys::{device_key, email_key, network_key, pair_key},
};
use super::devices::KnownDevice;

mod buckets;
mod keys;
#[cfg(test)]
mod tests;

/// For one email from one network or device: a day has at most some 110 guesses.
const NARROW: Pace = Pace { free: 5, wait_max: Duration::from_mins(15), fades_after: Duration::from_hours(1) };
/// For all emails from one network, where a whole office may sit: a day has at most some 1,500 guesses.
const WIDE: Pace = Pace { free: 20, wait_max: Duration::from_mins(1), fades_after: Duration::from_mins(5) };
/// For one email from everywhere: counts only.
const EVERYWHERE: Pace = Pace { free: u32::MAX, wait_max: Duration::ZERO, fades_after: Duration::from_mins(5) };

/// Failures everywhere from which on unknown devices wait before they try, and how long.
const SURGES: [(u32, Duration); 2] = [(100, Duration::from_secs(30)), (20, Duration::from_secs(5))];

/// Who tries to sign in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// The email, whether anybody has it or not.
    pub(crate) email: &'a str,
    /// The address of the client, as told by a proxy that is trusted.
    pub(crate) address: IpAddr,
    /// The device, if its cookie was recognised for this email.
    pub(crate) device: Option<KnownDevice>,
}

/// Not yet: try again after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts to sign in, try again in {secs} s")]
pub(crate) struct Wait {
    /// From 1 to 900.
    pub(crate) secs: u64,
}

/// Counts attempts that failed.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    devices: Buckets,
    pairs: Buckets,
    networks: Buckets,
    emails: Buckets,
}

impl Throttle {
    /// Admits an attempt and counts it as failed, or says how long to wait; refused attempts count for nothing.
    ///
    /// # Errors
    ///
    /// `Unavailable`: too early.
    pub(crate) fn admit(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<(), Wait> {
        let mut counts = self.lock();
        let wait = match attempt.device {
            Some(device) => counts.admit_known(device, now),
            None => counts.admit_unknown(attempt, now),
        };
        if wait.is_zero() {
            Ok(())
        } else {
            Err(Wait { secs: wait.as_millis().div_ceil(1000).try_into().unwrap_or(1) })
        }
    }

    /// Notes that an admitted attempt was right: this device or network starts afresh for this email. What others did
    /// stays, so that an attacker's own account frees nobody.
    pub(crate) fn succeeded(&self, attempt: &Attempt<'_>) {
        let mut counts = self.lock();
        match attempt.device {
            Some(device) => counts.devices.clear(device_key(device)),
            None => {
                counts.pairs.clear(pair_key(attempt.email, attempt.address));
                counts.networks.take_back(network_key(attempt.address));
                counts.emails.take_back(email_key(attempt.email));
            }
        }
    }

    /// Notes that an admitted attempt was neither right nor wrong, because the hub was too busy to look.
    pub(crate) fn withdrawn(&self, attempt: &Attempt<'_>) {
        let mut counts = self.lock();
        match attempt.device {
            Some(device) => counts.devices.take_back(device_key(device)),
            None => {
                counts.pairs.take_back(pair_key(attempt.email, attempt.address));
                counts.networks.take_back(network_key(attempt.address));
                counts.emails.take_back(email_key(attempt.email));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn admit_known(&mut self, device: KnownDevice, now: Timestamp) -> Duration {
        let key = device_key(device);
        let wait = self.devices.wait(key, &NARROW, now);
        if wait.is_zero() {
            self.devices.count(key, &NARROW, now);
        }
        wait
    }

    fn admit_unknown(&mut self, attempt: &Attempt<'_>, now: Timestamp) -> Duration {
        let pair = pair_key(attempt.email, attempt.address);
        let network = network_key(attempt.address);
        let email = email_key(attempt.email);
        let surge = surge_wait(self.emails.failures(email, &EVERYWHERE, now));
        let own = self.pairs.wait(pair, &NARROW, now).max(self.networks.wait(network, &WIDE, now));
        let wait = own.max(self.pairs.wait_from_knock(pair, surge, now));
        if wait.is_zero() {
            self.pairs.count(pair, &NARROW, now);
            self.networks.count(network, &WIDE, now);
            self.emails.count(email, &EVERYWHERE, now);
        }
        wait
    }
}

impl Kinded for Wait {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

fn surge_wait(failures: u32) -> Duration {
    SURGES.iter().find(|(from, _)| failures >= *from).map_or(Duration::ZERO, |(_, wait)| *wait)
}
