//! Object stores, against SeaweedFS (S3), fake-gcs-server and Azurite.

use std::io::Read;

use daybook_connectors::{
    AnyDestination, Batch, Delivered, DeliveryError, Destination, DestinationKind, HopName, canary, check,
};
use daybook_events::Timestamp;
use daybook_testkit::{
    Receiver, Reply, TestHttp,
    receivers::{ObjectStore, azure, s3},
};

use crate::support::{NOW_SECS, audit_events, context, open};

/// The emulator asks for no credentials: this key signs nothing.
const NO_SERVICE_ACCOUNT: &str = r#"{"type":"service_account","disable_oauth":true,"client_email":"a@acme.example",
    "private_key":"","private_key_id":""}"#;

/// A store, its kind, and the settings that lead to it.
struct Case {
    store: ObjectStore,
    kind: DestinationKind,
    settings: Vec<(&'static str, String)>,
}

impl Case {
    async fn s3() -> Self {
        let store = ObjectStore::s3().await;
        let settings = vec![
            ("url", store.url().to_owned()),
            ("bucket", store.bucket().to_owned()),
            ("region", s3::REGION.to_owned()),
            ("access_key_id", s3::ACCESS_KEY.to_owned()),
            ("secret_access_key", s3::SECRET_KEY.to_owned()),
            ("prefix", "logs/daybook".to_owned()),
        ];
        Self { store, kind: DestinationKind::S3, settings }
    }

    async fn gcs() -> (Self, Receiver) {
        let store = ObjectStore::gcs().await;
        let front = xml_api_of(&store).await;
        let settings = vec![
            ("url", front.url()),
            ("bucket", store.bucket().to_owned()),
            ("service_account_json", NO_SERVICE_ACCOUNT.to_owned()),
            ("prefix", "logs/daybook".to_owned()),
        ];
        (Self { store, kind: DestinationKind::Gcs, settings }, front)
    }

    async fn azure() -> Self {
        let store = ObjectStore::azure().await;
        let settings = vec![
            ("url", store.url().to_owned()),
            ("account", azure::ACCOUNT.to_owned()),
            ("container", store.bucket().to_owned()),
            ("account_key", azure::KEY.to_owned()),
            ("prefix", "logs/daybook".to_owned()),
        ];
        Self { store, kind: DestinationKind::AzureBlob, settings }
    }

    /// A destination as after a start of the hub, with some settings changed.
    fn open(&self, more: &[(&str, &str)]) -> AnyDestination {
        let own = self.settings.iter().map(|(name, value)| (*name, value.as_str()));
        let given: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        open(self.kind, &given)
    }

    /// The lines of all objects, in the order of their names.
    async fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for key in self.store.keys().await {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&*self.store.object(&key).await).read_to_string(&mut text).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }

    async fn is_stopped(&self, more: &[(&str, &str)], part: &str) {
        match self.open(more).deliver(&audit_events(1)).await {
            Err(DeliveryError::Stop { reason, fix }) => assert!(fix.contains(part), "{reason}: {fix}"),
            other => panic!("{other:?}"),
        }
    }
}

/// What Google's XML API has and fake-gcs-server lacks: it takes a `PUT` only as one of a signed URL. Everything else is passed
/// on as it is.
async fn xml_api_of(store: &ObjectStore) -> Receiver {
    let front = Receiver::start().await;
    let (url, client) = (store.url().to_owned(), TestHttp::new(None).client().clone());
    let runtime = tokio::runtime::Handle::current();
    front.answer_with(move |request| {
        let signed = if request.method.as_str() == "PUT" { "X-Goog-Algorithm=any" } else { "" };
        let url = format!("{url}{}?{}{signed}", request.path, request.query);
        let mut headers = request.headers.clone();
        headers.remove("host");
        let sent = client.request(request.method.clone(), url).headers(headers);
        let sent = sent.body(request.body.clone()).send();
        let (status, body) = tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let answer = sent.await.unwrap();
                (answer.status().as_u16(), answer.bytes().await.unwrap())
            })
        });
        Reply::status(status).body(body)
    });
    front
}

