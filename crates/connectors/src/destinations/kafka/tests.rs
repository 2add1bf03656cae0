//! What is promised of Kafka without a receiver of the real kind.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    config::Config,
    encode::{RecordStyle, record_batch},
    errors,
    messages::{Api, read_metadata, read_produced},
    producer::Numbering,
    wire::{Reader, Writer},
};
use crate::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, Settings, testing};

fn open(given: &[(&str, &str)]) -> Result<AnyDestination, String> {
    testing::open(DestinationKind::Kafka, given)
}

fn config(given: &[(&str, &str)]) -> Config {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::of(&Settings::check(DestinationKind::Kafka.description(), &given).unwrap()).unwrap()
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let brokers = ("brokers", "kafka.acme.example:9093, [2606:4700::1111]:9093");
    assert!(open(&[brokers]).is_ok());
    for (given, part) in [
        (&[("brokers", "kafka.acme.example")][..], "brokers: \"kafka.acme.example\" must be host:port"),
        (&[("brokers", "::1:9092")], "must be host:port"),
        (&[("brokers", ",")], "must be 1 to 20"),
        (&[("brokers", "169.254.169.254:9092")], "metadata"),
        (&[brokers, ("topic", "a b")], "topic: must be"),
        (&[brokers, ("topic", "{account}")], "topic: must be"),
        (&[brokers, ("username", "u")], "sasl_mechanism: is missing"),
        (&[brokers, ("sasl_mechanism", "plain"), ("username", "u")], "password: is missing"),
    ] {
        let error = open(given).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn topics_are_named_after_the_feature() {
    let brokers = ("brokers", "kafka.acme.example:9093");
    let (audit, okta) = (testing::batch("auditevents", 1), testing::batch_of("okta.system", &["{}"]));
    let plain = config(&[brokers]);
    assert_eq!((plain.topic_of(&audit), plain.topic_of(&okta)), ("1password.auditevents".into(), "okta.system".into()));
    assert_eq!((plain.schema_of(&audit), plain.schema_of(&okta)), ("onepassword.v2", "raw"));
    let own = config(&[brokers, ("topic", "siem-{feature}"), ("format", "ecs")]);
    assert_eq!((own.topic_of(&audit), own.schema_of(&audit)), ("siem-auditevents".into(), "ecs"));
}

#[test]
fn keys_decide_over_partitions() {
    let brokers = ("brokers", "kafka.acme.example:9093");
    let batch = testing::batch("auditevents", 50);
    let partitions = |key| {
        let style = RecordStyle::of(&config(&[brokers, ("key", key)]), &batch);
        batch.events.iter().map(|event| style.partition_of(event, 6)).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(partitions("account").len(), 1);
    assert!(partitions("uuid").len() > 1);
}

#[test]
fn a_record_batch_says_how_much_it_holds() {
    let mut batch = testing::batch_of("auditevents", &[r#"{"uuid":"A"}"#, r#"{"uuid":"B"}"#]);
    batch.events.swap(0, 1);
    let style = RecordStyle::of(&config(&[("brokers", "k.acme.example:1"), ("compression", "none")]), &batch);
    let bytes = record_batch(&style, &batch.events, Numbering { producer_id: 7, epoch: 1, first_sequence: 40 });
    let mut reader = Reader::new(&bytes);
    assert_eq!((reader.i64(), reader.i32()), (Ok(0), Ok(i32::try_from(bytes.len()).unwrap() - 12)));
    let (epoch, magic, _checksum, attributes) = (reader.i32(), reader.i8(), reader.i32(), reader.i16());
    assert_eq!((epoch, magic, attributes), (Ok(-1), Ok(2), Ok(0)));
    let first_ms = (testing::NOW_SECS + 1) * 1000;
    assert_eq!((reader.i32(), reader.i64(), reader.i64()), (Ok(1), Ok(first_ms), Ok(first_ms)));
    assert_eq!((reader.i64(), reader.i16(), reader.i32(), reader.i32()), (Ok(7), Ok(1), Ok(40), Ok(2)));
}

#[test]
fn every_code_has_one_consequence() {
    let judge = |code| errors::judge("writing to t, partition 0", code, Some("because"));
    for code in [-1, 3, 5, 6, 7, 13, 19, 20, 45, 47, 56, 59, 90, 999] {
        assert!(matches!(judge(code), DeliveryError::Retry { .. }), "{code}");
    }
    for code in [10, 18] {
        assert!(matches!(judge(code), DeliveryError::TooLarge { .. }), "{code}");
    }
    for code in [32, 87] {
        assert!(matches!(judge(code), DeliveryError::Refused { .. }), "{code}");
    }
    for code in [17, 29, 31, 33, 35, 44, 58, 76] {
        assert!(matches!(judge(code), DeliveryError::Stop { .. }), "{code}");
    }
    assert_eq!(
        judge(29).to_string(),
        "writing to t, partition 0: the broker answered 29 (TOPIC_AUTHORIZATION_FAILED): because"
    );
    // After these the records may be there: they must keep their sequence.
    assert!([-1, 7, 13, 20, 999].into_iter().all(errors::is_in_doubt));
    assert!(![5, 6, 10, 19, 45, 87].into_iter().any(errors::is_in_doubt));
}

#[test]
fn answers_cut_short_are_no_panic() {
    let mut answer = Writer::default();
    answer.i32(0).count(1).i32(1).string("h").i32(9092).null_string().string("c").i32(1);
    answer.count(1).i16(0).string("t").i8(0).count(1).i16(0).i32(0).i32(1).count(1).i32(1).count(1).i32(1);
    let metadata = read_metadata(&answer.0, "t").unwrap();
    assert_eq!((metadata.brokers[&1].clone(), metadata.leaders[&0]), (("h".to_owned(), 9092), 1));
    for length in 0..answer.0.len() {
        assert!(read_metadata(&answer.0[..length], "t").is_err(), "{length}");
        let _ = read_produced(&answer.0[..length], 8);
    }
}

/// What a broker of this test answers: by request, in their order, the last one for ever.
type Answers = Vec<(Api, Vec<u8>)>;

/// What it was asked: a request's key, and its body.
type Asked = Vec<(i16, Vec<u8>)>;

/// A broker that says what it is told to, and keeps what it was asked. Real brokers give none of these answers on demand.
struct Broker {
    port: u16,
    asked: Arc<Mutex<Asked>>,
}

impl Broker {
    async fn start(answers: impl FnOnce(u16) -> Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, answers) = (Arc::default(), Arc::new(Mutex::new(answers(port))));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&log)));
            }
        });
        Self { port, asked }
    }

    fn destination(&self, more: &[(&str, &str)]) -> AnyDestination {
        let brokers = format!("127.0.0.1:{}", self.port);
        let mut given = vec![("brokers", brokers.as_str()), ("encryption", "none"), ("timeout_secs", "3")];
        given.extend_from_slice(more);
        open(&given).unwrap()
    }

    /// The first sequence of each record batch that came, and its producer's id.
    fn numbers(&self) -> Vec<(i32, i64)> {
        let asked = self.asked.lock().unwrap();
        let produced = asked.iter().filter(|(key, _)| *key == Api::Produce.key());
        let number = |body: &[u8]| {
            let at = body.len() - record_bytes(body);
            let field = |offset: usize, length: usize| body[at + offset..at + offset + length].to_vec();
            let (id, sequence) = (field(43, 8), field(53, 4));
            (i32::from_be_bytes(sequence.try_into().unwrap()), i64::from_be_bytes(id.try_into().unwrap()))
        };
        produced.map(|(_, body)| number(body)).collect()
    }
}

