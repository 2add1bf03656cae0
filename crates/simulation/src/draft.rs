//! An event before it is written: small, sortable, and turned into JSON only when its turn comes.

use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};

use crate::{SimulatedEvent, audit::Audit, company::Company, json::Id, sign_in::SignIn, usage::Usage};

const PAYLOAD_BYTES_USUAL: usize = 840;

/// Something that happened, and when the service learns of it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) time_nanos: i64,
    pub(crate) arrival_nanos: i64,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum What {
    SignIn(Box<SignIn>),
    Usage(Usage),
    Audit(Box<Audit>),
}

impl Draft {
    /// The event as it is sent.
    pub(crate) fn write(&self, company: &Company, event_bits: u128) -> SimulatedEvent {
        let id = Id::Upper(event_bits);
        let mut payload = String::with_capacity(PAYLOAD_BYTES_USUAL);
        let feature = match &self.what {
            What::SignIn(attempt) => {
                attempt.write(company, id, self.time_nanos, &mut payload);
                SIGN_IN_ATTEMPTS
            }
            What::Usage(usage) => {
                usage.write(company, id, self.time_nanos, &mut payload);
                ITEM_USAGES
            }
            What::Audit(audit) => {
                audit.write(company, id, self.time_nanos, &mut payload);
                AUDIT_EVENTS
            }
        };
        SimulatedEvent { feature, arrival: Timestamp::from_nanos(self.arrival_nanos), uuid: id.text(), payload }
    }
}
