//! Changes of a destination: its settings, a pause, a new try, its end; and the test of the way to it.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_connectors::{Description, DestinationKind};
use daybook_store::{Connector, ConnectorState};

use super::{
    add::{kept, take_refusal},
    find, locality_of, own_path, title_of,
};
use crate::{
    connectors::{change_connector as change, set_connector_state, standing_of, test_connector as test, unseal},
    console::{
        connectors::{CONNECTOR_NAME, Control, Fields, Filled, Walk},
        error::PageError,
        flash::done,
        form::{Errors, Form, Nothing},
        page::{Section, Shell, go, page, page_again},
        times::counted,
        visit::{Administrator, Member},
        words::{self, connectors as say},
    },
    manage::check_name,
    request::Path,
    state::App,
};

type Ids = Path<(String, String)>;

#[derive(Template)]
#[template(path = "console/destination-settings.html")]
struct SettingsPage {
    shell: Shell,
    base: String,
    /// What it is called now.
    named: String,
    kind: &'static str,
    name: String,
    fields: Fields,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "console/destination-test.html")]
struct TestPage {
    shell: Shell,
    base: String,
    name: String,
    walk: Walk,
}

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

/// `GET /accounts/{account}/destinations/{destination}/settings`
pub(in crate::console) async fn show_settings(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    let description = description_of(&connector)?;
    let filled = Filled { name: connector.name.clone(), plain: connector.settings.clone(), ..Filled::default() };
    let settings = settings_page(&app, &member, (&connector, description), (filled, Errors::default()));
    page(&settings.shell, &settings)
}

/// `POST /accounts/{account}/destinations/{destination}/settings`
pub(in crate::console) async fn change_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    let description = description_of(&connector)?;
    let filled = Filled::read(description, pairs, &kept(&app, &member, &id));
    let mut errors = Errors::default();
    if let Some(name) = errors.take(CONNECTOR_NAME, check_name(&filled.name).map(str::to_owned)) {
        let (who, wanted) = ((&member.grant, &member.actor()), (Some(name), filled.changes()));
        let changed = change(&app, who, &connector, wanted, locality_of(&member)).await;
        if let Some(connector) = take_refusal(&mut errors, description, changed)? {
            return Ok(go(&own_path(&member, &id), Some(&done(say::changed(&connector.name)))));
        }
    }
    let settings = settings_page(&app, &member, (&connector, description), (filled, errors));
    page_again(&settings.shell, &settings)
}

fn settings_page(
    app: &App,
    member: &Member<Administrator>,
    (connector, description): (&Connector, &Description),
    (filled, errors): (Filled, Errors),
) -> SettingsPage {
    let id = connector.connector_id.as_str();
    // Of secrets that another key sealed, not even the names are known.
    let stored = unseal(&app.secret_sealer, &connector.connector_id, &connector.sealed_secrets).unwrap_or_default();
    let stored: BTreeSet<String> = stored.into_keys().collect();
    SettingsPage {
        shell: Shell::of(member, Section::Destinations, say::settings_of(&connector.name)),
        base: own_path(member, id),
        named: connector.name.clone(),
        kind: title_of(connector),
        fields: Fields::of(description, &filled, (&kept(app, member, id), &stored), &errors),
        name: filled.name,
        errors,
    }
}

/// The description of its kind; a destination of another version's making has none, and can only be removed.
fn description_of(connector: &Connector) -> Result<&'static Description, PageError> {
    let kind = connector.kind.parse::<DestinationKind>();
    kind.map(DestinationKind::description).map_err(|error| PageError::bad_request(words::sentence(&error)))
}

/// `POST /accounts/{account}/destinations/{destination}/test`: walks the way there.
pub(in crate::console) async fn test_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    let walk = Walk::from(Box::pin(test(&app, &connector)).await?);
    let tested = TestPage {
        shell: Shell::of(&member, Section::Destinations, say::test_of(&connector.name)),
        base: own_path(&member, &id),
        name: connector.name,
        walk,
    };
    page(&tested.shell, &tested)
}

/// `POST /accounts/{account}/destinations/{destination}/pause`
pub(in crate::console) async fn pause_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    set_state(&app, &member, &connector, ConnectorState::Paused).await?;
    let path = own_path(&member, &id);
    Ok(go(&path, Some(&done(say::paused(&connector.name)).with_undo(format!("{path}/resume")))))
}

/// `POST /accounts/{account}/destinations/{destination}/resume`
pub(in crate::console) async fn resume_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    set_state(&app, &member, &connector, ConnectorState::Active).await?;
    Ok(go(&own_path(&member, &id), Some(&done(say::resumed(&connector.name)))))
}

/// `POST /accounts/{account}/destinations/{destination}/retry`: tries at once, whatever it waits for.
///
/// It is paused and resumed, so that it begins anew on whichever node it is at work, without a wait; the audit trail says
/// the same.
pub(in crate::console) async fn retry_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    for state in [ConnectorState::Paused, ConnectorState::Active] {
        set_state(&app, &member, &connector, state).await?;
    }
    Ok(go(&own_path(&member, &id), Some(&done(say::tried(&connector.name)))))
}

/// `GET /accounts/{account}/destinations/{destination}/remove`
pub(in crate::console) async fn ask_to_remove_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    let standing = standing_of(&app, &member.grant, &connector).await?;
    let (behind, letters) = (super::total_behind(&standing), u64::try_from(standing.dead_letters).unwrap_or(0));
    let remove = RemovePage {
        shell: Shell::of(&member, Section::Destinations, say::remove(&connector.name)),
        base: own_path(&member, &id),
        name: connector.name,
        is_paused: connector.state == ConnectorState::Paused,
        behind: if behind == 0 { String::new() } else { counted(behind, words::EVENT) },
        letters: if letters == 0 { String::new() } else { counted(letters, say::LETTER) },
    };
    page(&remove.shell, &remove)
}

/// `POST /accounts/{account}/destinations/{destination}/remove`
pub(in crate::console) async fn remove_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, &id).await?;
    set_state(&app, &member, &connector, ConnectorState::Removed).await?;
    Ok(go(&member.path("destinations"), Some(&done(say::removed(&connector.name)))))
}

/// What it is already is no change, and the audit trail does not say that it was one.
async fn set_state(
    app: &App,
    member: &Member<Administrator>,
    connector: &Connector,
    state: ConnectorState,
) -> Result<(), PageError> {
    set_connector_state(app, (&member.grant, &member.actor()), connector, state).await?;
    Ok(())
}
