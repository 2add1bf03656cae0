//! Everything about one integration: its tokens, the live check, the steps to connect it, what happened to it.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{Feature, Timestamp};
use daybook_store::{ActionFilter, Integration, IntegrationState};

use super::{
    Condition, find,
    live_check::{LiveCheck, live_check},
    state_of,
    wizard::mode_word,
};
use crate::{
    console::{
        directory::{self, FilledSteps, Place, Siem},
        error::PageError,
        page::{Section, Shell, page},
        reading::{TokenActivity, activities_of},
        times::{When, counted, span},
        visit::{Administrator, Member},
        words::{self, integrations as say},
    },
    request::Path,
    state::App,
};

/// Lines of its history that are shown.
const HISTORY_MAX: u32 = 5;
/// Tokens whose lines are in it.
const HISTORY_TOKENS_MAX: usize = 5;
/// Live tokens first; then so many that are not.
const ENDED_TOKENS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "console/integration.html")]
struct DetailsPage {
    shell: Shell,
    base: String,
    name: String,
    siem: &'static Siem,
    mode: &'static str,
    condition: Condition,
    is_active: bool,
    created_at: When,
    last_read: Option<When>,
    in_a_day: String,
    tokens: Vec<TokenLine>,
    check: LiveCheck,
    steps: FilledSteps,
    curl: String,
    /// Where the hub's own certificate authority is; empty when there is none.
    ca_href: &'static str,
    history: Vec<(String, When)>,
    trail: String,
}

/// A token in the table.
struct TokenLine {
    id: String,
    name: String,
    is_live: bool,
    features: String,
    issued_at: When,
    issued_by: String,
    expires_at: Option<When>,
    /// A word about its end, and its tone; empty when there is none.
    end_word: String,
    end_tone: &'static str,
    last_use: Option<LastUse>,
    requests: String,
    events: String,
    behind: Vec<BehindLine>,
    limits: String,
    replaces: String,
}

struct LastUse {
    when: When,
    address: String,
    client: String,
}

struct BehindLine {
    feature: String,
    /// Empty when it is up to date.
    events: String,
    lag: String,
}

/// `GET /accounts/{account}/integrations/{integration}`
pub(in crate::console) async fn show_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    let activities = activities_of(&app, &member.grant, &integration).await?;
    let own: Vec<_> = activities.iter().collect();
    let check = live_check(&app, &member, &integration, own.iter().map(|it| &it.token)).await?;
    let now = app.clock.now();
    let siem = directory::find(integration.kind);
    let (requests, events) =
        own.iter().fold((0, 0), |(requests, events), it| (requests + it.requests, events + it.events));
    let last_read = own.iter().filter_map(|it| it.last_read()).max_by_key(|used| used.last_used_at);
    let details = DetailsPage {
        shell: Shell::of(&member, Section::Integrations, &integration.name).with_scripts(&["live-check.js"]),
        base: member.path(&format!("integrations/{id}")),
        condition: state_of(&app, &integration, &own),
        is_active: integration.state == IntegrationState::Active,
        created_at: When::of(integration.created_at, now),
        last_read: last_read.map(|used| When::of(used.last_used_at, now)),
        in_a_day: say::in_a_day(&counted(events, words::EVENT), &counted(requests, words::REQUEST)),
        tokens: token_lines(&own, now),
        check,
        steps: siem.filled(&Place::of(&app)),
        ca_href: if app.ca_file.is_some() { "/ca.pem" } else { "" },
        curl: curl(&app, &integration, &own, now),
        history: history(&app, &member, &integration, &own).await?,
        trail: member.path(&format!("audit?object={id}")),
        name: integration.name,
        mode: mode_word(siem.mode),
        siem,
    };
    page(&details.shell, &details)
}

fn token_lines(own: &[&TokenActivity], now: Timestamp) -> Vec<TokenLine> {
    let (live, ended): (Vec<_>, Vec<_>) = own.iter().partition(|it| it.is_live(now));
    let shown = live.into_iter().chain(ended.into_iter().take(ENDED_TOKENS_MAX));
    shown.map(|activity| token_line(activity, own, now)).collect()
}

