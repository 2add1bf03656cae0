//! Events to map: whole ones, partial ones, and ones that are hardly events.

use std::sync::LazyLock;

use daybook_connectors::format::{EventParts, HubFacts};
use daybook_events::{AUDIT_EVENTS, AccountId, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};
use daybook_simulation::{Company, Plan};

pub(crate) static ACCOUNT: LazyLock<AccountId> = LazyLock::new(|| "LMN4QRS7TUV2WXYZA3BCDE5FGH".parse().unwrap());

pub(crate) static HUB: LazyLock<HubFacts> = LazyLock::new(|| HubFacts {
    name: "Daybook".to_owned(),
    version: "0.1.0".to_owned(),
    host: "hub.acme.example".to_owned(),
});

/// An event with a name that says what is special about it.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) feature: Feature,
    pub(crate) payload: String,
}

fn sample(name: &'static str, feature: &Feature, payload: impl Into<String>) -> Sample {
    Sample { name, feature: feature.clone(), payload: payload.into() }
}

/// What a destination is given for a payload.
pub(crate) fn parts(payload: &str) -> EventParts<'_> {
    EventParts {
        position: 7,
        time: "2026-02-03T04:11:12.407331902Z".parse().unwrap(),
        arrival: "2026-02-03T04:11:20.5Z".parse().unwrap(),
        payload,
        account: &ACCOUNT,
        hub: &HUB,
    }
}

/// Some events of every feature.
pub(crate) fn samples() -> Vec<Sample> {
    let open: Feature = "okta.system".parse().unwrap();
    vec![
        sample("sign-in refused by a firewall", &SIGN_IN_ATTEMPTS, FIREWALL),
        sample("sign-in from IPv6, with a country's name", &SIGN_IN_ATTEMPTS, IPV6),
        sample("sign-in without address, ids and details", &SIGN_IN_ATTEMPTS, SPARSE_SIGN_IN),
        sample("item copied", &ITEM_USAGES, COPIED),
        sample("item exported, values of other types", &ITEM_USAGES, ODD_TYPES),
        sample("somebody joins a group", &AUDIT_EVENTS, JOINS),
        sample("somebody is suspended", &AUDIT_EVENTS, SUSPENDED),
        sample("a group is given a vault", &AUDIT_EVENTS, GRANTED),
        sample("a device without ids", &AUDIT_EVENTS, SPARSE_DEVICE),
        sample("an action and an object nobody knows, hostile texts", &AUDIT_EVENTS, HOSTILE),
        sample("an empty audit event", &AUDIT_EVENTS, "{}"),
        sample("no event at all", &AUDIT_EVENTS, "[1,\n2]"),
        sample("another service's event", &open, OPEN),
    ]
}

/// A week of a company of thirty people, and every sample.
pub(crate) fn believable() -> Vec<Sample> {
    let plan = Plan {
        seed: 11,
        users: 30,
        account_uuid: ACCOUNT.as_str().to_owned(),
        start: "2026-03-02T00:00:00Z".parse::<Timestamp>().unwrap(),
        days: 20,
    };
    let mut company = Company::new(&plan);
    let history = company.history().map(|event| sample("simulated", &event.feature, event.payload));
    // Every event of the rarer features, some of the frequent one.
    let rare = history.enumerate().filter(|(n, one)| one.feature != ITEM_USAGES || n % 40 == 0).map(|(_, one)| one);
    rare.chain(samples()).collect()
}

const FIREWALL: &str = r#"{"uuid":"QK4M7TSEVZ2N5XBD3RHJWPC6LA","session_uuid":"F7XQ2MZLOA5DNEK3BVTYHJ6RSC","timestamp":"2026-02-03T04:11:12.407331902Z","category":"firewall_failed","type":"country_blocked","country":"NZ","details":{"value":"NZ"},"target_user":{"uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","name":"Robin Vale","email":"robin@acme.example","user_type":"user","type":"user","user_account_uuid":"LMN4QRS7TUV2WXYZA3BCDE5FGH"},"client":{"app_name":"1Password for Web","app_version":"2041","platform_name":"Firefox","platform_version":"141.0","os_name":"Linux","os_version":"6.8","ip_address":"198.51.100.23"},"location":{"country":"NZ","region":"Otago","city":"Dunedin","latitude":-45.87,"longitude":170.5},"account_uuid":"LMN4QRS7TUV2WXYZA3BCDE5FGH"}"#;

const IPV6: &str = r#"{"uuid":"S2","timestamp":"2026-02-03T04:11:12.407331902Z","category":"success","type":"mfa_ok","country":"CA","details":null,"target_user":{"uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","name":"Zoë \"Z\" Ode","email":"zoe@acme.example"},"client":{"app_name":"1Password for Mac","os_name":"MacOSX","os_version":"15.3","ip_address":"2001:db8::17"},"location":{"country":"Canada","region":"Ontario","city":"Toronto","latitude":95.0,"longitude":-79.5},"new":{"deep":[1, 2]}}"#;

