//! From the name or id that a person gave to the one thing meant.

use anyhow::{Result, bail};

use crate::manage::types::{AccountView, IntegrationView, PersonView, SigningKeyView, TokenView};
use crate::manage::{connector_types::DestinationView, source_types::SourceView};

/// Something that people name.
pub(super) trait Named {
    /// What it is, for sentences.
    const WHAT: &'static str;
    fn id(&self) -> &str;
    fn name(&self) -> &str;

    /// What tells it from others of the same name.
    fn distinction(&self) -> String {
        self.id().to_owned()
    }

    /// Whether it is meant first where several have the name.
    fn is_current(&self) -> bool {
        true
    }
}

impl Named for AccountView {
    const WHAT: &'static str = "account";

    fn id(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for DestinationView {
    const WHAT: &'static str = "destination";

    fn id(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for SourceView {
    const WHAT: &'static str = "source";

    fn id(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for PersonView {
    const WHAT: &'static str = "person";

    // People are told apart by their email; several may have one name.
    fn id(&self) -> &str {
        &self.uuid
    }

    #[expect(clippy::misnamed_getters, reason = "what people are called by here is their email")]
    fn name(&self) -> &str {
        &self.email
    }
}

impl Named for IntegrationView {
    const WHAT: &'static str = "integration";

    fn id(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for TokenView {
    const WHAT: &'static str = "token";

    fn id(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn distinction(&self) -> String {
        format!("{}, of {}, {}", self.uuid, self.integration, self.state)
    }

    fn is_current(&self) -> bool {
        self.state == "active"
    }
}

impl Named for SigningKeyView {
    const WHAT: &'static str = "signing key";

    fn id(&self) -> &str {
        &self.uuid
    }

    fn name(&self) -> &str {
        &self.uuid
    }

    fn distinction(&self) -> String {
        self.status.clone()
    }
}

/// The one with this id, or this name: exactly so, or else but for capitals.
///
/// # Errors
///
/// There is none, or several; the error lists them and says what to do, `next_step` where there is nothing at all.
pub(super) fn find_named<T: Named>(things: Vec<T>, wanted: &str, next_step: &str) -> Result<T> {
    let what = T::WHAT;
    if things.is_empty() {
        bail!("there is no {what} yet; {next_step}");
    }
    let matches: [&dyn Fn(&T) -> bool; 3] =
        [&|thing| thing.id().eq_ignore_ascii_case(wanted), &|thing| thing.name() == wanted, &|thing| {
            thing.name().to_lowercase() == wanted.to_lowercase()
        }];
    for is_match in matches {
        let found: Vec<usize> = (0..things.len()).filter(|at| is_match(&things[*at])).collect();
        let current: Vec<usize> = found.iter().copied().filter(|at| things[*at].is_current()).collect();
        match (found.as_slice(), current.as_slice()) {
            ([], _) => {}
            ([only], _) | (_, [only]) => {
                let only = *only;
                return Ok(things.into_iter().nth(only).expect("found at this place"));
            }
            (several, _) => {
                let several = list(several.iter().map(|at| &things[*at]));
                bail!("{} {what}s are called {wanted:?}; name one by its id:{several}", found.len());
            }
        }
    }
    bail!("there is no {what} {wanted:?}; there is:{}", list(things.iter()))
}

/// The one with this name or id, or the only one there is.
pub(super) fn find_named_or_only<T: Named>(
    mut things: Vec<T>,
    wanted: Option<&str>,
    option: &str,
    next_step: &str,
) -> Result<T> {
    if let Some(wanted) = wanted {
        return find_named(things, wanted, next_step);
    }
    match things.len() {
        0 => bail!("there is no {} yet; {next_step}", T::WHAT),
        1 => Ok(things.remove(0)),
        _ => bail!("there are several {}s; name one with {option}:{}", T::WHAT, list(things.iter())),
    }
}

fn list<'a, T: Named + 'a>(things: impl Iterator<Item = &'a T>) -> String {
    const SHOWN_MAX: usize = 20;
    let mut lines: Vec<String> =
        things.map(|thing| format!("\n  {} ({})", thing.name(), thing.distinction())).collect();
    if lines.len() > SHOWN_MAX {
        let more = lines.len() - SHOWN_MAX;
        lines.truncate(SHOWN_MAX);
        lines.push(format!("\n  … and {more} more"));
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(uuid: &str, name: &str) -> AccountView {
        AccountView { uuid: uuid.into(), name: name.into(), retention_days: None, created_at: String::new() }
    }

    fn token(uuid: &str, state: &str) -> TokenView {
        TokenView {
            uuid: uuid.into(),
            name: "t1".into(),
            integration_uuid: String::new(),
            integration: "Splunk".into(),
            kind: "splunk".into(),
            state: state.into(),
            features: Vec::new(),
            issued_at: String::new(),
            expires_at: None,
            revoked_at: None,
            uses: Vec::new(),
        }
    }

    fn accounts() -> Vec<AccountView> {
        vec![account("A1", "Acme"), account("B1", "acme"), account("C1", "Other")]
    }

    #[test]
    fn names_ids_and_capitals() {
        let find = |wanted| find_named(accounts(), wanted, "").map(|found| found.uuid);
        assert_eq!(find("Acme").unwrap(), "A1");
        assert_eq!(find("b1").unwrap(), "B1");
        assert_eq!(find("OTHER").unwrap(), "C1");
    }

    #[test]
    fn unknown_and_ambiguous_names_list_what_there_is() {
        let unknown = find_named(accounts(), "Akme", "").unwrap_err().to_string();
        assert!(unknown.contains("no account \"Akme\"") && unknown.contains("Other (C1)"), "{unknown}");
        let ambiguous = find_named(accounts(), "ACME", "").unwrap_err().to_string();
        assert!(ambiguous.starts_with("2 accounts are called \"ACME\""), "{ambiguous}");
        assert!(!ambiguous.contains("Other"), "{ambiguous}");
        let none = find_named(Vec::<AccountView>::new(), "x", "add one").unwrap_err().to_string();
        assert_eq!(none, "there is no account yet; add one");
    }

    #[test]
    fn a_live_token_goes_before_a_dead_one_of_the_same_name() {
        let find = |tokens| find_named(tokens, "t1", "").map(|found: TokenView| found.uuid);
        assert_eq!(find(vec![token("A", "revoked"), token("B", "active")]).unwrap(), "B");
        assert_eq!(find(vec![token("A", "revoked")]).unwrap(), "A");
        let error = find(vec![token("A", "active"), token("B", "active")]).unwrap_err().to_string();
        assert!(error.contains("A, of Splunk, active"), "{error}");
    }

    #[test]
    fn the_only_one_need_not_be_named() {
        let only = find_named_or_only(vec![account("A1", "Acme")], None, "--account", "").unwrap();
        assert_eq!(only.uuid, "A1");
        let error = find_named_or_only(accounts(), None, "--account", "").unwrap_err().to_string();
        assert!(error.contains("name one with --account"), "{error}");
    }
}
