//! Which way events go, as a type: what handles connectors of both directions alike says so in its signature.

use daybook_store::Direction;

/// One of the two directions.
pub(crate) trait Directed: Send + Sync + 'static {
    const DIRECTION: Direction;
}

/// Systems that events are brought in from.
#[derive(Debug)]
pub(crate) enum Sources {}

/// Systems that events are pushed to.
#[derive(Debug)]
pub(crate) enum Destinations {}

impl Directed for Sources {
    const DIRECTION: Direction = Direction::Source;
}

impl Directed for Destinations {
    const DIRECTION: Direction = Direction::Destination;
}
