//! The few kinds of error that a caller can act on; HTTP statuses and exit codes are derived from them in one place.

/// What went wrong, seen from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The input is wrong; sending it again changes nothing.
    Invalid,
    /// Nobody we know is asking.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// The thing named does not exist, or not for this caller.
    NotFound,
    /// The thing exists already, or changed in between.
    Conflict,
    /// A passing condition; the same call may succeed later.
    Unavailable,
    /// Storage is full; the same call succeeds once there is room.
    StorageFull,
    /// A fault of ours.
    Internal,
}

/// An error that knows its kind.
pub trait Kinded {
    /// The kind of this error.
    fn kind(&self) -> Kind;
}
