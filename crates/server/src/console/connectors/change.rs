//! Changes of a connector: its settings, a pause, a new try, its end; and the test of the way to it.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_connectors::Description;
use daybook_store::{Connector, ConnectorState, Direction};

use super::{
    add::{kept, take_refusal},
    fields::{CONNECTOR_NAME, Control, Fields, Filled},
    hops::Walk,
    places::{find, list_path, locality_of, own_path, section_of, title_of},
};
use crate::{
    connectors::{AnyKind, Directed, change_connector as change, set_connector_state, test_connector as test, unseal},
    console::{
        error::PageError,
        flash::done,
        form::{Errors, Form, Nothing},
        page::{Shell, go, page, page_again},
        visit::{Administrator, Member},
        words::{self, connectors as say},
    },
    manage::check_name,
    request::Path,
    state::App,
};

type Ids = Path<(String, String)>;

#[derive(Template)]
#[template(path = "console/connector-settings.html")]
struct SettingsPage {
    shell: Shell,
    base: String,
    direction: Direction,
    /// What it is called now.
    named: String,
    kind: &'static str,
    name: String,
    fields: Fields,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "console/connector-test.html")]
struct TestPage {
    shell: Shell,
    base: String,
    direction: Direction,
    name: String,
    walk: Walk,
}

/// `GET /accounts/{account}/…/{connector}/settings`
pub(in crate::console) async fn show_settings<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    let description = description_of(&connector)?;
    let filled = Filled { name: connector.name.clone(), plain: connector.settings.clone(), ..Filled::default() };
    let settings = settings_page(&app, &member, (&connector, description), (filled, Errors::default()));
    page(&settings.shell, &settings)
}

/// `POST /accounts/{account}/…/{connector}/settings`
pub(in crate::console) async fn change_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    let description = description_of(&connector)?;
    let filled = Filled::read(description, pairs, &kept(&app, &member, &id));
    let mut errors = Errors::default();
    if let Some(name) = errors.take(CONNECTOR_NAME, check_name(&filled.name).map(str::to_owned)) {
        let (who, wanted) = ((&member.grant, &member.actor()), (Some(name), filled.changes()));
        let changed = change(&app, who, &connector, wanted, locality_of(&member)).await;
        if let Some(connector) = take_refusal(&mut errors, description, changed)? {
            return Ok(go(&own_path(&member, D::DIRECTION, &id), Some(&done(say::changed(&connector.name)))));
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
        shell: Shell::of(member, section_of(connector.direction), say::settings_of(&connector.name)),
        base: own_path(member, connector.direction, id),
        direction: connector.direction,
        named: connector.name.clone(),
        kind: title_of(connector),
        fields: Fields::of(description, &filled, (&kept(app, member, id), &stored), &errors),
        name: filled.name,
        errors,
    }
}

/// The description of its kind; a connector of another version's making has none, and can only be removed.
fn description_of(connector: &Connector) -> Result<&'static Description, PageError> {
    let kind = AnyKind::find(connector.direction, &connector.kind);
    kind.map(AnyKind::description).map_err(|error| PageError::bad_request(words::sentence(&error)))
}

/// `POST /accounts/{account}/…/{connector}/test`: walks the way there.
pub(in crate::console) async fn test_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    let walk = Walk::from(Box::pin(test(&app, &connector)).await?);
    let tested = TestPage {
        shell: Shell::of(&member, section_of(D::DIRECTION), say::test_of(&connector.name)),
        base: own_path(&member, D::DIRECTION, &id),
        direction: D::DIRECTION,
        name: connector.name,
        walk,
    };
    page(&tested.shell, &tested)
}

/// `POST /accounts/{account}/…/{connector}/pause`
pub(in crate::console) async fn pause_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    set_state(&app, &member, &connector, ConnectorState::Paused).await?;
    let path = own_path(&member, D::DIRECTION, &id);
    Ok(go(&path, Some(&done(say::paused(D::DIRECTION, &connector.name)).with_undo(format!("{path}/resume")))))
}

/// `POST /accounts/{account}/…/{connector}/resume`
pub(in crate::console) async fn resume_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    set_state(&app, &member, &connector, ConnectorState::Active).await?;
    Ok(go(&own_path(&member, D::DIRECTION, &id), Some(&done(say::resumed(&connector.name)))))
}

/// `POST /accounts/{account}/…/{connector}/retry`: tries at once, whatever it waits for.
///
/// It is paused and resumed, so that it begins anew on whichever node it is at work, without a wait; the audit trail says
/// the same.
pub(in crate::console) async fn retry_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    for state in [ConnectorState::Paused, ConnectorState::Active] {
        set_state(&app, &member, &connector, state).await?;
    }
    Ok(go(&own_path(&member, D::DIRECTION, &id), Some(&done(say::tried(&connector.name)))))
}

/// `POST /accounts/{account}/…/{connector}/remove`
pub(in crate::console) async fn remove_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, D::DIRECTION, &id).await?;
    set_state(&app, &member, &connector, ConnectorState::Removed).await?;
    Ok(go(&list_path(&member, D::DIRECTION), Some(&done(say::removed(D::DIRECTION, &connector.name)))))
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
