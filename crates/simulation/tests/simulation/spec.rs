//! The enumerations of the Events API 1.4.1, and which of their values go together.

/// Categories of sign-in attempts, and the types that go with each.
pub(crate) const SIGN_IN_PAIRS: [(&str, &str); 7] = [
    ("success", "credentials_ok mfa_ok federated"),
    ("credentials_failed", "password_secret_bad"),
    (
        "mfa_failed",
        "mfa_missing totp_disabled totp_bad totp_timeout u2f_disabled u2f_bad u2f_timeout duo_disabled duo_bad \
         duo_timeout duo_native_bad platform_secret_disabled platform_secret_bad platform_secret_proxy code_disabled \
         code_bad code_timeout",
    ),
    ("sso_failed", "service_account_sso_denied non_sso_user sso_user_mismatch"),
    ("modern_version_failed", "modern_version_missing modern_version_old"),
    ("firewall_failed", "ip_blocked continent_blocked country_blocked anonymous_blocked all_blocked"),
    ("firewall_reported_success", "ip_blocked continent_blocked country_blocked anonymous_blocked all_blocked"),
];

/// Actions of item usages.
pub(crate) const USAGE_ACTIONS: &str = "enter-item-edit-mode export fill other reveal secure-copy select-sso-provider \
    server-create server-fetch server-update share";

/// Names of client programs.
pub(crate) const APP_NAMES: [&str; 10] = [
    "1Password CLI",
    "1Password for Web",
    "1Password for Mac",
    "1Password SCIM Bridge",
    "1Password for Windows",
    "1Password for iOS",
    "1Password Browser Extension",
    "1Password for Android",
    "1Password for Linux",
    "1Password SDK",
];

/// Actions of audit events.
pub(crate) const AUDIT_ACTIONS: &str = "activate addgsso begin beginr cancel cancelr changeks changela changemp changenm \
    changesk chngasso chngdsso chngpsso complete completr convert create dealldev delete delgsso delshare deolddev \
    detchild disblduo disblmfa disblsso dlgsess dvrfydmn enblduo enblmfa enblsso expire export grant hide join launchi \
    leave musercom muserdec patch propose provsn prsndall purge rdmchild reactive reauth replace resendts revoke role \
    sdvcsso sendpkg sendts share ssotknv suspend tdvcsso trename trevoke trvlaway trvlback tverify uisas unhide unknown \
    unlink updatduo update updatea updatfw updatmfa upguest uvrfydmn verify view vrfydmn";

/// Types of objects of audit events, with the actions that go with each.
pub(crate) const AUDIT_PAIRS: [(&str, &str); 30] = [
    (
        "user",
        "suspend delete enblmfa updatmfa disblmfa create update convert upguest join activate verify reactive beginr \
         completr cancelr changemp changesk changeks changenm changela trvlaway trvlback tdvcsso sdvcsso provsn sendts \
         resendts prsndall sendpkg dealldev enblduo updatduo disblduo",
    ),
    (
        "account",
        "disblmfa activate update updatea delete convert enblmfa updatmfa enblduo updatduo disblduo updatfw deolddev \
         uisas vrfydmn uvrfydmn dvrfydmn unlink",
    ),
    ("sso", "enblsso disblsso chngpsso chngasso chngdsso addgsso delgsso"),
    ("ssotkn", "ssotknv"),
    ("gm", "join leave role"),
    ("group", "create update delete replace purge"),
    ("uva", "grant revoke update"),
    ("gva", "grant revoke update"),
    ("vault", "export create update updatea delete hide unhide"),
    ("vaultkey", "replace"),
    ("items", "patch purge"),
    ("item", "share delshare update delete view"),
    ("itemhist", "delete replace"),
    ("device", "create patch delete update reauth"),
    ("invite", "create update delete resendts complete"),
    ("ec", "begin propose complete cancel"),
    ("sa", "create update delete"),
    ("satoken", "create trename tverify trevoke expire"),
    ("famchild", "create rdmchild detchild"),
    ("miguser", "musercom muserdec"),
    ("dlgdsess", "dlgsess create"),
    ("report", "view export"),
    ("cred", "create delete"),
    ("mngdacc", "create unlink launchi"),
    ("file", "create update delete"),
    ("slackapp", "create update delete"),
    ("template", "create update delete"),
    ("card", "create update delete cancel"),
    ("pm", "create update delete cancel"),
    ("sub", "create update delete cancel"),
];

/// Whether a list of words has a word.
pub(crate) fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|member| member == word)
}

/// Whether one of the pairs has a key and a word.
pub(crate) fn pairs_have(pairs: &[(&str, &str)], key: &str, word: &str) -> bool {
    pairs.iter().any(|(member, words)| *member == key && has(words, word))
}
