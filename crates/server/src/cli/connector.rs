//! What the commands for sources and for destinations have in common: settings on the command line, kinds, and a test of
//! the way.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::{
    hub::Hub,
    output::{show, table},
};
use crate::manage::connector_types::{HopView, KindView};

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

/// Shows the kinds of one direction (`source` or `destination`), or the settings of one kind.
pub(super) async fn show_kinds(is_json: bool, hub: &Hub, direction: &str, kind: Option<String>) -> Result<()> {
    let kinds: Vec<KindView> = hub.get(&format!("/{direction}-kinds")).await?;
    let Some(wanted) = kind else { return show(is_json, &kinds, |kinds| print_kinds(kinds)) };
    let known = kinds.iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>().join(", ");
    let found = kinds.iter().find(|kind| kind.kind == wanted);
    let found = found.with_context(|| format!("{wanted:?} is no kind of {direction}; there are {known}"))?;
    show(is_json, found, print_kind)
}

/// The steps of a way, a line each.
pub(super) fn hops(hops: &[HopView]) -> String {
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
pub(super) fn in_one_line(value: &str) -> String {
    match value.split_once('\n') {
        Some((first, rest)) => format!("{first} … ({} more lines)", rest.lines().count()),
        None => value.to_owned(),
    }
}
