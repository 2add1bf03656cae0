//! What goes with a source that is removed, and what stays.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::ConnectorState;

use super::{IN, total_events};
use crate::{
    connectors::source_standing_of,
    console::{
        connectors::{find, own_path},
        error::PageError,
        page::{Section, Shell, page},
        times::counted,
        visit::{Administrator, Member},
        words::{self, connectors as say},
    },
    request::Path,
    state::App,
};

#[derive(Template)]
#[template(path = "console/source-remove.html")]
struct RemovePage {
    shell: Shell,
    base: String,
    name: String,
    is_paused: bool,
    /// What it has brought in; empty for nothing.
    events: String,
}

/// `GET /accounts/{account}/sources/{source}/remove`
pub(in crate::console) async fn ask_to_remove_source(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, IN, &id).await?;
    let events = total_events(&source_standing_of(&app, &member.grant, &connector).await?);
    let remove = RemovePage {
        shell: Shell::of(&member, Section::Sources, say::remove(&connector.name)),
        base: own_path(&member, IN, &id),
        name: connector.name,
        is_paused: connector.state == ConnectorState::Paused,
        events: if events == 0 { String::new() } else { counted(events, words::EVENT) },
    };
    page(&remove.shell, &remove)
}
