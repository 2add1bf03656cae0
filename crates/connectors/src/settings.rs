//! The settings of a connector: texts by name, checked against its description.

use std::{collections::BTreeMap, fmt};

use crate::description::{Description, Form, Setting};

/// The longest value; PEM bundles fit.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// Settings that fit a description: every option has a value, if only an empty one.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, String>);

/// What is wrong with the settings of a connector, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsError {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub setting: String,
    /// What is wrong with its value, without the value if it is a secret.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.setting, self.reason)
    }
}

impl SettingsError {
    /// One problem.
    pub fn of(setting: &str, reason: impl Into<String>) -> Self {
        Self { problems: vec![Problem { setting: setting.to_owned(), reason: reason.into() }] }
    }
}

/// Values stay out: some are secret.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// Checks what was given, and takes defaults for the rest.
    ///
    /// # Errors
    ///
    /// Unknown options, missing ones, and values of another form, all at once.
    pub fn check(description: &Description, given: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let mut settings = BTreeMap::new();
        for setting in description.all_settings() {
            let value = given.get(setting.name).map(|value| value.trim()).filter(|value| !value.is_empty());
            match value {
                None if setting.required => problems.push((setting.name, "is missing".to_owned())),
                None => {}
                Some(value) => problems.extend(fault(&setting, value).map(|reason| (setting.name, reason))),
            }
            settings.insert(setting.name, value.unwrap_or(setting.default).to_owned());
        }
        let mut problems: Vec<Problem> =
            problems.into_iter().map(|(name, reason)| Problem { setting: name.to_owned(), reason }).collect();
        for name in given.keys().filter(|name| !settings.contains_key(name.as_str())) {
            let known: Vec<&str> = settings.keys().copied().collect();
            let reason = format!("is no option of {}; there are {}", description.title, known.join(", "));
            problems.push(Problem { setting: name.clone(), reason });
        }
        if problems.is_empty() { Ok(Self(settings)) } else { Err(SettingsError { problems }) }
    }

    /// A value; empty if none was given and there is no default.
    ///
    /// # Panics
    ///
    /// The description has no such option.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no option {name}"))
    }

    /// A value, if there is one.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    /// A number; 0 if none was given and there is no default.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name) == "true"
    }
}

/// What is wrong with a value, if anything is.
fn fault(setting: &Setting, value: &str) -> Option<String> {
    if value.len() > VALUE_BYTES_MAX {
        return Some(format!("is longer than {} KiB", VALUE_BYTES_MAX >> 10));
    }
    let is_line = !value.contains(|character: char| character.is_control());
    match setting.form {
        Form::LongText | Form::Secret => None,
        _ if !is_line => Some("must be one line without control characters".to_owned()),
        Form::Text => None,
        Form::Url => url_fault(value),
        Form::Number { min, max } => {
            let fits = value.parse().is_ok_and(|number: u64| (min..=max).contains(&number));
            (!fits).then(|| format!("must be a whole number from {min} to {max}"))
        }
        Form::Switch => (!matches!(value, "true" | "false")).then(|| "must be true or false".to_owned()),
        Form::Choice(choices) => {
            (!choices.contains(&value)).then(|| format!("{value:?} is none of {}", choices.join(", ")))
        }
    }
}

/// User names and passwords belong into settings of their own, where they are kept sealed.
fn url_fault(value: &str) -> Option<String> {
    let Ok(url) = reqwest::Url::parse(value) else {
        return Some("must be a URL such as https://siem.acme.example:8088".to_owned());
    };
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Some("must begin with https:// and name a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not hold a user name or password".to_owned());
    }
    url.fragment().is_some().then(|| "must not have a fragment (#…)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{BatchBounds, Transport};

    const DESCRIPTION: Description = Description {
        title: "Example",
        summary: "An example.",
        transport: Transport::Http,
        formats: &["raw", "ecs"],
        batch: BatchBounds { events: "1000", kib: "1024", wait_ms: "1000" },
        settings: &[
            Setting::new("url", Form::Url, "Where.").required(),
            Setting::new("token", Form::Secret, "What opens it.").required(),
            Setting::new("mode", Form::Choice(&["a", "b"]), "How.").or("a"),
            Setting::new("loud", Form::Switch, "Whether."),
        ],
    };

    fn check(given: &[(&str, &str)]) -> Result<Settings, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::check(&DESCRIPTION, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_taken_and_values_trimmed() {
        let settings = check(&[("url", " https://a.example "), ("token", "t"), ("loud", "true")]).unwrap();
        assert_eq!((settings.text("url"), settings.text("mode")), ("https://a.example", "a"));
        assert_eq!((settings.number("timeout_secs"), settings.number("batch_events")), (30, 1000));
        assert_eq!((settings.is_on("loud"), settings.optional("ca_pem")), (true, None));
        assert_eq!(settings.text("format"), "raw");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let error = check(&[("url", "ftp://x"), ("mode", "c"), ("timeout_secs", "0"), ("colour", "red")]).unwrap_err();
        for part in
            ["url: must begin", "token: is missing", "mode: \"c\"", "timeout_secs: must", "colour: is no option"]
        {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn urls_hold_no_credentials() {
        for url in ["https://u:p@a.example", "https://u@a.example", "https://", "a.example", "https://a.example#x"] {
            let error = check(&[("url", url), ("token", "t")]).unwrap_err();
            assert!(error.starts_with("url: must") && !error.contains("u:p"), "{error}");
        }
    }

    #[test]
    fn values_are_not_printed() {
        let settings = check(&[("url", "https://a.example"), ("token", "hush")]).unwrap();
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
