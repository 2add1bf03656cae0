//! What the commands for sources and for destinations do alike: settings on the command line, kinds, a test of the way,
//! and changes.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;
use daybook_events::{Clock, SystemClock};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    GlobalOptions,
    durations::ago_in_words,
    hub::{AccountOption, Hub},
    output::{say, show, table},
    resolve::{Named, find_named},
};
use crate::manage::{
    connector_types::{AttemptView, ConnectorChange, DestinationView, HopView, KindView, NewConnector},
    source_types::SourceView,
    types::AccountView,
};

/// A source or a destination as the hub shows it.
pub(super) trait View: Named + Serialize + DeserializeOwned {
    /// What to do where there is none.
    const ADD: &'static str;
    fn kind(&self) -> &str;
    fn status(&self) -> &str;
    fn set_status(&mut self, status: &str);
}

macro_rules! view {
    ($view:ident $add:literal) => {
        impl View for $view {
            const ADD: &'static str = $add;

            fn kind(&self) -> &str {
                &self.kind
            }

            fn status(&self) -> &str {
                &self.status
            }

            fn set_status(&mut self, status: &str) {
                status.clone_into(&mut self.status);
            }
        }
    };
}

view!(SourceView "add one with `daybook source add NAME --kind KIND`");
view!(DestinationView "add one with `daybook destination add NAME --kind KIND`");

/// Something new.
#[derive(Debug, Args)]
pub(super) struct New {
    /// Its name, unique in the account
    name: String,
    /// What it is; the command `kinds` lists them
    #[arg(long, value_name = "KIND")]
    kind: String,
    #[command(flatten)]
    settings: SettingOptions,
    /// Add it even if the test of the way there fails, or without one
    #[arg(long)]
    untested: bool,
    #[command(flatten)]
    account: AccountOption,
}

/// The kinds, or one of them.
#[derive(Debug, Args)]
pub(super) struct Kinds {
    /// The kind whose settings to list
    kind: Option<String>,
}

/// Those of an account.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    account: AccountOption,
}

/// One of an account.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    account: AccountOption,
}

/// What of one to change.
#[derive(Debug, Args)]
pub(super) struct Changes {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    settings: SettingOptions,
    /// Its new name
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
}

