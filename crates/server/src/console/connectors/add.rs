//! Adding a connector: its kind, then its settings, and a test of the way there before or after.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_connectors::{Description, Transport};
use daybook_store::{Direction, Origin};
use serde::Deserialize;

use super::{
    fields::{CONNECTOR_NAME, Control, Fields, Filled, Kept, add_problems},
    hops::Walk,
    places::{list_path, locality_of, own_path, section_of},
};
use crate::{
    connectors::{AnyKind, Directed, Draft, Locality, Refused, add_connector as add, check_settings, test_draft},
    console::{
        error::PageError,
        flash::done,
        form::{Errors, Form},
        page::{Shell, go, page, page_again},
        query::Query,
        visit::{Administrator, Member},
        words::connectors as say,
    },
    manage::check_name,
    state::App,
};

#[derive(Template)]
#[template(path = "console/connector-kinds.html")]
struct KindsPage {
    shell: Shell,
    base: String,
    direction: Direction,
    list: &'static str,
    kinds: Vec<KindCard>,
}

/// A kind to choose.
struct KindCard {
    kind: &'static str,
    title: &'static str,
    summary: &'static str,
    monogram: String,
    tint: usize,
    /// It is on the hub's own machine.
    is_local: bool,
}

#[derive(Template)]
#[template(path = "console/connector-new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    direction: Direction,
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

/// `GET /accounts/{account}/…/new?kind=…&format=…`: the kinds, or the form of one.
pub(in crate::console) async fn new_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Query(query): Query<KindQuery>,
) -> Result<Response, PageError> {
    if query.kind.is_empty() {
        let shell = Shell::of(&member, section_of(D::DIRECTION), say::add(D::DIRECTION));
        let kinds = kinds_for(D::DIRECTION, locality_of(&member));
        let choose = KindsPage {
            shell,
            base: list_path(&member, D::DIRECTION),
            direction: D::DIRECTION,
            list: say::list(D::DIRECTION),
            kinds: kinds.into_iter().enumerate().map(|(index, kind)| card(index, kind)).collect(),
        };
        return page(&choose.shell, &choose);
    }
    let kind = kind_of(&member, D::DIRECTION, &query.kind)?;
    let name = free_name(&app, &member, D::DIRECTION, kind.description().title).await?;
    let format = Some(query.format).filter(|format| kind.description().formats.contains(&format.as_str()));
    let plain = format.into_iter().map(|format| ("format".to_owned(), format)).collect();
    let filled = Filled { name, plain, ..Filled::default() };
    let new = NewPage::of(&app, &member, (D::DIRECTION, kind), (filled, Errors::default(), None));
    page(&new.shell, &new)
}

/// `POST /accounts/{account}/…/new`
pub(in crate::console) async fn add_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let (kind, filled) = read(&app, &member, D::DIRECTION, pairs)?;
    let mut errors = Errors::default();
    let name = errors.take(CONNECTOR_NAME, check_name(&filled.name).map(str::to_owned));
    let draft = draft(D::DIRECTION, kind, &filled);
    match name {
        None => take_refusal(&mut errors, kind.description(), check_settings(&app, &draft, locality_of(&member)))?,
        Some(name) => {
            let who = (&member.grant, &member.actor());
            let draft = Draft { name, ..draft };
            let added = Box::pin(add(&app, who, draft, locality_of(&member), Origin::Person)).await;
            if let Some(connector) = take_refusal(&mut errors, kind.description(), added)? {
                let path = own_path(&member, D::DIRECTION, connector.connector_id.as_str());
                return Ok(go(&path, Some(&done(say::added(D::DIRECTION, &connector.name)))));
            }
            None
        }
    };
    let new = NewPage::of(&app, &member, (D::DIRECTION, kind), (filled, errors, None));
    page_again(&new.shell, &new)
}

/// `POST /accounts/{account}/…/new/test`: walks the way there, and adds nothing.
pub(in crate::console) async fn test_new_connector<D: Directed>(
    State(app): State<App>,
    member: Member<Administrator>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let (kind, filled) = read(&app, &member, D::DIRECTION, pairs)?;
    let mut errors = Errors::default();
    let tested =
        Box::pin(test_draft(&app, &member.grant, draft(D::DIRECTION, kind, &filled), locality_of(&member))).await;
    let walk = take_refusal(&mut errors, kind.description(), tested)?.map(Walk::from);
    let new = NewPage::of(&app, &member, (D::DIRECTION, kind), (filled, errors, walk));
    if new.errors.is_empty() { page(&new.shell, &new) } else { page_again(&new.shell, &new) }
}

