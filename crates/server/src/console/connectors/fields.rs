//! A form made from the description of a kind of connector, and what comes back with it.
//!
//! Secrets never stand on a page in the clear. Those that were typed into a form that has to be shown again go with it
//! sealed ([`Kept`]), so that nobody types them twice; they open only for the same person, account and connector.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use daybook_connectors::{Description, Form, Problem, Setting, SettingsError};

use crate::{
    console::{form::Errors, words::connectors as say},
    tokens::SecretSealer,
};

/// Options of sources that most people leave as they are.
const PACE: &[&str] =
    &["poll_min_secs", "poll_max_secs", "requests_per_minute", "requests_per_hour", "overlap_minutes"];

/// Options that most people leave as they are, by group; but for the pace, they are every connector's.
const ADVANCED: [(&str, &[&str]); 4] = [
    (say::GROUP_PACE, PACE),
    (say::GROUP_SHAPE, &["format", "filter", "redact", "redact_key"]),
    (say::GROUP_BATCHES, &["batch_events", "batch_kib", "batch_wait_ms"]),
    (say::GROUP_NETWORK, &["ca_pem", "client_certificate_pem", "client_key_pem", "timeout_secs"]),
];

/// The field with the connector's own name; kinds have settings called `name`.
pub(in crate::console) const CONNECTOR_NAME: &str = "connector_name";

/// A form's fields, in groups.
pub(in crate::console) struct Fields {
    /// What decides whether it works.
    pub(in crate::console) main: Vec<Field>,
    /// What most people leave as it is, by the name of the group.
    pub(in crate::console) advanced: Vec<(&'static str, Vec<Field>)>,
    /// Whether something among those needs a look.
    pub(in crate::console) is_open: bool,
    /// Secrets that go with the form, sealed; empty when there are none.
    pub(in crate::console) kept: String,
}

/// A field.
pub(in crate::console) struct Field {
    pub(in crate::console) name: &'static str,
    pub(in crate::console) label: String,
    pub(in crate::console) help: String,
    pub(in crate::console) control: Control,
    pub(in crate::console) is_required: bool,
    pub(in crate::console) value: String,
    /// What is taken when nothing is given; empty for nothing.
    pub(in crate::console) default: &'static str,
    /// A secret that is there already.
    pub(in crate::console) is_kept: bool,
    /// It may be taken away.
    pub(in crate::console) may_forget: bool,
}

/// What a field looks like.
pub(in crate::console) enum Control {
    Text,
    Url,
    LongText,
    Secret,
    /// A secret of several lines.
    LongSecret,
    Number {
        min: u64,
        max: u64,
    },
    Switch,
    Choice(&'static [&'static str]),
}

/// What somebody has filled in.
#[derive(Default)]
pub(in crate::console) struct Filled {
    pub(in crate::console) name: String,
    /// Every setting that is no secret; empty where it is the default.
    pub(in crate::console) plain: BTreeMap<String, String>,
    /// Secrets that were typed, now or before.
    pub(in crate::console) secret: BTreeMap<String, String>,
    /// Secrets to take away.
    pub(in crate::console) forgotten: BTreeSet<String>,
}

/// Where a form's secrets may come back: sealed under this name.
pub(in crate::console) struct Kept<'a> {
    pub(in crate::console) sealer: &'a SecretSealer,
    /// The person, the account, and the kind or the connector.
    pub(in crate::console) place: String,
}

impl Filled {
    /// What a form says.
    pub(in crate::console) fn read(description: &Description, pairs: Vec<(String, String)>, kept: &Kept<'_>) -> Self {
        let sealed = pairs.iter().find(|(name, _)| name == "kept").map_or("", |(_, value)| value.as_str());
        let mut filled = Self { secret: kept.open(sealed), ..Self::default() };
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in pairs {
            match name.as_str() {
                CONNECTOR_NAME => filled.name = value,
                "forget" => _ = filled.forgotten.insert(value),
                _ => _ = given.insert(name, value.replace("\r\n", "\n")),
            }
        }
        for setting in description.all_settings() {
            let value = given.remove(setting.name).unwrap_or_default();
            match setting.form {
                Form::Secret if value.trim().is_empty() => {}
                Form::Secret => _ = filled.secret.insert(setting.name.to_owned(), value),
                Form::Switch => {
                    let value = if value.is_empty() { "false" } else { "true" };
                    filled.put(setting, value.to_owned());
                }
                _ => filled.put(setting, value),
            }
        }
        filled.secret.retain(|name, _| description.setting(name).is_some_and(|setting| setting.is_secret()));
        filled
    }

    fn put(&mut self, setting: Setting, value: String) {
        let is_default = value.trim() == setting.default
            || (setting.form == Form::Switch && value == "false" && setting.default.is_empty());
        self.plain.insert(setting.name.to_owned(), if is_default { String::new() } else { value });
    }

