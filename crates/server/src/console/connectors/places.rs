//! Where the pages of a connector are, which connector they are about, and who may do what there.

use axum::http::StatusCode;
use daybook_events::Role;
use daybook_store::{Connector, Direction};

use crate::{
    connectors::{AnyKind, Locality, find_connector},
    console::{error::PageError, page::Section, visit::Member},
    state::App,
};

pub(super) const fn section_of(direction: Direction) -> Section {
    match direction {
        Direction::Source => Section::Sources,
        Direction::Destination => Section::Destinations,
    }
}

/// `/accounts/ID/sources`
pub(in crate::console) fn list_path<R>(member: &Member<R>, direction: Direction) -> String {
    member.path(&format!("{direction}s"))
}

/// `/accounts/ID/sources/ID`
pub(in crate::console) fn own_path<R>(member: &Member<R>, direction: Direction, id: &str) -> String {
    member.path(&format!("{direction}s/{id}"))
}

/// A connector of the member's account that is not removed.
pub(in crate::console) async fn find<R>(
    app: &App,
    member: &Member<R>,
    direction: Direction,
    id: &str,
) -> Result<Connector, PageError> {
    find_connector(app, &member.grant, direction, id).await.map_err(|error| match error.status() {
        // What is missing may be another account's: it says no more than that.
        StatusCode::NOT_FOUND => PageError::not_found(),
        _ => error.into(),
    })
}

/// The product's name; empty for one of another version's making.
pub(in crate::console) fn title_of(connector: &Connector) -> &'static str {
    AnyKind::find(connector.direction, &connector.kind).map_or("", |kind| kind.description().title)
}

pub(in crate::console) fn may_change<R>(member: &Member<R>) -> bool {
    member.role() >= Role::Administrator
}

/// Files and processes of the hub's own machine are for those who run it.
pub(super) fn locality_of<R>(member: &Member<R>) -> Locality {
    if member.signed_in.person.runs_hub { Locality::AnyKind } else { Locality::RemoteOnly }
}
