//! Sign-in attempts: how they end, and how they are written.

use crate::{
    company::Company,
    json::{Id, Object, Precision},
    people::Device,
    places::Network,
    random::Dice,
};

/// How an attempt ends: a category and a type that go together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    category: &'static str,
    kind: &'static str,
    matched: Matched,
}

/// What a firewall rule matched, which becomes `details.value`.
#[derive(Debug, PartialEq, Eq)]
enum Matched {
    Nothing,
    Country,
    Continent,
    Address,
}

/// One attempt. Whose it is, with what device, from where, and the session it opens or tried to open.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    pub(crate) person: u32,
    pub(crate) device: Device,
    pub(crate) network: Network,
    pub(crate) session_bits: u128,
    pub(crate) outcome: &'static Outcome,
}

/// A session that an attempt has opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) bits: u128,
    pub(crate) login_nanos: i64,
    pub(crate) device: Id,
    pub(crate) network: Network,
}

macro_rules! outcomes {
    ($($name:ident: $category:literal, $kind:literal, $matched:ident;)+) => {
        $(pub(crate) static $name: Outcome =
            Outcome { category: $category, kind: $kind, matched: Matched::$matched };)+
    };
}

outcomes! {
    CREDENTIALS_OK: "success", "credentials_ok", Nothing;
    MFA_OK: "success", "mfa_ok", Nothing;
    FEDERATED: "success", "federated", Nothing;
    PASSWORD_BAD: "credentials_failed", "password_secret_bad", Nothing;
    TOTP_BAD: "mfa_failed", "totp_bad", Nothing;
    TOTP_TIMEOUT: "mfa_failed", "totp_timeout", Nothing;
    U2F_TIMEOUT: "mfa_failed", "u2f_timeout", Nothing;
    U2F_BAD: "mfa_failed", "u2f_bad", Nothing;
    DUO_TIMEOUT: "mfa_failed", "duo_timeout", Nothing;
    MFA_MISSING: "mfa_failed", "mfa_missing", Nothing;
    CODE_BAD: "mfa_failed", "code_bad", Nothing;
    NON_SSO_USER: "sso_failed", "non_sso_user", Nothing;
    SSO_USER_MISMATCH: "sso_failed", "sso_user_mismatch", Nothing;
    SERVICE_SSO_DENIED: "sso_failed", "service_account_sso_denied", Nothing;
    VERSION_OLD: "modern_version_failed", "modern_version_old", Nothing;
    COUNTRY_BLOCKED: "firewall_failed", "country_blocked", Country;
    CONTINENT_BLOCKED: "firewall_failed", "continent_blocked", Continent;
    ADDRESS_BLOCKED: "firewall_failed", "ip_blocked", Address;
    ANONYMOUS_BLOCKED: "firewall_failed", "anonymous_blocked", Address;
    COUNTRY_REPORTED: "firewall_reported_success", "country_blocked", Country;
}

/// What goes wrong before a success, by how often in a thousand sign-ins. The rest goes right at once.
static SLIPS: [(u64, &Outcome); 7] = [
    (55, &PASSWORD_BAD),
    (4, &NON_SSO_USER),
    (2, &VERSION_OLD),
    (1, &SSO_USER_MISMATCH),
    (1, &MFA_MISSING),
    (1, &U2F_BAD),
    (1, &CODE_BAD),
];

/// What goes wrong for those with a second factor.
static SECOND_FACTOR_SLIPS: [(u64, &Outcome); 5] =
    [(40, &PASSWORD_BAD), (22, &TOTP_BAD), (6, &TOTP_TIMEOUT), (3, &U2F_TIMEOUT), (3, &DUO_TIMEOUT)];

/// How one person's sign-ins succeed.
pub(crate) fn habit(dice: &mut Dice) -> &'static Outcome {
    match dice.below(100) {
        0..45 => &MFA_OK,
        45..60 => &FEDERATED,
        _ => &CREDENTIALS_OK,
    }
}

/// What goes wrong before a sign-in succeeds, if anything.
pub(crate) fn any_slip(success: &Outcome, dice: &mut Dice) -> Option<&'static Outcome> {
    let slips: &[(u64, &Outcome)] = if *success == MFA_OK { &SECOND_FACTOR_SLIPS } else { &SLIPS };
    let mut roll = dice.below(1000);
    for (permille, slip) in slips {
        if roll < *permille {
            return Some(slip);
        }
        roll -= permille;
    }
    None
}

impl Outcome {
    /// Whether a session opens.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.category, "success" | "firewall_reported_success")
    }
}

impl SignIn {
    /// The session it opened at a time.
    pub(crate) fn session(&self, login_nanos: i64) -> Session {
        Session { bits: self.session_bits, login_nanos, device: self.device.id, network: self.network }
    }

    /// Writes the event.
    pub(crate) fn write(&self, company: &Company, id: Id, time_nanos: i64, out: &mut String) {
        let place = self.network.place;
        let mut event = Object::open(out);
        event.id("uuid", id);
        event.id("session_uuid", Id::Upper(self.session_bits));
        event.time("timestamp", time_nanos, Precision::Nanos);
        event.text("category", self.outcome.category);
        event.text("type", self.outcome.kind);
        event.text("country", place.country);
        self.write_details(&mut event);
        event.raw("target_user", &company.person(self.person).user_json);
        self.device.client.write(event.object("client"), self.network, time_nanos);
        place.write(event.object("location"));
        event.raw("account_uuid", &company.account_json);
        event.close();
    }

    fn write_details(&self, event: &mut Object<'_>) {
        if self.outcome.matched == Matched::Nothing {
            return event.raw("details", "null");
        }
        let mut details = event.object("details");
        match self.outcome.matched {
            Matched::Country => details.text("value", self.network.place.country),
            Matched::Continent => details.text("value", self.network.place.continent),
            Matched::Nothing | Matched::Address => details.address("value", self.network.address),
        }
        details.close();
    }
}
