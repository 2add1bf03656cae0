//! The directory: the systems that an account's events can be connected to, and the exact steps for each.
//!
//! What is known of them is data, in `directory.toml` beside the crate; it is part of the binary and is checked by the
//! tests here. Texts hold placeholders in braces, which are filled in with where this hub is.

use std::sync::OnceLock;

use daybook_store::IntegrationKind;
use serde::Deserialize;

use crate::{console::query::query_of, state::App};

const DATA: &str = include_str!("../../../directory.toml");

/// How a system and the hub meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// It asks the hub.
    Pulls,
    /// The hub sends to it.
    Pushed,
    /// Either.
    Both,
    /// It sends events to the hub.
    Sends,
}

/// A system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Siem {
    #[serde(deserialize_with = "kind")]
    pub(crate) kind: IntegrationKind,
    /// As its vendor writes it.
    pub(crate) name: String,
    /// One or two letters for its tile.
    pub(crate) monogram: String,
    /// The tint of its tile, in degrees.
    pub(crate) hue: u16,
    pub(crate) mode: Mode,
    /// The kind of destination that pushes to it, if there is one.
    #[serde(default)]
    pub(crate) push: Option<Push>,
    /// One line.
    pub(crate) summary: String,
    /// More words by which it is found.
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    /// Whether its client reads features and end from the token's text, instead of asking the hub.
    #[serde(default)]
    pub(crate) reads_claims: bool,
    /// How such an integration is called when nobody says otherwise.
    pub(crate) default_name: String,
    /// The same of its first token.
    pub(crate) suggested_token_name: String,
    /// How `User-Agent` of its client begins.
    #[serde(default)]
    pub(crate) agents: Vec<String>,
    /// What is good to know before.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// What to enter where.
    #[serde(default)]
    fields: Vec<Field>,
    /// What to do, in order.
    steps: Vec<Step>,
}

/// How the hub pushes to a system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    /// The kind of destination.
    pub(crate) kind: String,
    /// In which format, if not in the kind's first one.
    #[serde(default)]
    pub(crate) format: String,
}

impl Push {
    /// `destinations/new?kind=…`
    pub(crate) fn path(&self) -> String {
        format!("destinations/new{}", query_of(&[("kind", &self.kind), ("format", &self.format)]))
    }
}

/// What to enter in a field of a system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// One step of connecting a system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) code: Option<String>,
}

/// The steps for one hub.
#[derive(Debug, Clone)]
pub(crate) struct FilledSteps {
    pub(crate) fields: Vec<Field>,
    pub(crate) steps: Vec<Step>,
    pub(crate) notes: Vec<String>,
}

/// Where a hub is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    base_url: String,
    host: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    system: Vec<Siem>,
}

/// Every system, in the order of the directory.
pub(crate) fn all() -> &'static [Siem] {
    static ALL: OnceLock<Vec<Siem>> = OnceLock::new();
    ALL.get_or_init(|| {
        let directory: Directory = toml::from_str(DATA).expect("the directory is checked by a test");
        directory.system
    })
}

/// The system of an integration.
pub(crate) fn find(kind: IntegrationKind) -> &'static Siem {
    all().iter().find(|siem| siem.kind == kind).expect("every kind is in the directory, which a test checks")
}

/// The systems in which every word of a query occurs.
pub(crate) fn search(query: &str) -> Vec<&'static Siem> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let has_all = |siem: &&Siem| {
        let text = format!("{} {} {}", siem.name, siem.summary, siem.keywords.join(" ")).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    all().iter().filter(has_all).collect()
}

/// The system whose client says this of itself.
pub(crate) fn recognise(user_agent: &str) -> Option<&'static Siem> {
    all().iter().find(|siem| siem.agents.iter().any(|agent| user_agent.starts_with(agent.as_str())))
}

impl Place {
    /// Of this hub.
    pub(crate) fn of(app: &App) -> Self {
        Self { base_url: app.public_url(), host: app.public_host.clone() }
    }

