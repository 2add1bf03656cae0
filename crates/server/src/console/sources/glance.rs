//! Sources as home shows them: what they brought in last, and what asks for a look.

use daybook_events::Timestamp;
use daybook_store::{Connector, HealthStatus};

use super::{IN, standing::condition_of};
use crate::{
    connectors::{SourceStanding, source_standing_of},
    console::{
        connectors::own_path,
        error::PageError,
        visit::Member,
        words::{self, connectors as say, sources as say_source},
    },
    state::App,
};

/// A source at a glance.
pub(in crate::console) struct Glance {
    pub(in crate::console) name: String,
    /// Where its page is.
    pub(in crate::console) href: String,
    /// Kinds of events, and when the newest of each happened.
    pub(in crate::console) newest: Vec<(String, Timestamp)>,
    pub(in crate::console) troubles: Vec<GlanceTrouble>,
}

/// Something that a person should look at.
pub(in crate::console) struct GlanceTrouble {
    pub(in crate::console) tone: &'static str,
    pub(in crate::console) title: String,
    pub(in crate::console) text: String,
}

/// The sources of an account, by name.
pub(in crate::console) async fn glances<R>(app: &App, member: &Member<R>) -> Result<Vec<Glance>, PageError> {
    let mut all = Vec::new();
    for connector in app.catalog.list_connectors(&member.grant, IN).await? {
        let standing = source_standing_of(app, &member.grant, &connector).await?;
        let href = own_path(member, IN, connector.connector_id.as_str());
        let troubles = troubles(&connector, &standing, app.clock.now());
        let newest = standing
            .features
            .iter()
            .filter_map(|it| Some((words::feature(&it.feature), it.place.as_ref()?.last_time?)))
            .collect();
        all.push(Glance { name: connector.name, href, newest, troubles });
    }
    Ok(all)
}

/// That it is stopped, and what is about to be lost or to end.
fn troubles(connector: &Connector, standing: &SourceStanding, now: Timestamp) -> Vec<GlanceTrouble> {
    let mut health = standing.features.iter().filter_map(|feature| feature.health.as_ref());
    let stopped = health.find(|health| health.status == HealthStatus::Stopped);
    let stopped = stopped.filter(|_| standing.status == "stopped").map(|health| GlanceTrouble {
        tone: "error",
        title: say_source::needs_look(&connector.name, condition_of(standing).word),
        text: say::sentence_of(&health.reason),
    });
    let warnings = standing.warnings.iter().map(|warning| {
        let (tone, title, text) = say_source::warning(warning, now);
        GlanceTrouble { tone, title: say_source::needs_look(&connector.name, &title), text }
    });
    stopped.into_iter().chain(warnings.filter(|warning| warning.tone != "info")).collect()
}
