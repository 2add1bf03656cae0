//! Dead letters: the events that a destination refused for good, to be delivered once more or given up.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::Timestamp;
use daybook_store::{DeadLetter, DeadLetterState, WhichDeadLetters};
use serde::Deserialize;

use super::OUT;
use crate::{
    console::{
        connectors::{find, may_change, own_path},
        error::PageError,
        events::summary::indent,
        flash::done,
        form::Form,
        page::{Section, Shell, go, page},
        query::Query,
        times::{When, counted, grouped},
        visit::{Administrator, Member, Viewer},
        words::{self, connectors as say},
    },
    request::Path,
    state::App,
};

/// Dead letters on a page.
const LETTERS_SHOWN: usize = 25;

type Ids = Path<(String, String)>;

#[derive(Template)]
#[template(path = "console/dead-letters.html")]
struct LettersPage {
    shell: Shell,
    base: String,
    name: String,
    may_change: bool,
    total: String,
    rows: Vec<LetterRow>,
    /// Empty when there is nothing older.
    older: String,
    /// Empty on the newest page.
    newest: String,
}

struct LetterRow {
    number: i64,
    /// For the HTML.
    id: String,
    feature: String,
    happened: When,
    refused: When,
    reason: String,
    tries: String,
    is_queued: bool,
    json: String,
    is_cut: bool,
}

#[derive(Template)]
#[template(path = "console/dead-letters-discard.html")]
struct DiscardPage {
    shell: Shell,
    base: String,
    name: String,
    /// The one that is asked about; all of them otherwise.
    number: Option<i64>,
    total: String,
}

/// Where in the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct LettersQuery {
    before: Option<i64>,
}

/// Which dead letters: the one with a number, or all of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct WhichForm {
    number: Option<i64>,
}

impl WhichForm {
    fn which(&self) -> WhichDeadLetters {
        self.number.map_or(WhichDeadLetters::All, WhichDeadLetters::One)
    }
}

/// `GET /accounts/{account}/destinations/{destination}/dead-letters?before=NUMBER`
pub(in crate::console) async fn show_dead_letters(
    State(app): State<App>,
    member: Member<Viewer>,
    Path((_, id)): Ids,
    Query(query): Query<LettersQuery>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let limit = u32::try_from(LETTERS_SHOWN + 1).unwrap_or(u32::MAX);
    let mut letters =
        app.catalog.list_dead_letters(&member.grant, &connector.connector_id, limit, query.before).await?;
    let has_older = letters.len() > LETTERS_SHOWN;
    letters.truncate(LETTERS_SHOWN);
    let total = app.catalog.count_dead_letters(&member.grant, &connector.connector_id).await?;
    let base = own_path(&member, OUT, &id);
    let older = letters.last().filter(|_| has_older);
    let now = app.clock.now();
    let list = LettersPage {
        shell: Shell::of(&member, Section::Destinations, say::letters(&connector.name)),
        name: connector.name,
        may_change: may_change(&member),
        total: counted(u64::try_from(total).unwrap_or(0), say::LETTER),
        older: older.map(|it| format!("{base}/dead-letters?before={}", it.dead_letter_id)).unwrap_or_default(),
        newest: if query.before.is_some() { format!("{base}/dead-letters") } else { String::new() },
        rows: letters.iter().map(|letter| row(letter, now)).collect(),
        base,
    };
    page(&list.shell, &list)
}

fn row(letter: &DeadLetter, now: Timestamp) -> LetterRow {
    let (json, is_cut) = indent(&letter.payload);
    LetterRow {
        number: letter.dead_letter_id,
        id: format!("letter-{}", letter.dead_letter_id),
        feature: words::feature(&letter.feature),
        happened: When::of(letter.event_time, now),
        refused: When::of(letter.created_at, now),
        reason: say::sentence_of(&letter.reason),
        tries: grouped(letter.tries.unsigned_abs()),
        is_queued: letter.state == DeadLetterState::Queued,
        json,
        is_cut,
    }
}

/// `POST /accounts/{account}/destinations/{destination}/dead-letters/redrive`
pub(in crate::console) async fn redrive_dead_letters(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    Form(form): Form<WhichForm>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let id = &connector.connector_id;
    let count = app.catalog.queue_dead_letters(&member.grant, &member.actor(), id, form.which()).await?;
    Ok(go(&list_path(&member, id.as_str()), Some(&done(say::redriven(count)))))
}

/// `GET /accounts/{account}/destinations/{destination}/dead-letters/discard?number=…`
pub(in crate::console) async fn ask_to_discard(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    Query(form): Query<WhichForm>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let total = app.catalog.count_dead_letters(&member.grant, &connector.connector_id).await?;
    let discard = DiscardPage {
        shell: Shell::of(&member, Section::Destinations, say::discard(&connector.name)),
        base: own_path(&member, OUT, &id),
        name: connector.name,
        number: form.number,
        total: counted(u64::try_from(total).unwrap_or(0), say::LETTER),
    };
    page(&discard.shell, &discard)
}

/// `POST /accounts/{account}/destinations/{destination}/dead-letters/discard`
pub(in crate::console) async fn discard_dead_letters(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    Form(form): Form<WhichForm>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let id = &connector.connector_id;
    let count = app.catalog.discard_dead_letters(&member.grant, &member.actor(), id, form.which()).await?;
    Ok(go(&list_path(&member, id.as_str()), Some(&done(say::discarded(count)))))
}

fn list_path(member: &Member<Administrator>, id: &str) -> String {
    format!("{}/dead-letters", own_path(member, OUT, id))
}
