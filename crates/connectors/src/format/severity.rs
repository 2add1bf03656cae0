//! How serious an event is: one table, read by every format and protocol that has a scale.

use super::{
    Schema,
    event::{Event, Text, top},
};

/// How serious an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Everyday.
    Informational,
    /// Worth counting: a failed sign-in, something deleted or suspended, an item shared.
    Low,
    /// Worth a look: a firewall said no, data was exported, a guard was changed.
    Medium,
    /// Worth a call: a guard of the whole account was taken away.
    High,
}

impl Severity {
    /// Severity of a syslog message, RFC 5424: 6 informational, 5 notice, 4 warning, 3 error.
    #[must_use]
    pub const fn syslog(self) -> u8 {
        match self {
            Self::Informational => 6,
            Self::Low => 5,
            Self::Medium => 4,
            Self::High => 3,
        }
    }

    /// OCSF `severity_id`.
    #[must_use]
    pub const fn ocsf(self) -> u8 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
        }
    }

    /// The caption of OCSF's `severity_id`.
    #[must_use]
    pub const fn caption(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }

    /// CEF, 0 to 10: one of each of its bands low, medium, high and very high.
    #[must_use]
    pub const fn cef(self) -> u8 {
        match self {
            Self::Informational => 3,
            Self::Low => 5,
            Self::Medium => 7,
            Self::High => 9,
        }
    }

    /// LEEF, 1 to 10.
    #[must_use]
    pub const fn leef(self) -> u8 {
        match self {
            Self::Informational => 2,
            Self::Low => 4,
            Self::Medium => 7,
            Self::High => 9,
        }
    }

    /// OpenTelemetry's severity number: 9 INFO, 13 WARN, 14 WARN2, 17 ERROR.
    #[must_use]
    pub const fn otlp(self) -> u8 {
        match self {
            Self::Informational => 9,
            Self::Low => 13,
            Self::Medium => 14,
            Self::High => 17,
        }
    }

    /// The severity of an event; informational where the table has no row for it.
    pub(super) fn of(schema: Schema, event: &Event<'_>) -> Self {
        let (what, object) = match schema {
            Schema::SignInAttempt => ("category", ""),
            Schema::ItemUsage => ("action", ""),
            Schema::AuditEvent => ("action", "object_type"),
            Schema::Open => return Self::Informational,
        };
        let Some(what) = event.text(top(what)) else { return Self::Informational };
        let what = what.decoded();
        let object = event.text(top(object)).map(Text::decoded).unwrap_or_default();
        let row = TABLE.iter().find(|row| row.schema == schema && row.what == what && matches(row.object, &object));
        row.map_or(Self::Informational, |row| row.severity)
    }
}

fn matches(wanted: &str, object: &str) -> bool {
    wanted == "*" || wanted == object
}

/// A category or an action, of any object (`*`) or of one type.
struct Row {
    schema: Schema,
    what: &'static str,
    object: &'static str,
    severity: Severity,
}

const fn sign_in(what: &'static str, severity: Severity) -> Row {
    Row { schema: Schema::SignInAttempt, what, object: "*", severity }
}

const fn usage(what: &'static str, severity: Severity) -> Row {
    Row { schema: Schema::ItemUsage, what, object: "*", severity }
}

const fn audit(what: &'static str, object: &'static str, severity: Severity) -> Row {
    Row { schema: Schema::AuditEvent, what, object, severity }
}

/// The first row that holds counts. What is not here is informational.
static TABLE: &[Row] = &[
    sign_in("credentials_failed", Severity::Low),
    sign_in("mfa_failed", Severity::Low),
    sign_in("sso_failed", Severity::Low),
    sign_in("modern_version_failed", Severity::Low),
    sign_in("firewall_reported_success", Severity::Low),
    sign_in("firewall_failed", Severity::Medium),
    usage("share", Severity::Low),
    usage("export", Severity::Medium),
    audit("disblmfa", "account", Severity::High),
    audit("disblduo", "account", Severity::High),
    audit("disblsso", "*", Severity::High),
    audit("delete", "account", Severity::High),
    audit("export", "*", Severity::Medium),
    audit("disblmfa", "*", Severity::Medium),
    audit("disblduo", "*", Severity::Medium),
    audit("updatmfa", "account", Severity::Medium),
    audit("updatfw", "*", Severity::Medium),
    audit("enblsso", "*", Severity::Medium),
    audit("chngasso", "*", Severity::Medium),
    audit("chngdsso", "*", Severity::Medium),
    audit("chngpsso", "*", Severity::Medium),
    audit("addgsso", "*", Severity::Medium),
    audit("delgsso", "*", Severity::Medium),
    audit("dvrfydmn", "*", Severity::Medium),
    audit("create", "sa", Severity::Medium),
    audit("create", "satoken", Severity::Medium),
    audit("delete", "*", Severity::Low),
    audit("purge", "*", Severity::Low),
    audit("suspend", "*", Severity::Low),
    audit("revoke", "*", Severity::Low),
    audit("trevoke", "*", Severity::Low),
    audit("dealldev", "*", Severity::Low),
    audit("deolddev", "*", Severity::Low),
    audit("share", "*", Severity::Low),
    audit("beginr", "*", Severity::Low),
    audit("completr", "*", Severity::Low),
];

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS};

    use super::super::severity;
    use super::Severity::{High, Informational, Low, Medium};

    #[test]
    fn the_table_orders_what_happens() {
        let open: Feature = "okta.system".parse().unwrap();
        for (feature, payload, expected) in [
            (&SIGN_IN_ATTEMPTS, r#"{"category":"success"}"#, Informational),
            (&SIGN_IN_ATTEMPTS, r#"{"category":"mfa_failed"}"#, Low),
            (&SIGN_IN_ATTEMPTS, r#"{"category":"firewall_failed"}"#, Medium),
            (&ITEM_USAGES, r#"{"action":"reveal"}"#, Informational),
            (&ITEM_USAGES, r#"{"action":"export"}"#, Medium),
            (&AUDIT_EVENTS, r#"{"action":"disblmfa","object_type":"user"}"#, Medium),
            (&AUDIT_EVENTS, r#"{"action":"disblmfa","object_type":"account"}"#, High),
            (&AUDIT_EVENTS, r#"{"action":"delete"}"#, Low),
            (&AUDIT_EVENTS, r#"{"action":7}"#, Informational),
            (&AUDIT_EVENTS, "not JSON", Informational),
            (&open, r#"{"action":"export","category":"firewall_failed"}"#, Informational),
        ] {
            assert_eq!(severity(feature, payload), expected, "{payload}");
        }
    }

    #[test]
    fn every_scale_rises_and_stays_in_its_range() {
        let all = [Informational, Low, Medium, High];
        for pair in all.windows(2) {
            assert!(pair[0].syslog() > pair[1].syslog());
            assert!(pair[0].ocsf() < pair[1].ocsf() && pair[0].cef() < pair[1].cef());
            assert!(pair[0].leef() < pair[1].leef() && pair[0].otlp() < pair[1].otlp());
        }
        assert!(all.iter().all(|one| (1..=10).contains(&one.leef()) && one.cef() <= 10 && one.otlp() <= 24));
    }
}
