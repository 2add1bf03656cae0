//! Adding a destination: its kind, then its settings, and a test of the way there before or after.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_connectors::{Description, DestinationKind, Transport};
use daybook_store::{Direction, Origin};
use serde::Deserialize;

use super::{locality_of, own_path};
use crate::{
    connectors::{Draft, Locality, Refused, add_connector as add, check_settings, test_draft},
    console::{
        connectors::{CONNECTOR_NAME, Control, Fields, Filled, Kept, Walk, add_problems},
        error::PageError,
        flash::done,
        form::{Errors, Form},
        page::{Section, Shell, go, page, page_again},
        query::Query,
        visit::{Administrator, Member},
        words::connectors as say,
    },
    manage::check_name,
    state::App,
};

#[derive(Template)]
#[template(path = "console/destination-kinds.html")]
struct KindsPage {
    shell: Shell,
    base: String,
    kinds: Vec<KindCard>,
}

/// A kind to choose.
struct KindCard {
    kind: &'static str,
    title: &'static str,
    summary: &'static str,
    monogram: String,
    tint: usize,
    /// It writes on the hub's own machine.
    is_local: bool,
}

#[derive(Template)]
#[template(path = "console/destination-new.html")]
struct NewDestinationPage {
    shell: Shell,
    base: String,
    kind: &'static str,
    description: &'static Description,
    name: String,
    fields: Fields,
    /// The steps of a test, if one was asked for.
    walk: Option<Walk>,
    errors: Errors,
}

/// Which kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct KindQuery {
    kind: String,
    /// The format that is chosen to begin with; empty for the kind's first one.
    format: String,
}

/// `GET /accounts/{account}/destinations/new?kind=…&format=…`: the kinds, or the form of one.
pub(in crate::console) async fn new_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Query(query): Query<KindQuery>,
) -> Result<Response, PageError> {
    if query.kind.is_empty() {
        let shell = Shell::of(&member, Section::Destinations, say::ADD);
        let kinds = kinds_for(locality_of(&member)).enumerate().map(|(index, kind)| card(index, kind)).collect();
        let choose = KindsPage { shell, base: member.path("destinations"), kinds };
        return page(&choose.shell, &choose);
    }
    let kind = kind_of(&member, &query.kind)?;
    let name = free_name(&app, &member, kind.description().title).await?;
    let format = Some(query.format).filter(|format| kind.description().formats.contains(&format.as_str()));
    let plain = format.into_iter().map(|format| ("format".to_owned(), format)).collect();
    let filled = Filled { name, plain, ..Filled::default() };
    let new = NewDestinationPage::of(&app, &member, kind, (filled, Errors::default(), None));
    page(&new.shell, &new)
}

/// `POST /accounts/{account}/destinations/new`
pub(in crate::console) async fn add_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let (kind, filled) = read(&app, &member, pairs)?;
    let mut errors = Errors::default();
    let name = errors.take(CONNECTOR_NAME, check_name(&filled.name).map(str::to_owned));
    let draft = draft(kind, &filled);
    match name {
        None => take_refusal(&mut errors, kind.description(), check_settings(&app, &draft, locality_of(&member)))?,
        Some(name) => {
            let who = (&member.grant, &member.actor());
            let draft = Draft { name, ..draft };
            let added = Box::pin(add(&app, who, draft, locality_of(&member), Origin::Person)).await;
            if let Some(connector) = take_refusal(&mut errors, kind.description(), added)? {
                let path = own_path(&member, connector.connector_id.as_str());
                return Ok(go(&path, Some(&done(say::added(&connector.name)))));
            }
            None
        }
    };
    let new = NewDestinationPage::of(&app, &member, kind, (filled, errors, None));
    page_again(&new.shell, &new)
}

/// `POST /accounts/{account}/destinations/new/test`: walks the way there, and adds nothing.
pub(in crate::console) async fn test_new_destination(
    State(app): State<App>,
    member: Member<Administrator>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let (kind, filled) = read(&app, &member, pairs)?;
    let mut errors = Errors::default();
    let tested = Box::pin(test_draft(&app, &member.grant, draft(kind, &filled), locality_of(&member))).await;
    let walk = take_refusal(&mut errors, kind.description(), tested)?.map(Walk::from);
    let new = NewDestinationPage::of(&app, &member, kind, (filled, errors, walk));
    if new.errors.is_empty() { page(&new.shell, &new) } else { page_again(&new.shell, &new) }
}

