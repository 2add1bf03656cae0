//! What is said of events: one line for each, from what its JSON has.

pub(in crate::console) const SOMEBODY: &str = "Somebody";
pub(in crate::console) const AN_EVENT: &str = "An event";

/// How an attempt to sign in ended, behind the person's name.
pub(in crate::console) fn sign_in(category: &str, kind: &str) -> String {
    let ended = match category {
        "success" => "signed in",
        "firewall_reported_success" => "signed in; a firewall rule reported it",
        "credentials_failed" => "did not sign in: wrong credentials",
        "mfa_failed" => "did not sign in: the second factor failed",
        "sso_failed" => "did not sign in: single sign-on failed",
        "modern_version_failed" => "did not sign in: the app is too old",
        "firewall_failed" => "was kept out by a firewall rule",
        "" => "tried to sign in",
        other => return format!("tried to sign in: {other}"),
    };
    if kind.is_empty() || kind == "credentials_ok" { ended.to_owned() } else { format!("{ended} ({kind})") }
}

/// What somebody did with an item, behind their name.
pub(in crate::console) fn item_use(action: &str, item: &str, vault: &str) -> String {
    let did = match action {
        "fill" => "filled in",
        "enter-item-edit-mode" => "began to edit",
        "export" => "exported",
        "share" => "shared",
        "secure-copy" => "copied a secret of",
        "reveal" => "revealed a secret of",
        "select-sso-provider" => "chose a sign-in provider with",
        "server-create" => "created",
        "server-update" => "changed",
        "server-fetch" => "fetched",
        "" | "other" => "used",
        other => return format!("did “{other}” with the item {item} of the vault {vault}"),
    };
    format!("{did} the item {item} of the vault {vault}")
}

pub(in crate::console) fn audit_of_another(action: &str, object_type: &str, object: &str) -> String {
    format!("did “{action}” to {object_type} {object}")
}

pub(in crate::console) fn on(client: &str, os: &str) -> String {
    format!("{client} on {os}")
}
