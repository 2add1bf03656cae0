//! Links that are good once, as tests get them and follow them; and what a browser is told on the way.

use daybook_testkit::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, Hub, PASSWORD, id_of};

/// The first account of a hub.
pub(crate) async fn first_account(hub: &Hub) -> String {
    id_of(&hub.manage(Method::GET, "accounts", Value::Null).await.expect_status(200).json()[0])
}

/// The code of a fresh invitation.
pub(crate) async fn invitation_code(hub: &Hub, account: &str, email: &str, role: &str) -> String {
    let body = json!({"email": email, "role": role});
    let made = hub.manage(Method::POST, &format!("accounts/{account}/invitations"), body).await;
    code_of(&made.expect_status(201).json())
}

/// The code of a fresh link for a new password.
pub(crate) async fn reset_code(hub: &Hub, email: &str) -> String {
    let people = hub.manage(Method::GET, "people", Value::Null).await.expect_status(200).json();
    let person = people.as_array().unwrap().iter().find(|person| person["email"] == email).unwrap();
    let path = format!("people/{}/reset-link", id_of(person));
    code_of(&hub.manage(Method::POST, &path, Value::Null).await.expect_status(201).json())
}

/// What stands behind the `#` of a link that was made.
pub(crate) fn code_of(made: &Value) -> String {
    let link = made["link"].as_str().unwrap_or_else(|| panic!("no link in {made}"));
    link.split_once('#').unwrap_or_else(|| panic!("no code in {link}")).1.to_owned()
}

/// Somebody new, who follows an invitation to an account.
pub(crate) async fn join(hub: &Hub, account: &str, email: &str, role: &str) -> Browser {
    let code = invitation_code(hub, account, email, role).await;
    let browser = Browser::new(hub);
    page(&browser, "/join").await;
    let fields = [("code", code.as_str()), ("name", "Ada Osei"), ("password", PASSWORD)];
    assert_eq!(location(&browser.submit("/join/accept", &fields).await), "/me?welcome=yes");
    page(&browser, "/me").await;
    browser
}

/// A page that must be there; its forms are those that the browser sends next.
pub(crate) async fn page(browser: &Browser, path: &str) -> String {
    browser.get(path).await.expect_status(200).text
}

/// Whether a browser has a session that holds.
pub(crate) async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/me").await.status == 200
}

/// Where an answer leads.
#[track_caller]
pub(crate) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").unwrap().to_owned()
}