impl NewPage {
    fn of(
        app: &App,
        member: &Member<Administrator>,
        (direction, kind): (Direction, AnyKind),
        (filled, errors, walk): (Filled, Errors, Option<Walk>),
    ) -> Self {
        let description = kind.description();
        let kept = kept(app, member, kind.as_str());
        Self {
            shell: Shell::of(member, section_of(direction), say::add_kind(description.title)),
            base: list_path(member, direction),
            direction,
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
fn kinds_for(direction: Direction, locality: Locality) -> Vec<AnyKind> {
    AnyKind::all(direction).into_iter().filter(|kind| kind.is_for(locality)).collect()
}

fn card(index: usize, kind: AnyKind) -> KindCard {
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

fn kind_of(member: &Member<Administrator>, direction: Direction, name: &str) -> Result<AnyKind, PageError> {
    let kind = AnyKind::find(direction, name).ok().filter(|kind| kind.is_for(locality_of(member)));
    kind.ok_or_else(PageError::not_found)
}

fn read(
    app: &App,
    member: &Member<Administrator>,
    direction: Direction,
    pairs: Vec<(String, String)>,
) -> Result<(AnyKind, Filled), PageError> {
    let name = pairs.iter().find(|(name, _)| name == "kind").map_or("", |(_, value)| value.as_str());
    let kind = kind_of(member, direction, name)?;
    Ok((kind, Filled::read(kind.description(), pairs, &kept(app, member, kind.as_str()))))
}

/// Where secrets go with a form of this person in this account; `what` is a kind, or a connector's id.
pub(super) fn kept<'a>(app: &'a App, member: &Member<Administrator>, what: &str) -> Kept<'a> {
    let person = &member.signed_in.person.person_id;
    Kept { sealer: &app.secret_sealer, place: format!("form of {person} in {} for {what}", member.account()) }
}

fn draft(direction: Direction, kind: AnyKind, filled: &Filled) -> Draft {
    Draft { direction, kind: kind.as_str().to_owned(), name: filled.name.clone(), settings: filled.settings() }
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
async fn free_name(
    app: &App,
    member: &Member<Administrator>,
    direction: Direction,
    name: &str,
) -> Result<String, PageError> {
    let taken = app.catalog.list_connectors(&member.grant, direction).await?;
    let is_free = |name: &str| !taken.iter().any(|connector| connector.name == name);
    let numbered = (2..100).map(|number| format!("{name} {number}"));
    Ok(std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> impl Iterator<Item = AnyKind> {
        [Direction::Source, Direction::Destination].into_iter().flat_map(AnyKind::all)
    }

    #[test]
    fn no_setting_is_called_as_another_field_of_the_form() {
        for kind in every_kind() {
            for setting in kind.description().all_settings() {
                let taken = [CONNECTOR_NAME, "kind", "csrf", "kept", "forget", "settings"];
                assert!(!taken.contains(&setting.name), "{kind:?}: {}", setting.name);
            }
        }
    }

    #[test]
    fn kinds_of_the_hubs_own_machine_are_for_those_who_run_it() {
        let names = |direction, locality| -> Vec<_> {
            kinds_for(direction, locality).into_iter().map(AnyKind::as_str).collect()
        };
        let (all, remote) = (Locality::AnyKind, Locality::RemoteOnly);
        let destinations = names(Direction::Destination, remote);
        assert!(names(Direction::Destination, all).contains(&"file") && destinations.contains(&"webhook"));
        assert!(!destinations.contains(&"file") && !destinations.contains(&"stdout"));
        assert_eq!(names(Direction::Source, remote), ["upstream"]);
        assert_eq!(names(Direction::Source, all), ["upstream", "file"]);
    }

    #[test]
    fn every_kind_has_a_monogram() {
        for kind in every_kind() {
            assert!((1..=2).contains(&monogram(kind.description().title).chars().count()), "{kind:?}");
        }
        assert_eq!((monogram("Splunk HEC"), monogram("Amazon S3 (and alike)")), ("SH".into(), "AS".into()));
    }
}