const SPARSE_SIGN_IN: &str = r#"{"uuid":"S3","timestamp":"2026-02-03T04:11:12.407331902Z","category":"credentials_failed","type":"password_secret_bad","target_user":{"email":"not an address"},"client":{"ip_address":"unknown"},"account_uuid":"ANOTHER"}"#;

const COPIED: &str = r#"{"uuid":"H5VN2XKQWRT7ZMA3LCJD6YEBPS","timestamp":"2026-02-03T04:12:00.318Z","used_version":4,"vault_uuid":"r3k7wq5xnzv2mtlj6hbcyd4aoe","item_uuid":"t6y2mdxk4qvn7rbwz3lhcje5sa","action":"secure-copy","user":{"uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","name":"Robin Vale","email":"robin@acme.example"},"client":{"app_name":"1Password Browser Extension","app_version":"81120","platform_name":"Chrome","platform_version":"140.0.1.2","os_name":"MacOSX","os_version":"15.3","ip_address":"203.0.113.9"}}"#;

const ODD_TYPES: &str = r#"{"uuid":7,"timestamp":[],"used_version":"four","vault_uuid":null,"item_uuid":"","action":"export","user":"Robin","client":{"app_name":"","ip_address":"::ffff:203.0.113.9"},"location":{"latitude":"north","longitude":1}}"#;

const JOINS: &str = r#"{"uuid":"C2WQ5KZTNV7XJMB4HLDRY3SAEP","timestamp":"2026-02-03T04:13:07.119204887Z","actor_uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","actor_details":{"uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","name":"Robin Vale","email":"robin@acme.example"},"actor_type":"user","actor_account_uuid":"LMN4QRS7TUV2WXYZA3BCDE5FGH","account_uuid":"LMN4QRS7TUV2WXYZA3BCDE5FGH","action":"join","object_type":"gm","object_uuid":"w7z3kdq5nvt2xmr6hjlbcy4sae","aux_id":412907,"aux_uuid":"PQ2RS4TU6VW7XYZA3BCD5EFGHI","aux_details":{"uuid":"PQ2RS4TU6VW7XYZA3BCD5EFGHI","name":"Sam Ode","email":"sam@acme.example"},"aux_info":"R","session":{"uuid":"F7XQ2MZLOA5DNEK3BVTYHJ6RSC","login_time":"2026-02-03T03:58:41.002913441Z","device_uuid":"m5x2kzq7wvn4rtlj3hbcyd6aoe","ip":"203.0.113.9"},"location":{"country":"New Zealand","region":"Otago","city":"Dunedin","latitude":-45.87,"longitude":170.5}}"#;

const SUSPENDED: &str = r#"{"uuid":"A2","timestamp":"2026-02-03T04:13:07Z","actor_uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","action":"suspend","object_type":"user","object_uuid":"PQ2RS4TU6VW7XYZA3BCD5EFGHI","object_details":{"uuid":"PQ2RS4TU6VW7XYZA3BCD5EFGHI","name":"Sam Ode","email":"sam@acme.example"},"session":{"ip":"203.0.113.9"}}"#;

const GRANTED: &str = r#"{"uuid":"A3","timestamp":"2026-02-03T04:13:07Z","actor_uuid":"ZB3KQ6V2TRNMWJ5XHCLDYSA7PE","action":"grant","object_type":"gva","object_uuid":"r3k7wq5xnzv2mtlj6hbcyd4aoe","aux_uuid":"w7z3kdq5nvt2xmr6hjlbcy4sae","session":{"uuid":"S","login_time":"yesterday","device_uuid":"","ip":"203.0.113.9"}}"#;

const SPARSE_DEVICE: &str = r#"{"uuid":"A4","timestamp":"2026-02-03T04:13:07Z","actor_details":{"name":"Robin Vale","email":"robin@acme.example"},"action":"patch","object_type":"device","aux_details":{"name":"Robin Vale","email":"robin@acme.example"},"session":{"login_time":"2026-02-03T04:13:00Z","ip":"203.0.113.9"},"location":{"country":"Israel","region":"Tel Aviv","city":"Tel Aviv"},"actor_type":"user"}"#;

const HOSTILE: &str = r#"{"uuid":"A5","timestamp":"2026-02-03T04:13:07Z","actor_details":{"name":"a|b=c\\d\te\nf\u001bg\u0000h","email":"x@y"},"action":"brand|new=\\n","object_type":"thing\r\nCEF:0|","object_uuid":"o\ud800","aux_info":" cs1=spoofed rt=0","session":{"ip":"203.0.113.9"},
 "spaced" : { "inner" : "two  spaces" }}"#;

const OPEN: &str =
    r#"{"uuid":"O1","timestamp":"2026-02-03T04:11:12.407331902Z","actor":{"id":"00u1"},"outcome":"DENY","list":[1,2]}"#;