/// Of a request for one partition, the bytes of its records, which are at its end.
fn record_bytes(body: &[u8]) -> usize {
    let mut reader = Reader::new(body);
    let _ = (reader.string(), reader.i16(), reader.i32(), reader.i32(), reader.string(), reader.i32(), reader.i32());
    reader.bytes().unwrap().len()
}

async fn serve(mut stream: TcpStream, answers: Arc<Mutex<Answers>>, asked: Arc<Mutex<Asked>>) -> io::Result<()> {
    loop {
        let mut frame = vec![0; usize::try_from(stream.read_i32().await?).unwrap()];
        stream.read_exact(&mut frame).await?;
        let key = i16::from_be_bytes(frame[..2].try_into().unwrap());
        // Key, version, correlation, and "daybook" with its length.
        asked.lock().unwrap().push((key, frame[17..].to_vec()));
        let body = {
            let mut answers = answers.lock().unwrap();
            let place = answers.iter().position(|(api, _)| api.key() == key).unwrap();
            let is_last = answers.iter().filter(|(api, _)| api.key() == key).count() == 1;
            if is_last { answers[place].1.clone() } else { answers.remove(place).1 }
        };
        if body.is_empty() {
            return Ok(());
        }
        stream.write_i32(i32::try_from(body.len() + 4).unwrap()).await?;
        stream.write_all(&frame[4..8]).await?;
        stream.write_all(&body).await?;
    }
}