fn texts(batch: &Batch) -> Vec<String> {
    batch.events.iter().map(|event| event.text.to_string()).collect()
}

/// What every store has to do: keep each event once, whatever is repeated, and whatever a restart makes of a batch.
async fn keeps_each_event_once(case: &Case) {
    let batch = audit_events(7);
    let destination = case.open(&[]);
    assert_eq!(destination.deliver(&batch.slice(0..3)).await, Ok(Delivered::all()));
    let repeated = destination.deliver(&batch.slice(0..3)).await.unwrap();
    assert_eq!(case.lines().await, texts(&batch.slice(0..3)));
    assert!(repeated.rejected.is_empty() && repeated.unsettled.is_none(), "{repeated:?}");
    let longer = case.open(&[]).deliver(&batch).await;
    assert_eq!(longer, Ok(Delivered { repeated: 3, ..Delivered::default() }));
    assert_eq!(case.lines().await, texts(&batch));
    let keys = case.store.keys().await;
    let folder = "logs/daybook/event_type=auditevents/year=2026/month=03/day=04/hour=05";
    assert!(keys[0].starts_with(&format!("{folder}/000000000001-000000000003-")), "{keys:?}");
    assert!(keys[1].starts_with(&format!("{folder}/000000000004-000000000007-")), "{keys:?}");
}

/// A second write to the same name is refused by the store, not made again.
async fn refuses_a_second_write(case: &Case) {
    let batch = audit_events(2);
    let destination = case.open(&[("create_only", "on"), ("prefix", "twice")]);
    destination.deliver(&batch).await.unwrap();
    assert_eq!(destination.deliver(&batch).await, Ok(Delivered { repeated: 2, ..Delivered::default() }));
}

async fn keeps_parquet(case: &Case) {
    let batch = audit_events(500);
    case.open(&[("file_format", "parquet"), ("prefix", "tables")]).deliver(&batch).await.unwrap();
    let keys = case.store.keys().await;
    let key = keys.iter().find(|key| key.starts_with("tables/")).unwrap();
    let object = case.store.object(key).await;
    assert!(key.ends_with(".parquet") && object.starts_with(b"PAR1") && object.ends_with(b"PAR1"), "{key}");
}

#[tokio::test]
async fn seaweedfs_keeps_each_event_once() {
    let case = Case::s3().await;
    keeps_each_event_once(&case).await;
    refuses_a_second_write(&case).await;
    keeps_parquet(&case).await;
    case.is_stopped(&[("secret_access_key", "another")], "enter both anew").await;
    case.is_stopped(&[("access_key_id", "AKIANOBODY")], "does not know this access_key_id").await;
}

#[tokio::test]
async fn azurite_keeps_each_event_once() {
    let case = Case::azure().await;
    keeps_each_event_once(&case).await;
    refuses_a_second_write(&case).await;
    keeps_parquet(&case).await;
    case.is_stopped(&[("account_key", "YW5vdGhlciBrZXk=")], "enter the account's key").await;
    case.is_stopped(&[("container", "nowhere")], "create the bucket or container").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fake_gcs_server_keeps_each_event_once() {
    let (case, _front) = Case::gcs().await;
    keeps_each_event_once(&case).await;
    keeps_parquet(&case).await;
}

#[tokio::test]
async fn the_way_to_a_store_is_tested_with_one_event() {
    let case = Case::s3().await;
    let batch = audit_events(1);
    let canary = canary(&batch.account, &batch.feature, Timestamp::from_seconds(NOW_SECS));
    let hops = check(&case.open(&[]), &context(), &canary).await;
    assert!(hops.iter().all(daybook_connectors::Hop::is_passed), "{hops:?}");
    assert_eq!(case.lines().await, texts(&canary));
    let hops = check(&case.open(&[("secret_access_key", "another")]), &context(), &canary).await;
    let last = hops.last().unwrap();
    assert!(last.name == HopName::Credentials && !last.is_passed(), "{hops:?}");
}
