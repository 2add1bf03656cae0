//! What goes with a destination that is removed.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::ConnectorState;

use super::{OUT, total_behind};
use crate::{
    connectors::standing_of,
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
#[template(path = "console/destination-remove.html")]
struct RemovePage {
    shell: Shell,
    base: String,
    name: String,
    is_paused: bool,
    /// Empty when nothing waits.
    behind: String,
    /// Empty when there are none.
    letters: String,
}

/// `GET /accounts/{account}/destinations/{destination}/remove`
pub(in crate::console) async fn ask_to_remove_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let standing = standing_of(&app, &member.grant, &connector).await?;
    let (behind, letters) = (total_behind(&standing), u64::try_from(standing.dead_letters).unwrap_or(0));
    let remove = RemovePage {
        shell: Shell::of(&member, Section::Destinations, say::remove(&connector.name)),
        base: own_path(&member, OUT, &id),
        name: connector.name,
        is_paused: connector.state == ConnectorState::Paused,
        behind: if behind == 0 { String::new() } else { counted(behind, words::EVENT) },
        letters: if letters == 0 { String::new() } else { counted(letters, say::LETTER) },
    };
    page(&remove.shell, &remove)
}