fn versions() -> (Api, Vec<u8>) {
    let apis = [Api::Produce, Api::Metadata, Api::SaslHandshake, Api::InitProducerId, Api::SaslAuthenticate];
    let mut body = Writer::default();
    body.i16(0).count(apis.len());
    for api in apis {
        body.i16(api.key()).i16(0).i16(12);
    }
    (Api::Versions, body.0)
}

fn metadata_of(host: &str, port: u16, code: i16) -> (Api, Vec<u8>) {
    let mut body = Writer::default();
    body.i32(0).count(1).i32(1).string(host).i32(port.into()).null_string().null_string().i32(1);
    body.count(1).i16(code).string("1password.auditevents").i8(0);
    body.count(1).i16(0).i32(0).i32(1).count(0).count(0);
    (Api::Metadata, body.0)
}

fn producer_id(id: i64) -> (Api, Vec<u8>) {
    let mut body = Writer::default();
    body.i32(0).i16(0).i64(id).i16(0);
    (Api::InitProducerId, body.0)
}

fn produced(code: i16, bad_records: &[i32]) -> (Api, Vec<u8>) {
    let mut body = Writer::default();
    body.count(1).string("1password.auditevents").count(1).i32(0).i16(code).i64(0).i64(0).i64(0);
    body.count(bad_records.len());
    for record in bad_records {
        body.i32(*record).string("schema");
    }
    body.null_string().i32(0);
    (Api::Produce, body.0)
}

const LOST: (Api, Vec<u8>) = (Api::Produce, Vec::new());

#[tokio::test]
async fn a_batch_whose_answer_got_lost_is_sent_again_under_its_numbers() {
    let broker = Broker::start(|port| {
        vec![versions(), metadata_of("127.0.0.1", port, 0), producer_id(7), produced(0, &[]), LOST, produced(46, &[])]
    })
    .await;
    let destination = broker.destination(&[]);
    let batch = testing::batch("auditevents", 5);
    assert_eq!(destination.deliver(&batch.slice(0..2)).await, Ok(Delivered::all()));
    let error = destination.deliver(&batch.slice(2..5)).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    let delivered = destination.deliver(&batch.slice(2..5)).await;
    assert_eq!(delivered, Ok(Delivered { repeated: 3, ..Delivered::default() }));
    assert_eq!(broker.numbers(), [(0, 7), (2, 7), (2, 7)]);
}

#[tokio::test]
async fn something_else_in_between_takes_a_new_producer() {
    let broker = Broker::start(|port| {
        let ids = [producer_id(7), producer_id(8)];
        [vec![versions(), metadata_of("127.0.0.1", port, 0), LOST, produced(0, &[])], ids.to_vec()].concat()
    })
    .await;
    let destination = broker.destination(&[]);
    let batch = testing::batch("auditevents", 4);
    assert!(destination.deliver(&batch).await.is_err());
    assert_eq!(destination.deliver(&batch.slice(0..2)).await, Ok(Delivered::all()));
    assert_eq!(destination.deliver(&batch.slice(2..4)).await, Ok(Delivered::all()));
    assert_eq!(broker.numbers(), [(0, 7), (0, 8), (2, 8)]);
}