fn token_line(activity: &TokenActivity, own: &[&TokenActivity], now: Timestamp) -> TokenLine {
    let token = &activity.token;
    let (end_word, end_tone) = end_of(activity, now);
    let replaced = token.replaces.as_ref().and_then(|id| own.iter().find(|it| &it.token.token_id == id));
    TokenLine {
        id: token.token_id.to_string(),
        name: token.name.clone(),
        is_live: activity.is_live(now),
        features: features_line(token.rights.features.iter()),
        issued_at: When::of(token.issued_at, now),
        issued_by: token.issued_by.clone(),
        expires_at: token.rights.expires_at.map(|time| When::of(time, now)),
        end_word,
        end_tone,
        last_use: activity.last_use().map(|used| LastUse {
            when: When::of(used.last_used_at, now),
            address: used.address.clone(),
            client: client_name(&used.user_agent),
        }),
        requests: counted(activity.requests, words::REQUEST),
        events: counted(activity.events, words::EVENT),
        behind: activity
            .behind
            .iter()
            .map(|behind| BehindLine {
                feature: words::feature(&behind.feature),
                events: if behind.events == 0 { String::new() } else { counted(behind.events, words::EVENT) },
                lag: span(behind.lag),
            })
            .collect(),
        limits: say::limits(&token.rights.networks.to_string(), token.rights.requests_per_minute),
        replaces: replaced.map(|it| it.token.name.clone()).unwrap_or_default(),
    }
}

/// What is to be said about the end of a token.
fn end_of(activity: &TokenActivity, now: Timestamp) -> (String, &'static str) {
    let token = &activity.token;
    if token.revoked_at.is_some() {
        return (say::REVOKED.to_owned(), "off");
    }
    let Some(expires_at) = token.rights.expires_at else { return (String::new(), "") };
    if expires_at <= now {
        return (say::EXPIRED.to_owned(), "error");
    }
    let left = expires_at.since(now);
    match left.as_secs() / 86_400 {
        0 => (say::ends_in(&span(left)), "error"),
        1..7 => (say::ends_in(&span(left)), "error"),
        7..14 => (say::ends_in(&span(left)), "warn"),
        _ => (String::new(), ""),
    }
}

/// The names of features, with commas between them.
pub(in crate::console) fn features_line<'a>(features: impl Iterator<Item = &'a Feature>) -> String {
    let names: Vec<_> = features.map(words::feature).collect();
    words::sentence(&names.join(", ").to_lowercase()).trim_end_matches('.').to_owned()
}

/// A client's name for people: the system that it is known to be of, or what it says of itself.
pub(in crate::console) fn client_name(user_agent: &str) -> String {
    let known = directory::recognise(user_agent).map(|siem| siem.name.clone());
    match (known, user_agent.is_empty()) {
        (Some(name), _) => format!("{name} ({user_agent})"),
        (None, true) => say::NO_CLIENT.to_owned(),
        (None, false) => user_agent.to_owned(),
    }
}

/// A line that shows on any machine whether a token works.
fn curl(app: &App, integration: &Integration, own: &[&TokenActivity], now: Timestamp) -> String {
    let ca = if app.ca_file.is_some() { "--cacert daybook-ca.pem " } else { "" };
    let live = own.iter().find(|it| it.is_live(now));
    let feature = live.and_then(|it| it.token.rights.features.first()).map_or("auditevents", Feature::as_str);
    let url = app.public_url();
    if integration.kind == daybook_store::IntegrationKind::Source {
        return format!(
            "curl {ca}-H \"Authorization: Bearer $TOKEN\" --data-binary @events.ndjson {url}/ingest/v1/{feature}"
        );
    }
    format!("curl {ca}-H \"Authorization: Bearer $TOKEN\" -d '{{\"limit\": 3}}' {url}/api/v2/{feature}")
}

/// The last things that happened to an integration and its tokens.
async fn history(
    app: &App,
    member: &Member<Administrator>,
    integration: &Integration,
    own: &[&TokenActivity],
) -> Result<Vec<(String, When)>, PageError> {
    let tokens = own.iter().take(HISTORY_TOKENS_MAX).map(|it| it.token.token_id.to_string());
    let mut actions = Vec::new();
    for object_id in std::iter::once(integration.integration_id.to_string()).chain(tokens) {
        let filter = ActionFilter { object_id, ..ActionFilter::default() };
        actions.extend(app.catalog.list_actions(&member.grant, &filter, None, HISTORY_MAX).await?);
    }
    actions.sort_by_key(|action| std::cmp::Reverse(action.done_at));
    actions.retain(|action| action.action != "tverify");
    actions.truncate(HISTORY_MAX as usize);
    let now = app.clock.now();
    Ok(actions.iter().map(|action| (words::audit::sentence(action), When::of(action.done_at, now))).collect())
}
