//! Waiting for the past to be here, with a bar.

use std::time::Duration;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::print;
use crate::{cli::hub::Hub, manage::source_types::SourceView};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The source once each of its features follows the newest events.
///
/// # Errors
///
/// It was stopped: what is wrong, and what to do about it.
pub(super) async fn until_caught_up(hub: &Hub, path: &str) -> Result<SourceView> {
    let bar = ProgressBar::new(100);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos:>3} % {msg}").expect("the template is one"));
    loop {
        let source: SourceView = hub.get(path).await?;
        if let Some(stopped) = source.features.iter().find(|feature| feature.status == "stopped") {
            bar.finish_and_clear();
            bail!("{}: {}; next: {}", stopped.feature, stopped.reason, stopped.fix);
        }
        if source.status == "paused" {
            bar.finish_and_clear();
            bail!("the source is paused: resume it with `daybook source resume {:?}`", source.name);
        }
        let is_here = |phase: Option<&str>| phase == Some("following");
        if !source.features.is_empty() && source.features.iter().all(|it| is_here(it.phase.as_deref())) {
            bar.finish_and_clear();
            return Ok(source);
        }
        bar.set_position(percent(&source));
        bar.set_message(in_words(&source));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How far the feature is that is least far.
fn percent(source: &SourceView) -> u64 {
    let of = |it: &crate::manage::source_types::SourceFeature| match it.phase.as_deref() {
        Some("following") => 100.0,
        _ => it.progress_percent.unwrap_or(0.0),
    };
    let least = source.features.iter().map(of).fold(100.0, f64::min);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
    let percent = if source.features.is_empty() { 0 } else { least as u64 };
    percent
}

fn in_words(source: &SourceView) -> String {
    let busy = source.features.iter().filter(|it| it.phase.as_deref() != Some("following"));
    busy.map(|it| format!("{}: {}", it.feature, print::phase(it))).collect::<Vec<_>>().join("; ")
}
