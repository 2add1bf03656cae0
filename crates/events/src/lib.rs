//! The domain of Daybook, pure: no I/O, no clock but the one passed in, no storage.
//!
//! What lives here: events and the streams they belong to, positions and cursors over them, pages, grants, bearer-token
//! claims, and the wire schemas with their v1, v2 and v3 forms. What it promises: everything is deterministic, and
//! bytes of a payload that came in go out unchanged. What it leaves to others: keeping events (`daybook-store`),
//! fetching them (`daybook-client`), serving them (`daybook-server`).

mod audit;
mod claims;
mod clock;
mod cursor;
mod error;
mod event;
mod feature;
mod grant;
mod ids;
mod networks;
mod request;
mod role;
mod time;
pub mod wire;

pub use audit::{Actor, AuditRecord};
pub use claims::{Claims, ClaimsError, decode_unverified};
pub use clock::{Clock, FixedClock, SystemClock};
pub use cursor::{CURSOR_TEXT_MAX, Cursor, CursorError, CursorSealer, Window};
pub use error::{Kind, Kinded};
pub use event::{NewEvent, Position, StoredEvent};
pub use feature::{AUDIT_EVENTS, Feature, FeatureError, ITEM_USAGES, SIGN_IN_ATTEMPTS, WIRE_FEATURES};
pub use grant::{Append, Grant, GrantError, HubGrant, Read, Right, StreamKey};
pub use ids::{
    AccountId, ConnectorId, IdError, IntegrationId, KeyId, PersonId, ReplayId, SessionId, TokenId, random_lower_id,
    random_upper_id,
};
pub use networks::{Networks, NetworksError};
pub use request::{LIMIT_DEFAULT, LIMIT_MAX, PageRequest, RequestError, ResetCursor};
pub use role::Role;
pub use time::{TimeError, Timestamp};