#[tokio::test]
async fn a_lost_sequence_is_mended_by_a_new_producer() {
    let broker = Broker::start(|port| {
        let answers = [produced(45, &[]), produced(0, &[])];
        [vec![versions(), metadata_of("127.0.0.1", port, 0), producer_id(7), producer_id(8)], answers.to_vec()].concat()
    })
    .await;
    let destination = broker.destination(&[]);
    let batch = testing::batch("auditevents", 4);
    assert!(matches!(destination.deliver(&batch).await, Err(DeliveryError::Retry { .. })));
    assert_eq!(destination.deliver(&batch).await, Ok(Delivered::all()));
    assert_eq!(broker.numbers(), [(0, 7), (0, 8)]);
}

#[tokio::test]
async fn records_that_the_broker_names_are_rejected_and_the_others_wait() {
    let broker =
        Broker::start(|port| vec![versions(), metadata_of("127.0.0.1", port, 0), producer_id(7), produced(87, &[1])])
            .await;
    let delivered = broker.destination(&[]).deliver(&testing::batch("auditevents", 3)).await.unwrap();
    let rejected: Vec<(usize, &str)> = delivered.rejected.iter().map(|it| (it.index, it.reason.as_str())).collect();
    assert_eq!(rejected, [(1, "schema")]);
    let unsettled = delivered.unsettled.unwrap();
    assert_eq!(unsettled.indices, [0, 2]);
    assert!(matches!(unsettled.error, DeliveryError::Retry { .. }));
}

#[tokio::test]
async fn a_broker_that_leads_into_the_network_inside_is_not_followed() {
    for host in ["169.254.169.254", "10.0.0.8"] {
        let broker = Broker::start(|port| vec![versions(), metadata_of(host, port, 0), producer_id(7)]).await;
        let error = broker.destination(&[]).deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
        let is_stopped =
            matches!(&error, DeliveryError::Stop { reason, .. } if reason.contains("must not be connected"));
        assert!(is_stopped, "{host}: {error:?}");
        assert_eq!(broker.numbers(), []);
    }
}

#[tokio::test]
async fn a_topic_that_is_not_there_stops() {
    let broker = Broker::start(|port| vec![versions(), metadata_of("127.0.0.1", port, 3)]).await;
    let error = broker.destination(&[]).deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("create_topic=true")), "{error:?}");
}

#[tokio::test]
async fn a_refused_password_stops_and_is_not_told() {
    let mut handshake = Writer::default();
    handshake.i16(0).count(1).string("PLAIN");
    let mut refused = Writer::default();
    refused.i16(58).string("Authentication failed").bytes(&[]);
    let broker =
        Broker::start(|_| vec![versions(), (Api::SaslHandshake, handshake.0), (Api::SaslAuthenticate, refused.0)])
            .await;
    let signing_in = [("sasl_mechanism", "plain"), ("username", "daybook"), ("password", "hush-hush")];
    let error = broker.destination(&signing_in).deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("password")), "{error:?}");
    assert!(!format!("{error:?}").contains("hush-hush"), "{error:?}");
    let asked = broker.asked.lock().unwrap();
    assert!(asked.iter().any(|(_, body)| body.ends_with(b"\0daybook\0hush-hush")));
}

#[tokio::test]
async fn a_black_hole_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let brokers = listener.local_addr().unwrap().to_string();
    let destination = open(&[("brokers", &brokers), ("encryption", "none"), ("timeout_secs", "2")]).unwrap();
    let error = destination.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    assert_eq!(error, DeliveryError::retry("the cluster has not acknowledged within 2 s"));
}
