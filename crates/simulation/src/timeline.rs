//! Where the parts of a story are put down: each happens at a time and arrives when the service would learn of it.

use crate::{
    audit::{Audit, Aux, Subject},
    clients::Client,
    company::Company,
    draft::{Draft, What},
    people::Device,
    places::Network,
    random::Dice,
    rhythm::SECOND_NANOS,
    sign_in::{Outcome, Session, SignIn},
    usage::{self, Offline, Usage},
    vaults::Item,
};

const MILLI_NANOS: i64 = 1_000_000;

/// A stretch of drafts being written, in any order.
pub(crate) struct Timeline<'a> {
    pub(crate) company: &'a Company,
    pub(crate) drafts: &'a mut Vec<Draft>,
    pub(crate) dice: Dice,
}

/// Somebody at a device at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) person: u32,
    pub(crate) device: Device,
    pub(crate) network: Network,
}

/// What an audit event says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed {
    pub(crate) action: &'static str,
    pub(crate) object_type: &'static str,
    pub(crate) object: Subject,
    pub(crate) aux: Aux,
}

impl Timeline<'_> {
    /// One attempt to sign in, and the session it opens if it succeeds.
    pub(crate) fn sign_in(&mut self, seat: Seat, time_nanos: i64, outcome: &'static Outcome) -> Session {
        let session_bits = self.dice.id();
        let attempt = SignIn { person: seat.person, device: seat.device, network: seat.network, session_bits, outcome };
        let session = attempt.session(time_nanos);
        self.put_sign_in(time_nanos, attempt);
        session
    }

    /// An attempt that is known already.
    pub(crate) fn put_sign_in(&mut self, time_nanos: i64, attempt: SignIn) {
        self.put_soon(time_nanos, What::SignIn(Box::new(attempt)));
    }

    /// One use of an item.
    pub(crate) fn usage(
        &mut self,
        seat: Seat,
        time_nanos: i64,
        item: Item,
        action: &'static str,
        offline: Option<Offline>,
    ) {
        let time_nanos = time_nanos - time_nanos.rem_euclid(MILLI_NANOS);
        let client: Client = seat.device.client;
        let arrival_nanos = usage::arrival_of(action, client.family(), time_nanos, offline, &mut self.dice);
        let what = What::Usage(Usage { person: seat.person, client, network: seat.network, item, action });
        self.drafts.push(Draft { time_nanos, arrival_nanos, what });
    }

    /// One action in the account.
    pub(crate) fn audit(&mut self, actor: u32, session: Session, time_nanos: i64, deed: Deed) {
        let Deed { action, object_type, object, aux } = deed;
        let audit = Audit { actor, action, object_type, object, aux, session };
        self.put_soon(time_nanos, What::Audit(Box::new(audit)));
    }

    /// What happens on the service itself arrives within a second.
    fn put_soon(&mut self, time_nanos: i64, what: What) {
        let arrival_nanos = time_nanos + self.dice.between(5 * MILLI_NANOS, SECOND_NANOS);
        self.drafts.push(Draft { time_nanos, arrival_nanos, what });
    }
}
