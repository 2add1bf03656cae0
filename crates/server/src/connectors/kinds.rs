//! Kinds of both directions, for what is done with them alike.

use axum::http::StatusCode;
use daybook_connectors::{
    AnySource, Description, DestinationKind, Hop, Settings, SourceKind, Transport, canary, check, check_source,
};
use daybook_events::{AUDIT_EVENTS, AccountId, WIRE_FEATURES};
use daybook_store::Direction;

use super::{Locality, Opened, Refused, sealing::Parted};
use crate::{error::ApiError, state::App};

/// A kind of connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnyKind {
    Destination(DestinationKind),
    Source(SourceKind),
}

/// A connector that is open to be tried out.
pub(super) enum Tryout {
    Destination(Box<Opened>),
    Source(AnySource),
}

impl AnyKind {
    /// Those of a direction, in the order in which people are shown them.
    pub(crate) fn all(direction: Direction) -> Vec<Self> {
        match direction {
            Direction::Destination => DestinationKind::ALL.iter().copied().map(Self::Destination).collect(),
            Direction::Source => SourceKind::ALL.iter().copied().map(Self::Source).collect(),
        }
    }

    /// The kind of this name; the error lists those that there are.
    pub(crate) fn find(direction: Direction, name: &str) -> Result<Self, String> {
        match direction {
            Direction::Destination => name.parse().map(Self::Destination),
            Direction::Source => name.parse().map(Self::Source),
        }
    }

    /// The kind of this name, if who asks may use it.
    ///
    /// # Errors
    ///
    /// 400: there is none. 403: it is for whoever runs the hub.
    pub(super) fn parse(direction: Direction, name: &str, locality: Locality) -> Result<Self, ApiError> {
        let kind = Self::find(direction, name).map_err(|error| ApiError::invalid(format!("kind: {error}")))?;
        if !kind.is_for(locality) {
            let message = format!("{name} is on the hub's own machine: only who runs the hub may add or change it");
            return Err(ApiError::new(StatusCode::FORBIDDEN, message));
        }
        Ok(kind)
    }

    /// Whether somebody may use it: files and processes of the hub's own machine are for those who run it.
    pub(crate) fn is_for(self, locality: Locality) -> bool {
        locality == Locality::AnyKind || self.description().transport != Transport::Local
    }

    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Destination(kind) => kind.as_str(),
            Self::Source(kind) => kind.as_str(),
        }
    }

    /// What it is, and its settings.
    pub(crate) const fn description(self) -> &'static Description {
        match self {
            Self::Destination(kind) => kind.description(),
            Self::Source(kind) => kind.description(),
        }
    }

    /// Opens what is not kept yet.
    ///
    /// # Errors
    ///
    /// The settings do not fit, all problems at once.
    pub(super) fn open(self, app: &App, parted: &Parted) -> Result<Tryout, Refused> {
        let settings = Settings::check(self.description(), &parted.whole()).map_err(Refused::Settings)?;
        let opened = match self {
            // What is tried out here is not kept: any key will do.
            Self::Destination(kind) => Opened::new(kind, &settings, (&app.connector_context, [0; 32]))
                .map(|opened| Tryout::Destination(Box::new(opened))),
            Self::Source(kind) => kind.open(&settings, &app.connector_context).map(Tryout::Source),
        };
        opened.map_err(Refused::Settings)
    }
}

impl Tryout {
    /// Walks the way there, up to the first step that fails.
    pub(super) async fn walk(&self, app: &App, account: &AccountId) -> Vec<Hop> {
        match self {
            Self::Destination(opened) => {
                let wire = WIRE_FEATURES.into_iter().find(|feature| opened.shape.wants_feature(feature));
                let other = opened.shape.features().and_then(|features| features.iter().next().cloned());
                let feature = wire.or(other).unwrap_or(AUDIT_EVENTS);
                let canary = canary(account, &feature, app.clock.now());
                Box::pin(check(&opened.destination, &app.connector_context, &canary)).await
            }
            Self::Source(source) => Box::pin(check_source(source, &app.connector_context)).await,
        }
    }
}