impl NewDestinationPage {
    fn of(
        app: &App,
        member: &Member<Administrator>,
        kind: DestinationKind,
        (filled, errors, walk): (Filled, Errors, Option<Walk>),
    ) -> Self {
        let description = kind.description();
        let kept = kept(app, member, kind.as_str());
        Self {
            shell: Shell::of(member, Section::Destinations, say::add_kind(description.title)),
            base: member.path("destinations"),
            kind: kind.as_str(),
            description,
            fields: Fields::of(description, &filled, (&kept, &BTreeSet::new()), &errors),
            name: filled.name,
            walk,
            errors,
        }
    }
}

/// The kinds that somebody may add.
fn kinds_for(locality: Locality) -> impl Iterator<Item = DestinationKind> {
    let is_theirs =
        move |kind: &DestinationKind| locality == Locality::AnyKind || kind.description().transport != Transport::Local;
    DestinationKind::ALL.iter().copied().filter(is_theirs)
}

fn card(index: usize, kind: DestinationKind) -> KindCard {
    let description = kind.description();
    KindCard {
        kind: kind.as_str(),
        title: description.title,
        summary: description.summary,
        monogram: monogram(description.title),
        tint: index * 7 % 12,
        is_local: description.transport == Transport::Local,
    }
}

/// One letter or two for a tile.
fn monogram(title: &str) -> String {
    let initials = title.split(|character: char| !character.is_alphanumeric()).filter_map(|word| word.chars().next());
    initials.filter(|initial| initial.is_uppercase() || initial.is_numeric()).take(2).collect()
}

fn kind_of(member: &Member<Administrator>, name: &str) -> Result<DestinationKind, PageError> {
    kinds_for(locality_of(member)).find(|kind| kind.as_str() == name).ok_or_else(PageError::not_found)
}

fn read(
    app: &App,
    member: &Member<Administrator>,
    pairs: Vec<(String, String)>,
) -> Result<(DestinationKind, Filled), PageError> {
    let name = pairs.iter().find(|(name, _)| name == "kind").map_or("", |(_, value)| value.as_str());
    let kind = kind_of(member, name)?;
    Ok((kind, Filled::read(kind.description(), pairs, &kept(app, member, kind.as_str()))))
}

/// Where secrets go with a form of this person in this account; `what` is a kind, or a destination's id.
pub(super) fn kept<'a>(app: &'a App, member: &Member<Administrator>, what: &str) -> Kept<'a> {
    let person = &member.signed_in.person.person_id;
    Kept { sealer: &app.secret_sealer, place: format!("form of {person} in {} for {what}", member.account()) }
}

fn draft(kind: DestinationKind, filled: &Filled) -> Draft {
    let direction = Direction::Destination;
    Draft { direction, kind: kind.to_string(), name: filled.name.clone(), settings: filled.settings() }
}

/// The outcome, or what is wrong with the form; any other failure is not the form's.
pub(super) fn take_refusal<T>(
    errors: &mut Errors,
    description: &Description,
    outcome: Result<T, Refused>,
) -> Result<Option<T>, PageError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Refused::Settings(error)) => {
            add_problems(errors, description, &error);
            Ok(None)
        }
        Err(Refused::Store(error)) => errors.take_conflict(CONNECTOR_NAME, Err(error)),
        Err(Refused::Said(error)) => Err(error.into()),
    }
}

/// The name, or the name with a number if it is taken.
async fn free_name(app: &App, member: &Member<Administrator>, name: &str) -> Result<String, PageError> {
    let taken = app.catalog.list_connectors(&member.grant, Direction::Destination).await?;
    let is_free = |name: &str| !taken.iter().any(|connector| connector.name == name);
    let numbered = (2..100).map(|number| format!("{name} {number}"));
    Ok(std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_setting_is_called_as_another_field_of_the_form() {
        for kind in DestinationKind::ALL {
            for setting in kind.description().all_settings() {
                let taken = [CONNECTOR_NAME, "kind", "csrf", "kept", "forget", "settings"];
                assert!(!taken.contains(&setting.name), "{kind}: {}", setting.name);
            }
        }
    }

    #[test]
    fn kinds_of_the_hubs_own_machine_are_for_those_who_run_it() {
        let names = |locality| kinds_for(locality).map(DestinationKind::as_str).collect::<Vec<_>>();
        assert!(names(Locality::AnyKind).contains(&"file") && names(Locality::RemoteOnly).contains(&"webhook"));
        assert!(!names(Locality::RemoteOnly).contains(&"file") && !names(Locality::RemoteOnly).contains(&"stdout"));
    }

    #[test]
    fn every_kind_has_a_monogram() {
        for kind in DestinationKind::ALL {
            assert!((1..=2).contains(&monogram(kind.description().title).chars().count()), "{kind}");
        }
        assert_eq!((monogram("Splunk HEC"), monogram("Amazon S3 (and alike)")), ("SH".into(), "AS".into()));
    }
}
