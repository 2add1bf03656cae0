//! A test of the way to a source, hop by hop: name, connection, TLS, and what its credentials may read.

use std::time::Instant;

use daybook_events::Feature;

use super::{AnySource, Begun, Source, SourceError};
use crate::{
    Context, Hop, HopOutcome,
    check::{HopName, walk},
};

/// Walks the way to a source, up to the first hop that fails.
pub async fn check_source(source: &AnySource, context: &Context) -> Vec<Hop> {
    let mut hops = Vec::new();
    if let Some(endpoint) = source.endpoint()
        && !walk(&endpoint, context, &mut hops).await
    {
        return hops;
    }
    let started = Instant::now();
    let outcome = match source.begin().await {
        Ok(begun) => HopOutcome::Passed(seen(&begun, source)),
        Err(SourceError::Stop { reason, fix }) => HopOutcome::Failed { reason, fix },
        Err(SourceError::Retry { reason, .. }) => {
            let fix = "the system is there but did not answer; look at its own log, then test again".to_owned();
            HopOutcome::Failed { reason, fix }
        }
    };
    hops.push(Hop { name: HopName::Credentials, outcome, took: started.elapsed() });
    hops
}

fn seen(begun: &Begun, source: &AnySource) -> String {
    let mut seen = format!("brings in {}", names(&begun.features));
    if !begun.missing.is_empty() {
        seen.push_str(&format!("; not {}, which its credentials may not read", names(&begun.missing)));
    }
    if let Some(expires_at) = source.terms().expires_at {
        seen.push_str(&format!("; its credentials end at {expires_at}"));
    }
    seen
}

fn names(features: &[Feature]) -> String {
    features.iter().map(Feature::as_str).collect::<Vec<_>>().join(", ")
}
