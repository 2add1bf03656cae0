//! `daybook person` and `daybook setup-link`: who can sign in to the console, and the links that let them in.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;

use super::{
    GlobalOptions,
    hub::{AccountOption, Hub},
    output::{say, show, table},
    resolve::find_named,
};
use crate::manage::types::{Invitation, OneTimeLink, PersonView};

const NOBODY: &str = "invite somebody with `daybook person invite EMAIL`, or open the link of `daybook setup-link`";

/// Make a link for the hub's first owner
///
/// The link is good once, for 15 minutes, while nobody can sign in yet. Earlier ones are void. A hub makes one by itself
/// when it starts, and leaves it in setup.link in its data directory.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook setup-link")]
pub(super) struct SetupLink {}

/// People: who can sign in to the console
#[derive(Debug, Subcommand)]
pub(super) enum PersonCommand {
    List(List),
    Invite(Invite),
    Reset(Reset),
}

/// List everybody who can sign in
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook person list")]
pub(super) struct List {}

/// Invite somebody to an account: prints a link that is good once
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook person invite robin@acme.example --role owner
  daybook person invite ada@acme.example --account \"Acme\" --role viewer")]
pub(super) struct Invite {
    /// Whom
    email: String,
    /// What they may do there
    #[arg(long, value_enum, default_value_t = RoleName::Administrator)]
    role: RoleName,
    #[command(flatten)]
    account: AccountOption,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Viewer,
    Administrator,
    Owner,
}

/// Let somebody in again: prints a link with which they choose a new password
///
/// The link is good once, for 15 minutes. Following it ends their sessions, and removes their passkeys if they say so.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook person reset robin@acme.example")]
pub(super) struct Reset {
    /// Who, by email or id
    person: String,
}

pub(super) async fn run(global: &GlobalOptions, command: PersonCommand) -> Result<()> {
    let hub = Hub::connect(global)?;
    match command {
        PersonCommand::List(List {}) => show(global.json, &people(&hub).await?, |people| list(people)),
        PersonCommand::Invite(Invite { email, role, account }) => {
            let account = hub.account(&account).await?;
            let role = role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            let path = format!("/accounts/{}/invitations", account.uuid);
            let link: OneTimeLink = hub.send(Method::POST, &path, &Invitation { email: email.clone(), role }).await?;
            show(global.json, &link, |link| link.link.clone())?;
            say(&format!(
                "Give this link to {email} alone: whoever opens it joins. It is good once, until {}.",
                link.expires_at
            ));
            Ok(())
        }
        PersonCommand::Reset(Reset { person }) => {
            let person = find_named(people(&hub).await?, &person, NOBODY)?;
            let link: OneTimeLink = hub.post(&format!("/people/{}/reset-link", person.uuid)).await?;
            show(global.json, &link, |link| link.link.clone())?;
            say(&format!("Give this link to {} alone. It is good once, until {}.", person.email, link.expires_at));
            Ok(())
        }
    }
}

pub(super) async fn make_setup_link(global: &GlobalOptions) -> Result<()> {
    let link: OneTimeLink = Hub::connect(global)?.post("/setup-link").await?;
    show(global.json, &link, |link| link.link.clone())?;
    say(&format!("Open it to create the owner. It is good once, until {}.", link.expires_at));
    Ok(())
}

async fn people(hub: &Hub) -> Result<Vec<PersonView>> {
    hub.get("/people").await
}

fn list(people: &[PersonView]) -> String {
    let row = |person: &PersonView| {
        let signed_in = person.signed_in_at.clone().unwrap_or_else(|| "never".to_owned());
        [person.email.clone(), person.name.clone(), person.uuid.clone(), signed_in]
    };
    let rows = people.iter().map(row).collect();
    table(["EMAIL", "NAME", "ID", "SIGNED IN"], rows, &format!("Nobody can sign in yet; {NOBODY}."))
}
