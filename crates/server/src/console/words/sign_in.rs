//! What is said around signing in, links that are good once, and a person's own page.

pub(in crate::console) const TITLE: &str = "Sign in";
pub(in crate::console) const WRONG: &str = "Email and password do not match.";
pub(in crate::console) const SIGNED_OUT: &str = "You are signed out.";
pub(in crate::console) const SIGNED_OUT_EVERYWHERE: &str = "You are signed out on every device.";
pub(in crate::console) const TOO_MANY: &str = "Too many attempts from your network. Try again in a minute.";
pub(in crate::console) const TRY_AGAIN: &str = "Not available at the moment. Try again.";

pub(in crate::console) const NO_PASSKEYS: &str =
    "This hub is reached by an IP address, and passkeys belong to names. Give it a name in server.public_url.";
pub(in crate::console) const PASSKEY_LATE: &str = "That took too long. Try again.";
pub(in crate::console) const PASSKEY_REFUSED: &str =
    "This passkey is not known here, or it did not answer rightly. Try another way to sign in.";
pub(in crate::console) const PASSKEY_TWICE: &str = "This passkey is in use already.";
pub(in crate::console) const NOT_FRESH: &str = "You signed in some time ago. Sign out, sign in again, and add it then.";
pub(in crate::console) const PASSKEYS_MAX: &str = "You have as many passkeys as one person can have. Remove one first.";

pub(in crate::console) const SETUP_TITLE: &str = "Create the owner";
pub(in crate::console) const SETUP_CODE: &str =
    "This code is not good, or not any more: it works once, within 15 minutes. `daybook setup-link` makes a new one.";
pub(in crate::console) const JOIN_TITLE: &str = "Follow an invitation";
pub(in crate::console) const JOIN_CODE: &str =
    "This invitation is not good, or not any more. Ask whoever invited you for a new link.";
pub(in crate::console) const WHO_RUNS_THE_HUB: &str = "Whoever runs this hub";
pub(in crate::console) const RESET_TITLE: &str = "Choose a new password";
pub(in crate::console) const RESET_CODE: &str = "This code is not good, or not any more: it works once, within 15 minutes. Ask whoever runs the hub for a new link.";
pub(in crate::console) const PASSWORD_RESET: &str = "Your new password holds, and you are signed out everywhere else.";

pub(in crate::console) const ME_TITLE: &str = "Your sign-in";
pub(in crate::console) const WRONG_CURRENT: &str = "This is not your password.";
pub(in crate::console) const PASSWORD_CHANGED: &str =
    "Your new password holds, and you are signed out everywhere else.";
pub(in crate::console) const PASSWORD_REMOVED: &str = "Your password is gone: only your passkeys let you in now.";
pub(in crate::console) const LAST_WAY_IN: &str = "This is your last way in. Add a passkey or set a password first.";
pub(in crate::console) const SESSION_ENDED: &str = "That device is signed out.";

pub(in crate::console) fn wait(secs: u64) -> String {
    let span = crate::console::times::span(std::time::Duration::from_secs(secs));
    format!("Too many attempts. Try again in {span}, or use a passkey.")
}

pub(in crate::console) fn join(account: &str) -> String {
    format!("Join {account}")
}

pub(in crate::console) fn joined(account: &str, role: &str) -> String {
    format!("You belong to {account} now, as {}.", role.to_lowercase())
}

pub(in crate::console) fn renamed(name: &str) -> String {
    format!("You are called {name} from now on.")
}

pub(in crate::console) fn passkey_added(name: &str) -> String {
    format!("The passkey “{name}” is added. Sign in with it from now on.")
}

pub(in crate::console) fn passkey_removed(name: &str) -> String {
    format!("The passkey “{name}” is removed.")
}

pub(in crate::console) fn passkey_renamed(name: &str) -> String {
    format!("The passkey is called “{name}” from now on.")
}

pub(in crate::console) fn method(method: &str) -> &'static str {
    match method {
        "passkey" => "with a passkey",
        "password" => "with a password",
        _ => "with a one-time link",
    }
}

/// A browser and its system, from how the browser names itself.
pub(in crate::console) fn device(user_agent: &str) -> String {
    let has = |part: &str| user_agent.contains(part);
    let browser =
        [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")];
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let first = |list: &[(&str, &'static str)]| list.iter().find(|(part, _)| has(part)).map(|(_, name)| *name);
    match (first(&browser), first(&system)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn devices_are_named() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(device(agent), "Chrome on Linux");
        assert_eq!(device("curl/8"), "An unknown browser");
    }
}
