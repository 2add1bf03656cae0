//! A test of the way to a source, hop by hop: name, connection, TLS, and what its credentials may read.

use std::time::Instant;

use daybook_events::Feature;
use tokio::time::timeout;

use super::{AnySource, Begun, Source, SourceError};
use crate::{
    Context, Hop, HopOutcome,
    check::{BOUNDS, HopName, cut_short, late, walk},
};

/// Walks the way to a source, up to the first hop that fails. It ends within a minute and a half.
pub async fn check_source(source: &AnySource, context: &Context) -> Vec<Hop> {
    let (mut hops, started) = (Vec::new(), Instant::now());
    let whole = async {
        if let Some(endpoint) = source.endpoint()
            && !walk(&endpoint, context, &mut hops, BOUNDS).await
        {
            return;
        }
        let started = Instant::now();
        let begun = timeout(BOUNDS.last, source.begin()).await;
        let outcome = begun.map_or_else(|_| late(BOUNDS.last), |begun| judge(begun, source));
        hops.push(Hop { name: HopName::Credentials, outcome, took: started.elapsed() });
    };
    if timeout(BOUNDS.whole, whole).await.is_err() {
        hops.push(cut_short(&hops, HopName::Credentials, started.elapsed()));
    }
    hops
}

fn judge(begun: Result<Begun, SourceError>, source: &AnySource) -> HopOutcome {
    match begun {
        Ok(begun) => HopOutcome::Passed(seen(&begun, source)),
        Err(SourceError::Stop { reason, fix }) => HopOutcome::Failed { reason, fix },
        Err(SourceError::Retry { reason, .. }) => {
            let fix = "the system is there but did not answer; look at its own log, then test again".to_owned();
            HopOutcome::Failed { reason, fix }
        }
    }
}

fn seen(begun: &Begun, source: &AnySource) -> String {
    let mut seen = format!("brings in {}", names(&begun.features));
    let others: Vec<Feature> = begun.missing.iter().chain(&begun.withheld).cloned().collect();
    if !others.is_empty() {
        seen.push_str(&format!("; not {}, which its credentials may not read", names(&others)));
    }
    if let Some(expires_at) = source.terms().expires_at {
        seen.push_str(&format!("; its credentials end at {expires_at}"));
    }
    seen
}

fn names(features: &[Feature]) -> String {
    features.iter().map(Feature::as_str).collect::<Vec<_>>().join(", ")
}
