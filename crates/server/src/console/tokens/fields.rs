//! The fields of a form about a token: its features and its end, read from what was typed and put back into it.

use std::{collections::BTreeSet, time::Duration};

use daybook_events::{Feature, Timestamp, WIRE_FEATURES};
use daybook_store::IntegrationKind;
use serde::Deserialize;

use crate::{
    console::{
        form::Errors,
        words::{self, tokens as say},
    },
    tokens::check_features,
};

const DAY: Duration = Duration::from_secs(86_400);
const YEARS_MAX: u32 = 100;

/// What a form says about a token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct TokenForm {
    pub(super) name: String,
    /// `never`, a number of days, `custom`, or (when rights are changed) `same`.
    pub(super) expires: String,
    /// `2027-01-31`, with `custom`.
    pub(super) expires_on: String,
    pub(super) features: Vec<String>,
    /// Other features of a source, with spaces or commas between them.
    pub(super) more_features: String,
    pub(super) networks: String,
    pub(super) requests_per_minute: String,
}

/// A box to tick.
#[derive(Debug, Clone)]
pub(in crate::console) struct FeatureBox {
    pub(in crate::console) feature: String,
    pub(in crate::console) name: String,
    pub(in crate::console) hint: &'static str,
    pub(in crate::console) is_on: bool,
}

/// An end to choose.
#[derive(Debug, Clone)]
pub(in crate::console) struct ExpiryChoice {
    pub(in crate::console) value: &'static str,
    pub(in crate::console) text: &'static str,
    pub(in crate::console) is_on: bool,
}

impl TokenForm {
    /// The features that were ticked or named.
    pub(super) fn features(&self, kind: IntegrationKind, errors: &mut Errors) -> Option<BTreeSet<Feature>> {
        let more = self.more_features.split([',', ' ', '\n', '\r']).filter(|name| !name.is_empty());
        let names: Vec<String> = self.features.iter().cloned().chain(more.map(str::to_owned)).collect();
        if names.is_empty() {
            errors.add("features", say::NO_FEATURE);
            return None;
        }
        errors.take("features", check_features(&names, kind))
    }

    /// The end that was chosen; `same` is for the caller to know.
    pub(super) fn expires_at(&self, now: Timestamp, errors: &mut Errors) -> Option<Option<Timestamp>> {
        let now = Timestamp::from_seconds(now.as_seconds());
        match self.expires.as_str() {
            "never" => Some(None),
            "custom" => errors.take("expires_on", end_of_day(&self.expires_on, now)).map(Some),
            days => {
                let days = days.parse::<u32>().ok().filter(|days| (1..=365 * YEARS_MAX).contains(days));
                let end = days.map(|days| now.plus(DAY * days)).ok_or(say::NO_EXPIRY);
                errors.take("expires", end).map(Some)
            }
        }
    }

    /// The choices, with what was chosen.
    pub(super) fn choices(&self, with_same: bool) -> Vec<ExpiryChoice> {
        let all = [
            ("same", say::KEEP_EXPIRY),
            ("never", say::NEVER),
            ("30", say::IN_30_DAYS),
            ("90", say::IN_90_DAYS),
            ("180", say::IN_180_DAYS),
            ("custom", say::CUSTOM),
        ];
        let shown = all.into_iter().filter(|(value, _)| with_same || *value != "same");
        shown.map(|(value, text)| ExpiryChoice { value, text, is_on: self.expires == value }).collect()
    }
}

/// The boxes for a token that may have these features; ticked are those that are on.
pub(super) fn boxes<'a>(
    possible: impl IntoIterator<Item = &'a Feature>,
    is_on: impl Fn(&Feature) -> bool,
) -> Vec<FeatureBox> {
    let of = |feature: &Feature| FeatureBox {
        feature: feature.to_string(),
        name: words::feature(feature),
        hint: say::feature_hint(feature.as_str()),
        is_on: is_on(feature),
    };
    possible.into_iter().map(of).collect()
}

/// The boxes of the features of the wire.
pub(super) fn wire_boxes(is_on: impl Fn(&Feature) -> bool) -> Vec<FeatureBox> {
    boxes(&WIRE_FEATURES, is_on)
}

/// The end of a day, in UTC, that is still to come.
fn end_of_day(date: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    let start = Timestamp::parse_strict(&format!("{}T00:00:00Z", date.trim())).map_err(|_| say::NO_DATE)?;
    let end = start.plus(DAY).minus(Duration::from_secs(1));
    if end <= now {
        return Err(say::DATE_IS_PAST);
    }
    if end.since(now) > DAY * 365 * YEARS_MAX {
        return Err(say::DATE_IS_FAR);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_400);

    fn end(expires: &str, expires_on: &str) -> (Option<Option<Timestamp>>, Errors) {
        let form = TokenForm { expires: expires.into(), expires_on: expires_on.into(), ..TokenForm::default() };
        let mut errors = Errors::default();
        (form.expires_at(NOW, &mut errors), errors)
    }

    #[test]
    fn ends_are_never_after_days_or_at_the_end_of_a_day() {
        assert_eq!(end("never", "").0, Some(None));
        assert_eq!(end("30", "").0, Some(Some(NOW.plus(DAY * 30))));
        let (day, _) = end("custom", "2026-12-31");
        assert_eq!(day.unwrap().unwrap().to_string(), "2026-12-31T23:59:59Z");
        for (expires, on) in
            [("custom", "2020-01-01"), ("custom", "soon"), ("custom", "9999-01-01"), ("", ""), ("0", "")]
        {
            let (end, errors) = end(expires, on);
            assert!(end.is_none() && !errors.is_empty(), "{expires} {on}");
        }
    }

    #[test]
    fn features_are_ticked_or_named_and_at_least_one() {
        let mut errors = Errors::default();
        let form = TokenForm {
            features: vec!["auditevents".into()],
            more_features: "okta.system, github.audit".into(),
            ..TokenForm::default()
        };
        assert_eq!(form.features(IntegrationKind::Source, &mut errors).unwrap().len(), 3);
        assert!(form.features(IntegrationKind::Splunk, &mut errors).is_none());
        let none = TokenForm::default();
        assert!(none.features(IntegrationKind::Splunk, &mut errors).is_none());
        assert_eq!(errors.all().len(), 2);
    }
}