    /// A text with its placeholders filled in.
    fn fill(&self, text: &str) -> String {
        let (hostname, port) = match self.host.rsplit_once(':') {
            Some((hostname, port)) if !port.contains(']') => (hostname, port),
            _ => (self.host.as_str(), "443"),
        };
        let ca_url = format!("{}/ca.pem", self.base_url);
        let known = [
            ("{base_url}", self.base_url.as_str()),
            ("{hostname}", hostname),
            ("{host}", self.host.as_str()),
            ("{port}", port),
            ("{ca_url}", ca_url.as_str()),
        ];
        known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

impl Siem {
    /// The steps for a hub.
    pub(crate) fn filled(&self, place: &Place) -> FilledSteps {
        let field = |field: &Field| Field { label: field.label.clone(), value: place.fill(&field.value) };
        let step = |step: &Step| Step {
            title: step.title.clone(),
            text: place.fill(&step.text),
            code: step.code.as_deref().map(|code| place.fill(code)),
        };
        FilledSteps {
            fields: self.fields.iter().map(field).collect(),
            steps: self.steps.iter().map(step).collect(),
            notes: self.notes.iter().map(|note| place.fill(note)).collect(),
        }
    }
}

fn kind<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<IntegrationKind, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use daybook_connectors::DestinationKind;

    use super::*;

    #[test]
    fn every_kind_is_in_the_directory_once() {
        for kind in IntegrationKind::ALL {
            assert_eq!(all().iter().filter(|siem| siem.kind == *kind).count(), 1, "{kind}");
        }
        assert_eq!(all().len(), IntegrationKind::ALL.len());
    }

    #[test]
    fn every_linked_kind_of_destination_is_there_with_its_format() {
        let mut linked = 0;
        for siem in all() {
            let Some(push) = &siem.push else { continue };
            linked += 1;
            let kind: DestinationKind = push.kind.parse().unwrap();
            let formats = kind.description().formats;
            assert!(push.format.is_empty() || formats.contains(&push.format.as_str()), "{}", siem.name);
            assert!(matches!(siem.mode, Mode::Both | Mode::Pushed), "{}", siem.name);
        }
        assert!(linked > 0 && all().iter().all(|siem| siem.mode != Mode::Both || siem.push.is_some()));
    }

    #[test]
    fn texts_are_filled_in_whole_and_short() {
        let place =
            Place { base_url: "https://events.acme.example:8443".into(), host: "events.acme.example:8443".into() };
        for siem in all() {
            let filled = siem.filled(&place);
            let fields = filled.fields.iter().flat_map(|field| [(&field.label, 60), (&field.value, 100)]);
            let steps = filled.steps.iter().flat_map(|step| [(&step.title, 60), (&step.text, 420)]);
            let codes = filled.steps.iter().filter_map(|step| step.code.as_ref()).map(|code| (code, 600));
            let notes = filled.notes.iter().map(|note| (note, 300));
            let names = [(&siem.name, 40), (&siem.summary, 90), (&siem.monogram, 2)];
            let names = names.into_iter().chain([(&siem.default_name, 40), (&siem.suggested_token_name, 40)]);
            for (text, characters_max) in fields.chain(steps).chain(codes).chain(notes).chain(names) {
                let length = text.chars().count();
                assert!((1..=characters_max).contains(&length), "{}: {length} characters: {text}", siem.name);
                assert_eq!(placeholders(text), Vec::<&str>::new(), "{}: {text}", siem.name);
            }
            assert!(siem.hue < 360 && !filled.steps.is_empty(), "{}", siem.name);
        }
        assert_eq!(placeholders("{hub} {\"a\": 1} ${TOKEN} {base_url}"), ["hub", "base_url"]);
    }

    /// What stands in braces and looks like a placeholder, known or not.
    fn placeholders(text: &str) -> Vec<&str> {
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).filter(is_name).collect()
    }

    #[test]
    fn names_and_clients_belong_to_one_system() {
        for siem in all() {
            for other in all().iter().filter(|other| other.kind != siem.kind) {
                assert_ne!(siem.name, other.name);
                assert_ne!(siem.default_name, other.default_name);
                let is_theirs = |agent: &&String| other.agents.iter().any(|theirs| theirs.starts_with(agent.as_str()));
                assert_eq!(siem.agents.iter().find(is_theirs), None, "{} and {}", siem.name, other.name);
            }
        }
    }

    #[test]
    fn places_are_filled_in_with_and_without_a_port() {
        let fill = |host: &str| {
            Place { base_url: format!("https://{host}"), host: host.into() }.fill("{base_url} {host} {hostname} {port}")
        };
        assert_eq!(fill("a.example:8443"), "https://a.example:8443 a.example:8443 a.example 8443");
        assert_eq!(fill("a.example"), "https://a.example a.example a.example 443");
        assert_eq!(fill("[::1]"), "https://[::1] [::1] [::1] 443");
    }

    #[test]
    fn systems_are_found_by_any_of_their_words() {
        let names = |query: &str| search(query).iter().map(|siem| siem.kind).collect::<Vec<_>>();
        assert_eq!(names("azure"), [IntegrationKind::Sentinel]);
        assert_eq!(names("AZURE sentinel"), [IntegrationKind::Sentinel]);
        assert_eq!(names("palo alto"), [IntegrationKind::CortexXsiam]);
        assert_eq!(names("chronicle"), [IntegrationKind::GoogleSecops]);
        assert!(names("kibana").contains(&IntegrationKind::Elastic));
        assert_eq!(names("").len(), all().len());
        assert!(names("no such system").is_empty());
    }

    #[test]
    fn known_clients_are_recognised() {
        let kind = |user_agent: &str| recognise(user_agent).map(|siem| siem.kind);
        assert_eq!(kind("1Password Events API for Splunk / 1.15.1"), Some(IntegrationKind::Splunk));
        assert_eq!(kind("1Password-Elastic-Filebeat/1.8.1"), Some(IntegrationKind::Elastic));
        assert_eq!(kind("1Password Events API Beats / 2.8.0"), Some(IntegrationKind::Elastic));
        assert_eq!(kind("rust-reqwest/matano"), Some(IntegrationKind::Matano));
        assert!(recognise("curl/8").is_none());
    }
}
