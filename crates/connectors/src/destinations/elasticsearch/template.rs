//! The index template for documents in ECS and OCSF: fields that are no keywords get their types, all other texts are
//! keywords. A value that is not of its field's type is kept in the document and not searched: an odd event is better
//! there than refused. Elasticsearch 8 and 9 and OpenSearch 2 and 3 know all of it.

use serde_json::{Value, json};

use super::target::{Shape, Target};

/// Above the templates of Elasticsearch itself (100) and of integrations (200).
const PRIORITY: u32 = 250;

/// Its name.
pub(super) fn name(target: &Target) -> String {
    format!("daybook-{}", target.name)
}

/// What to put there: a template for this data stream alone.
pub(super) fn body(target: &Target, shape: Shape) -> Value {
    let properties = if shape == Shape::Ocsf { ocsf() } else { ecs() };
    json!({
        "index_patterns": [target.name],
        "priority": PRIORITY,
        "data_stream": {},
        "template": {
            "mappings": {
                "date_detection": false,
                "dynamic_templates": [{
                    "texts": { "match_mapping_type": "string", "mapping": { "type": "keyword", "ignore_above": 8191 } }
                }],
                "properties": properties,
            }
        },
        "_meta": { "description": "Events of a Daybook destination" },
    })
}

fn ecs() -> Value {
    let (date, long, ip) = (lenient("date"), lenient("long"), lenient("ip"));
    json!({
        "@timestamp": { "type": "date" },
        "event": { "properties": {
            "created": date,
            "ingested": date,
            "original": unsearched(),
            "sequence": long,
            "severity": long,
        } },
        "source": { "properties": { "ip": ip, "geo": { "properties": { "location": lenient("geo_point") } } } },
        "related": { "properties": { "ip": ip } },
        "onepassword": { "properties": {
            "aux_id": long,
            "used_version": long,
            "session": { "properties": { "login_time": date } },
        } },
    })
}

fn ocsf() -> Value {
    let (date, ip) = (lenient("date"), lenient("ip"));
    json!({
        "@timestamp": { "type": "date" },
        "time": date,
        "metadata": { "properties": { "logged_time": date } },
        "raw_data": unsearched(),
        "src_endpoint": { "properties": { "ip": ip } },
    })
}

fn lenient(kind: &str) -> Value {
    json!({ "type": kind, "ignore_malformed": true })
}

/// The event's own text: for reading, not for searching.
fn unsearched() -> Value {
    json!({ "type": "keyword", "index": false, "doc_values": false })
}
