//! Grove, a collector that exists for the 1Password Events API, unchanged: it knows one host name and trusts what Python
//! trusts, so the hub serves under that name, and the name leads to the hub for Grove's process alone.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};
use daybook_testkit::{Daybook, events};
use serde_json::{Value, json};

/// An address of this machine that no other test listens on, at the port that Grove expects.
const ADDRESS: &str = "127.0.0.9";
const HOST: &str = "events.1password.com";
const CONNECTORS: [(&str, Feature); 3] = [
    ("onepassword_events_signinattempts", SIGN_IN_ATTEMPTS),
    ("onepassword_events_itemusages", ITEM_USAGES),
    ("onepassword_events_audit", AUDIT_EVENTS),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grove_pulls_all_three_features_to_the_end_and_goes_on_from_its_cursor() {
    let daybook = Daybook::builder(env!("CARGO_BIN_EXE_daybook"))
        .listen_on(format!("{ADDRESS}:443"))
        .arg("--public-url")
        .arg(format!("https://{HOST}"))
        .start();
    let hub = Hub::prepare(&daybook).await;
    let grove = Grove::prepare(&daybook, &hub.read_token);

    for (_, feature) in &CONNECTORS {
        hub.ingest(feature, 0..2500).await;
    }
    grove.run();
    let own_audit_events = 7;
    assert_eq!(grove.collected(), [2500, 2500, 2500 + own_audit_events]);

    grove.run();
    assert_eq!(grove.collected(), [2500, 2500, 2500 + own_audit_events], "nothing is new, nothing is repeated");

    hub.ingest(&ITEM_USAGES, 2500..2600).await;
    grove.run();
    assert_eq!(grove.collected(), [2500, 2600, 2500 + own_audit_events]);
}

struct Hub {
    http: daybook_testkit::TestHttp,
    url: String,
    ingest_token: String,
    read_token: String,
    start: Timestamp,
}

impl Hub {
    async fn prepare(daybook: &Daybook) -> Self {
        let (http, url) = (daybook.http(), daybook.url().to_owned());
        let administration = fs::read_to_string(daybook.data_dir().join("admin.token")).unwrap();
        let make = async |path: &str, body: Value| {
            let url = format!("{url}/manage/v1/{path}");
            http.post_json(&url, Some(administration.trim()), &body).await.expect_status(201).json()
        };
        let id = |value: &Value| value["uuid"].as_str().unwrap().to_owned();
        let account = id(&make("accounts", json!({"name": "Acme"})).await);
        let features: Vec<_> = CONNECTORS.iter().map(|(_, feature)| feature.as_str()).collect();
        let mut tokens = Vec::new();
        for kind in ["source", "grove"] {
            let path = format!("accounts/{account}/integrations");
            let integration = id(&make(&path, json!({"name": kind, "kind": kind})).await);
            let path = format!("{path}/{integration}/tokens");
            let issued = make(&path, json!({"name": "t", "features": features})).await;
            tokens.push(issued["token"].as_str().unwrap().to_owned());
        }
        let read_token = tokens.pop().unwrap();
        let ingest_token = tokens.pop().unwrap();
        // Grove asks for the last seven days.
        let now = daybook_events::Clock::now(&daybook_events::SystemClock);
        let start = now.minus(std::time::Duration::from_secs(3600));
        Self { http, url, ingest_token, read_token, start }
    }

    async fn ingest(&self, feature: &Feature, numbers: std::ops::Range<u64>) {
        let body = events::batch_from(feature, numbers, self.start);
        let url = format!("{}/ingest/v1/{feature}", self.url);
        let answer = self.http.post(&url, Some(&self.ingest_token), "application/x-ndjson", body).await;
        assert_eq!(answer.expect_status(200).json()["rejected"], json!([]));
    }
}

/// Grove with its configuration, output and cache in a folder.
struct Grove {
    program: PathBuf,
    folder: tempfile::TempDir,
    ca_file: PathBuf,
}

impl Grove {
    fn prepare(daybook: &Daybook, token: &str) -> Self {
        let programs = env::var_os("DAYBOOK_TEST_COLLECTORS")
            .expect("DAYBOOK_TEST_COLLECTORS is not set: run the tests with `make test`, which installs Grove");
        let folder = tempfile::tempdir().unwrap();
        for part in ["config", "output", "cache"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        for (connector, _) in &CONNECTORS {
            let text =
                json!({"name": connector, "identity": "acme", "connector": connector, "key": token, "frequency": 0});
            let text = text.to_string();
            fs::write(folder.path().join("config").join(format!("{connector}.json")), text).unwrap();
        }
        fs::write(folder.path().join("hosts"), format!("127.0.0.1 localhost\n{ADDRESS} {HOST}\n")).unwrap();
        let ca_file = daybook.ca_path().unwrap().to_owned();
        Self { program: Path::new(&programs).join("grove"), folder, ca_file }
    }

    /// One collection. The changed `hosts` file is seen by Grove alone, in a mount namespace of its own.
    fn run(&self) {
        let part = |name: &str| self.folder.path().join(name);
        // Grove names its files by the second; runs in one second must not overwrite each other.
        let output_path = part("output").join(fs::read_dir(part("output")).unwrap().count().to_string());
        fs::create_dir(&output_path).unwrap();
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", "mount --bind \"$1\" /etc/hosts && exec timeout 120 \"$2\"", "sh"])
            .arg(part("hosts"))
            .arg(&self.program)
            .env("REQUESTS_CA_BUNDLE", &self.ca_file)
            .env("GROVE_CONFIG_HANDLER", "local_file")
            .env("GROVE_CONFIG_LOCAL_FILE_PATH", part("config"))
            .env("GROVE_OUTPUT_HANDLER", "local_file")
            .env("GROVE_OUTPUT_LOCAL_FILE_PATH", output_path)
            .env("GROVE_CACHE_HANDLER", "local_file")
            .env("GROVE_CACHE_LOCAL_FILE_PATH", part("cache"))
            .output()
            .expect("unshare and mount are there, and the tests run as root");
        let log = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{log}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(!log.contains("\"level\": \"ERROR\""), "{log}");
    }

    /// Distinct events in Grove's output, by connector; none may be there twice.
    fn collected(&self) -> [usize; 3] {
        CONNECTORS.map(|(connector, _)| {
            let mut uuids = Vec::new();
            for run in fs::read_dir(self.folder.path().join("output")).unwrap() {
                read_output(&run.unwrap().path().join("logs").join(connector), &mut uuids);
            }
            let count = uuids.len();
            uuids.sort_unstable();
            uuids.dedup();
            assert_eq!(uuids.len(), count, "{connector} has repeats");
            count
        })
    }
}

fn read_output(folder: &Path, uuids: &mut Vec<String>) {
    // A run without news writes no folder.
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_output(&path, uuids);
            continue;
        }
        let file = flate2::read::MultiGzDecoder::new(fs::File::open(&path).unwrap());
        for event in serde_json::Deserializer::from_reader(file).into_iter::<Value>() {
            uuids.push(event.unwrap()["uuid"].as_str().unwrap().to_owned());
        }
    }
}