    /// The settings of something new.
    pub(in crate::console) fn settings(&self) -> BTreeMap<String, String> {
        let given = self.plain.iter().filter(|(_, value)| !value.trim().is_empty()).chain(&self.secret);
        given.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What is to change of something that is there: an empty text takes a setting back to its default.
    pub(in crate::console) fn changes(&self) -> BTreeMap<String, String> {
        let plain = self.plain.iter().map(|(name, value)| (name.clone(), value.clone()));
        let forgotten = self.forgotten.iter().map(|name| (name.clone(), String::new()));
        let secret = self.secret.iter().map(|(name, value)| (name.clone(), value.clone()));
        plain.chain(forgotten).chain(secret).collect()
    }
}

impl Kept<'_> {
    fn open(&self, sealed: &str) -> BTreeMap<String, String> {
        let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).unwrap_or_default();
        let opened = self.sealer.open(&self.place, &sealed).unwrap_or_default();
        serde_json::from_slice(&opened).unwrap_or_default()
    }

    fn seal(&self, secret: &BTreeMap<String, String>) -> String {
        if secret.is_empty() {
            return String::new();
        }
        let text = serde_json::to_vec(secret).expect("texts by name are plain data");
        BASE64URL_NOPAD.encode(&self.sealer.seal(&self.place, &text))
    }
}

impl Fields {
    /// The fields of a kind with what was filled in. `stored` are the names of secrets that the connector has already.
    pub(in crate::console) fn of(
        description: &Description,
        filled: &Filled,
        (kept, stored): (&Kept<'_>, &BTreeSet<String>),
        errors: &Errors,
    ) -> Self {
        let group_of = |name: &str| ADVANCED.iter().position(|(_, names)| names.contains(&name));
        let mut main = Vec::new();
        let mut advanced: Vec<(&'static str, Vec<Field>)> =
            ADVANCED.iter().map(|(group, _)| (*group, Vec::new())).collect();
        let mut is_open = false;
        for setting in description.all_settings() {
            // An option of the kind's own stands in front, though it be called as one of every connector's.
            let is_own =
                description.settings.iter().any(|own| own.name == setting.name) && !PACE.contains(&setting.name);
            let group = group_of(setting.name).filter(|_| !is_own);
            let field = Field::of(setting, filled, stored);
            match group {
                None => main.push(field),
                Some(group) => {
                    is_open |= !errors.of(setting.name).is_empty();
                    advanced[group].1.push(field);
                }
            }
        }
        advanced.retain(|(_, fields)| !fields.is_empty());
        Self { main, advanced, is_open, kept: kept.seal(&filled.secret) }
    }
}

impl Field {
    fn of(setting: Setting, filled: &Filled, stored: &BTreeSet<String>) -> Self {
        let typed = filled.plain.get(setting.name).filter(|value| !value.is_empty());
        let is_prefilled = !matches!(setting.form, Form::Text | Form::Url | Form::LongText);
        let value =
            typed.cloned().unwrap_or_else(|| if is_prefilled { setting.default.to_owned() } else { String::new() });
        let is_stored = stored.contains(setting.name);
        Self {
            name: setting.name,
            label: say::label(setting.name),
            help: setting.help.replace('`', ""),
            is_required: setting.required
                && !(setting.is_secret() && (is_stored || filled.secret.contains_key(setting.name))),
            value: if setting.is_secret() { String::new() } else { value },
            default: setting.default,
            is_kept: setting.is_secret() && (is_stored || filled.secret.contains_key(setting.name)),
            may_forget: is_stored && !setting.required,
            control: Control::of(setting),
        }
    }

    pub(in crate::console) fn is_secret(&self) -> bool {
        matches!(self.control, Control::Secret | Control::LongSecret)
    }
}

impl Control {
    fn of(setting: Setting) -> Self {
        match setting.form {
            Form::Text => Self::Text,
            Form::Url => Self::Url,
            Form::LongText => Self::LongText,
            // Of a field of one line, browsers drop the line ends.
            Form::Secret if has_lines(setting.name) => Self::LongSecret,
            Form::Secret => Self::Secret,
            Form::Number { min, max } => Self::Number { min, max },
            Form::Switch => Self::Switch,
            Form::Choice(choices) => Self::Choice(choices),
        }
    }
}

fn has_lines(secret: &str) -> bool {
    secret.ends_with("_pem") || secret.ends_with("_json") || secret == "headers"
}

/// What is wrong with settings, beside their fields.
pub(in crate::console) fn add_problems(errors: &mut Errors, description: &Description, error: &SettingsError) {
    for Problem { setting, reason } in &error.problems {
        let known = description.setting(setting).map(|setting| setting.name);
        let label = say::label(setting);
        errors.add(known.unwrap_or("settings"), say::problem(&label, reason));
    }
}