/// Settings on the command line.
#[derive(Debug, Args)]
pub(super) struct SettingOptions {
    /// A setting; may be given several times. A secret belongs into a file, where no list of processes shows it
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    values: Vec<(String, String)>,
    /// A setting whose value is in a file, such as a secret or a certificate; `-` is standard input
    #[arg(long = "set-file", value_name = "NAME=FILE", value_parser = parse_setting)]
    files: Vec<(String, String)>,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is no NAME=VALUE"))?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

impl SettingOptions {
    pub(super) fn read(&self) -> Result<BTreeMap<String, String>> {
        let mut settings: BTreeMap<String, String> = self.values.iter().cloned().collect();
        for (name, file) in &self.files {
            let text = if file == "-" {
                std::io::read_to_string(std::io::stdin()).context("read the setting from standard input")?
            } else {
                let path = PathBuf::from(file);
                std::fs::read_to_string(&path).with_context(|| format!("read the setting {name} from {file}"))?
            };
            settings.insert(name.clone(), text.trim_end_matches(['\n', '\r']).to_owned());
        }
        Ok(settings)
    }
}

/// One that was found, and its path in the management API.
pub(super) struct Found<V> {
    pub(super) view: V,
    pub(super) path: String,
}

fn list_path<V: View>(account: &AccountView) -> String {
    format!("/accounts/{}/{}s", account.uuid, V::WHAT)
}

/// Those of an account.
pub(super) async fn all<V: View>(hub: &Hub, list: &List) -> Result<Vec<V>> {
    let account = hub.account(&list.account).await?;
    hub.get(&list_path::<V>(&account)).await
}

/// The one that is meant.
///
/// # Errors
///
/// There is none, or several.
pub(super) async fn find<V: View>(hub: &Hub, which: &Which) -> Result<Found<V>> {
    let account = hub.account(&which.account).await?;
    let list = list_path::<V>(&account);
    let view: V = find_named(hub.get(&list).await?, &which.name, V::ADD)?;
    let path = format!("{list}/{}", view.id());
    Ok(Found { view, path })
}

/// Adds one after a test of the way there, unless it is to be added untested.
///
/// # Errors
///
/// A step of the way failed: nothing was added.
pub(super) async fn add<V: View>(hub: &Hub, new: New) -> Result<Found<V>> {
    let list = list_path::<V>(&hub.account(&new.account).await?);
    let connector = NewConnector { name: new.name, kind: new.kind, settings: new.settings.read()? };
    if !new.untested {
        let seen: Vec<HopView> = hub.send(Method::POST, &format!("{list}/test"), &connector).await?;
        say(&hops(&seen));
        if seen.iter().any(|hop| !hop.passed) {
            bail!("nothing was added: mend the way there, or add it all the same with --untested");
        }
    }
    let view: V = hub.send(Method::POST, &list, &connector).await?;
    let path = format!("{list}/{}", view.id());
    Ok(Found { view, path })
}

/// Says what was added, and what to look at next.
pub(super) fn show_added<V: View>(global: &GlobalOptions, added: &V) -> Result<()> {
    show(global.json, added, |added| format!("Added {}", sentence(added)))?;
    say(&format!("Next: daybook {} show {:?}", V::WHAT, added.name()));
    Ok(())
}

pub(super) async fn test<V: View>(global: &GlobalOptions, hub: &Hub, which: &Which) -> Result<ExitCode> {
    let Found { path, .. } = find::<V>(hub, which).await?;
    let seen: Vec<HopView> = hub.post(&format!("{path}/test")).await?;
    show(global.json, &seen, |seen| hops(seen))?;
    Ok(if seen.iter().all(|hop| hop.passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) async fn set<V: View>(global: &GlobalOptions, hub: &Hub, changes: Changes) -> Result<()> {
    let settings = changes.settings.read()?;
    if settings.is_empty() && changes.rename.is_none() {
        bail!("nothing to change: give --set NAME=VALUE, --set-file NAME=FILE or --rename NAME");
    }
    let Found { path, .. } = find::<V>(hub, &changes.which).await?;
    let change = ConnectorChange { name: changes.rename, settings, state: None };
    change_to::<V>(global, hub, &path, &change).await
}

pub(super) async fn pause<V: View>(global: &GlobalOptions, hub: &Hub, which: &Which) -> Result<()> {
    let Found { path, .. } = find::<V>(hub, which).await?;
    change_to::<V>(global, hub, &path, &state("paused")).await
}

pub(super) async fn resume<V: View>(global: &GlobalOptions, hub: &Hub, which: &Which) -> Result<()> {
    let Found { view, path } = find::<V>(hub, which).await?;
    if view.status() != "paused" {
        // Its waits begin anew when it is started anew.
        let _: V = hub.send(Method::PATCH, &path, &state("paused")).await?;
    }
    change_to::<V>(global, hub, &path, &state("active")).await
}

pub(super) async fn remove<V: View>(global: &GlobalOptions, hub: &Hub, which: &Which) -> Result<()> {
    let Found { mut view, path } = find::<V>(hub, which).await?;
    hub.delete(&path).await?;
    view.set_status("removed");
    show(global.json, &view, |view| format!("Removed {}", sentence(view)))
}

/// The newest attempts of one, with what the other side said.
pub(super) async fn attempts<V: View>(global: &GlobalOptions, hub: &Hub, which: &Which) -> Result<()> {
    let Found { path, .. } = find::<V>(hub, which).await?;
    let attempts: Vec<AttemptView> = hub.get(&format!("{path}/attempts")).await?;
    show(global.json, &attempts, |attempts| print_attempts(attempts))
}

async fn change_to<V: View>(global: &GlobalOptions, hub: &Hub, path: &str, change: &ConnectorChange) -> Result<()> {
    let changed: V = hub.send(Method::PATCH, path, change).await?;
    show(global.json, &changed, sentence)
}

fn state(state: &str) -> ConnectorChange {
    ConnectorChange { name: None, settings: BTreeMap::new(), state: Some(state.to_owned()) }
}

/// Shows the kinds, or the settings of one.
pub(super) async fn show_kinds<V: View>(global: &GlobalOptions, hub: &Hub, Kinds { kind }: Kinds) -> Result<()> {
    let (direction, is_json) = (V::WHAT, global.json);
    let kinds: Vec<KindView> = hub.get(&format!("/{direction}-kinds")).await?;
    let Some(wanted) = kind else { return show(is_json, &kinds, |kinds| print_kinds(kinds)) };
    let known = kinds.iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>().join(", ");
    let found = kinds.iter().find(|kind| kind.kind == wanted);
    let found = found.with_context(|| format!("{wanted:?} is no kind of {direction}; there are {known}"))?;
    show(is_json, found, print_kind)
}

fn sentence<V: View>(view: &V) -> String {
    format!("{} {:?} ({}) of kind {}: {}", V::WHAT, view.name(), view.id(), view.kind(), view.status())
}

/// The settings of one, secrets by their names alone.
pub(super) fn print_settings(settings: &BTreeMap<String, String>, secrets: &[String]) -> String {
    let plain = settings.iter().map(|(name, value)| [name.clone(), in_one_line(value)]);
    let secret = secrets.iter().map(|name| [name.clone(), "[secret]".to_owned()]);
    table(["SETTING", "VALUE"], plain.chain(secret).collect(), "Every setting is at its default.")
}

/// What is wrong or odd with a feature, and what to do about it; `None` when nothing is.
pub(super) fn print_reason(feature: &str, reason: &str, fix: &str) -> Option<String> {
    let fix = if fix.is_empty() { String::new() } else { format!("\n  next: {fix}") };
    (!reason.is_empty()).then(|| format!("{feature}: {reason}{fix}"))
}

fn print_attempts(attempts: &[AttemptView]) -> String {
    let now = SystemClock.now();
    let row = |it: &AttemptView| {
        [
            ago_in_words(&it.attempted_at, now),
            it.feature.clone(),
            it.outcome.clone(),
            it.events.to_string(),
            format!("{} ms", it.took_ms),
            it.detail.clone(),
        ]
    };
    let header = ["WHEN", "FEATURE", "OUTCOME", "EVENTS", "TOOK", "WHAT WAS SAID"];
    table(header, attempts.iter().map(row).collect(), "Nothing was attempted yet.")
}

/// The steps of a way, a line each.
fn hops(hops: &[HopView]) -> String {
    let line = |hop: &HopView| {
        let (mark, fix) =
            if hop.passed { ("ok    ", String::new()) } else { ("FAILED", format!("\n         next: {}", hop.fix)) };
        format!("{mark} {:11} {} ({} ms){fix}", hop.hop, hop.seen, hop.took_ms)
    };
    hops.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn print_kinds(kinds: &[KindView]) -> String {
    let rows = kinds.iter().map(|kind| [kind.kind.clone(), kind.title.clone(), kind.summary.clone()]).collect();
    table(["KIND", "SYSTEM", "WHAT HAPPENS"], rows, "There are none.")
}

fn print_kind(kind: &KindView) -> String {
    let rows = kind.settings.iter().map(|setting| {
        let default = if setting.required { "(required)".to_owned() } else { setting.default.clone() };
        [setting.name.clone(), setting.form.clone(), default, setting.help.clone()]
    });
    let settings = table(["SETTING", "VALUE", "DEFAULT", "WHAT IT IS"], rows.collect(), "It has none.");
    format!("{}: {}\n\n{settings}", kind.title, kind.summary)
}

/// A certificate is known by its first line well enough.
fn in_one_line(value: &str) -> String {
    match value.split_once('\n') {
        Some((first, rest)) => format!("{first} … ({} more lines)", rest.lines().count()),
        None => value.to_owned(),
    }
}
