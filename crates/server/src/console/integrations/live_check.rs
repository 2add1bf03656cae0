//! The live check: what the hub sees of a system, in words, as it happens.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use daybook_events::{HubGrant, Timestamp};
use daybook_store::{Integration, IntegrationKind, IntegrationState, TokenRefusal, TokenRow};

use super::find;
use crate::{
    console::{
        directory,
        error::PageError,
        reading::{INTROSPECTION, last_read, tokens_of},
        times::{When, counted},
        visit::{Administrator, Member},
        words::{self, integrations as say},
    },
    request::Path,
    state::App,
};

/// Refusals older than this say nothing about now.
const REFUSAL_LIFE: Duration = Duration::from_secs(3600);

/// What is seen, as a part of a page.
#[derive(Debug, Template)]
#[template(path = "console/live-check.html")]
pub(super) struct LiveCheck {
    /// `waiting`, `ok` or `refused`.
    tone: &'static str,
    icon: &'static str,
    title: String,
    text: String,
    when: Option<When>,
    /// What to do next; empty when there is nothing to do.
    next: String,
    /// Whether there is nothing more to wait for.
    is_done: bool,
}

/// `GET /accounts/{account}/integrations/{integration}/check`: the part alone, for the module that asks again and again.
pub(in crate::console) async fn show_live_check(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    let tokens = tokens_of(&app, &member.grant, &integration).await?;
    let check = live_check(&app, &member, &integration, &tokens).await?;
    Ok(Html(check.render().map_err(|error| PageError::bad_request(error.to_string()))?).into_response())
}

/// What the hub sees of an integration.
pub(super) async fn live_check<'a>(
    app: &App,
    member: &Member<Administrator>,
    integration: &Integration,
    tokens: impl IntoIterator<Item = &'a TokenRow>,
) -> Result<LiveCheck, PageError> {
    let now = app.clock.now();
    let system = directory::find(integration.kind).name.as_str();
    let own: Vec<&TokenRow> = tokens.into_iter().collect();
    if integration.state != IntegrationState::Active {
        return Ok(LiveCheck::waiting(say::CHECK_PAUSED.to_owned(), String::new()));
    }
    if own.is_empty() {
        return Ok(LiveCheck::waiting(say::CHECK_NO_TOKEN.to_owned(), String::new()));
    }
    let good = own.iter().filter_map(|token| last_read(token).map(|used| (token, used)));
    let good = good.max_by_key(|(_, used)| used.last_used_at);
    let good_at = good.map(|(_, used)| used.last_used_at);
    let refusal = last_refusal(app, member, &own, good_at).await?;
    if let Some((refusal, token)) = refusal {
        return Ok(LiveCheck::refused(system, &refusal, token, now));
    }
    if let Some((token, used)) = good {
        return Ok(LiveCheck::good(integration.kind, system, (&token.name, used), now));
    }
    let introspected = own.iter().flat_map(|token| &token.uses).any(|used| used.feature == INTROSPECTION);
    let text =
        if introspected { say::check_introspected(system) } else { say::check_waiting(system, &app.public_host) };
    let next = if introspected { String::new() } else { say::CHECK_HINT.to_owned() };
    Ok(LiveCheck::waiting(text, next))
}

/// The last refusal since the last good request, with the name of its token; while there was no good one, whoever runs
/// the hub also sees what cannot be told to be anybody's.
async fn last_refusal<'a>(
    app: &App,
    member: &Member<Administrator>,
    own: &[&'a TokenRow],
    good_at: Option<Timestamp>,
) -> Result<Option<(TokenRefusal, Option<&'a str>)>, PageError> {
    let since = app.clock.now().minus(REFUSAL_LIFE).max(good_at.unwrap_or_default());
    let refusals = app.catalog.list_token_refusals(&member.grant, since).await?;
    let named = refusals.into_iter().filter_map(|refusal| {
        let token = own.iter().find(|token| Some(&token.token_id) == refusal.token_id.as_ref())?;
        Some((refusal, Some(token.name.as_str())))
    });
    let mut all: Vec<_> = named.collect();
    if good_at.is_none() && member.signed_in.person.runs_hub {
        let issued = own.iter().map(|token| token.issued_at).max().unwrap_or(since);
        let stray = app.catalog.list_stray_refusals(HubGrant::of_the_hub_itself(), since.max(issued)).await?;
        // The browser that looks at this page fails handshakes too until it knows the certificate.
        let own_address = &member.signed_in.visit.address;
        let stray = stray.into_iter().filter(|it| it.reason != "tls" || &it.address != own_address);
        all.extend(stray.map(|refusal| (refusal, None)));
    }
    Ok(all.into_iter().max_by_key(|(refusal, _)| refusal.refused_at))
}

impl LiveCheck {
    fn waiting(text: String, next: String) -> Self {
        let title = say::CHECK_WAITING.to_owned();
        Self { tone: "waiting", icon: "clock", title, text, when: None, next, is_done: false }
    }

    fn good(
        kind: IntegrationKind,
        system: &str,
        (token, used): (&str, &daybook_store::FeatureUse),
        now: Timestamp,
    ) -> Self {
        let feature = used.feature.parse().map(|feature| words::feature(&feature)).unwrap_or_default();
        let is_source = kind == IntegrationKind::Source;
        let events = counted(u64::try_from(used.events).unwrap_or(0), words::EVENT);
        Self {
            tone: "ok",
            icon: "ok",
            title: if is_source { say::check_sends(system) } else { say::check_reads(system) },
            text: say::check_good(is_source, &feature, token, &used.address, &events),
            when: Some(When::of(used.last_used_at, now)),
            next: String::new(),
            is_done: true,
        }
    }

    fn refused(system: &str, refusal: &TokenRefusal, token: Option<&str>, now: Timestamp) -> Self {
        let feature = refusal.feature.parse().map(|feature| words::feature(&feature)).unwrap_or_default();
        let (text, next) = say::refusal(&refusal.reason, token, &feature, &refusal.address, &refusal.user_agent);
        Self {
            tone: "refused",
            icon: "error",
            title: if token.is_some() { say::check_refused(system) } else { say::CHECK_STRAY.to_owned() },
            text,
            when: Some(When::of(refusal.refused_at, now)),
            next,
            is_done: false,
        }
    }
}
