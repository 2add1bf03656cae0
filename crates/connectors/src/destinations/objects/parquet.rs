//! Events as a Parquet file: flat columns, zstd, a row group for ten thousand events.

use std::{collections::BTreeMap, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{WriterProperties, WriterPropertiesPtr},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::{parser::parse_message_type, types::TypePtr},
};
use serde_json::value::RawValue;

use super::columns::{self, Column, Kind, Source};
use crate::{Batch, OutgoingEvent};

const ROW_GROUP_EVENTS: usize = 10_000;
/// As deep as the members of columns lie.
const DEPTH_MAX: usize = 4;

/// The events as a file.
pub(super) fn parquet_of(batch: &Batch, is_ocsf: bool) -> Vec<u8> {
    write(batch, is_ocsf).expect("memory takes every byte of our own columns")
}

fn write(batch: &Batch, is_ocsf: bool) -> Result<Vec<u8>, ParquetError> {
    let columns = if is_ocsf { columns::OCSF } else { columns::EVENT };
    let mut file = SerializedFileWriter::new(Vec::new(), schema_of(columns)?, properties())?;
    for events in batch.events.chunks(ROW_GROUP_EVENTS) {
        let mut row_group = file.next_row_group()?;
        for filled in fill(batch, events, is_ocsf) {
            let mut writer = row_group.next_column()?.expect("the schema has as many columns");
            filled.write(&mut writer)?;
            writer.close()?;
        }
        row_group.close()?;
    }
    file.into_inner()
}

fn properties() -> WriterPropertiesPtr {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(Default::default()));
    Arc::new(properties.set_created_by("Daybook".to_owned()).build())
}

fn schema_of(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let line = |column: &Column| {
        let repetition = if column.is_required() { "required" } else { "optional" };
        let name = column.name;
        match column.kind {
            Kind::Text => format!("{repetition} binary {name} (STRING);"),
            Kind::Number => format!("{repetition} int64 {name};"),
            Kind::Micros => format!("{repetition} int64 {name} (TIMESTAMP(MICROS,true));"),
        }
    };
    let lines: Vec<String> = columns.iter().map(line).collect();
    Ok(Arc::new(parse_message_type(&format!("message event {{ {} }}", lines.join(" ")))?))
}

/// The values of a column, and for each event whether it has one.
struct Filled {
    is_required: bool,
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Texts(Vec<ByteArray>),
    Numbers(Vec<i64>),
}

impl Filled {
    fn of(column: &Column) -> Self {
        let values = match column.kind {
            Kind::Text => Values::Texts(Vec::new()),
            Kind::Number | Kind::Micros => Values::Numbers(Vec::new()),
        };
        Self { is_required: column.is_required(), levels: Vec::new(), values }
    }

    fn push_text(&mut self, text: &str) {
        match &mut self.values {
            Values::Texts(values) => values.push(ByteArray::from(text)),
            Values::Numbers(values) => match text.parse() {
                Ok(number) => values.push(number),
                Err(_) => return self.levels.push(0),
            },
        }
        self.levels.push(1);
    }

    fn push_number(&mut self, number: i64) {
        match &mut self.values {
            Values::Texts(values) => values.push(ByteArray::from(number.to_string().into_bytes())),
            Values::Numbers(values) => values.push(number),
        }
        self.levels.push(1);
    }

    fn write(&self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = (!self.is_required).then_some(self.levels.as_slice());
        match &self.values {
            Values::Texts(values) => writer.typed::<ByteArrayType>().write_batch(values, levels, None)?,
            Values::Numbers(values) => writer.typed::<Int64Type>().write_batch(values, levels, None)?,
        };
        Ok(())
    }
}

fn fill(batch: &Batch, events: &[OutgoingEvent], is_ocsf: bool) -> Vec<Filled> {
    let columns = if is_ocsf { columns::OCSF } else { columns::EVENT };
    let mut filled: Vec<Filled> = columns.iter().map(Filled::of).collect();
    for event in events {
        // OCSF's columns are members of what is sent, the others of the event itself.
        let has_members = is_ocsf || batch.feature.is_wire();
        let json = if is_ocsf { &event.text } else { &event.payload };
        let members = if has_members { members_of(json) } else { BTreeMap::new() };
        for (column, filled) in columns.iter().zip(&mut filled) {
            fill_one(batch, event, column.source, &members, filled);
        }
    }
    filled
}

fn fill_one(
    batch: &Batch,
    event: &OutgoingEvent,
    source: Source,
    members: &BTreeMap<String, &RawValue>,
    filled: &mut Filled,
) {
    match source {
        Source::Uuid => filled.push_text(&event.uuid),
        Source::Time => filled.push_number(event.time.as_nanos().div_euclid(1000)),
        Source::Arrival => filled.push_number(event.arrival.as_nanos().div_euclid(1000)),
        Source::Feature => filled.push_text(batch.feature.as_str()),
        Source::Account => filled.push_text(batch.account.as_str()),
        Source::Position => filled.push_number(event.position.get()),
        Source::Raw => filled.push_text(&event.text),
        Source::Members(names) => match names.iter().find_map(|name| members.get(*name)) {
            Some(value) => filled.push_text(&plain(value)),
            None => filled.levels.push(0),
        },
    }
}

/// The members of a JSON object by their paths, such as `client.app_name`, without those that are null.
fn members_of(json: &str) -> BTreeMap<String, &RawValue> {
    let mut members = BTreeMap::new();
    collect(json, "", DEPTH_MAX, &mut members);
    members
}

fn collect<'a>(json: &'a str, above: &str, depth: usize, members: &mut BTreeMap<String, &'a RawValue>) {
    let Ok(object) = serde_json::from_str::<BTreeMap<String, &'a RawValue>>(json) else { return };
    for (name, value) in object {
        let path = if above.is_empty() { name } else { format!("{above}.{name}") };
        match value.get() {
            "null" => {}
            object if object.starts_with('{') && depth > 1 => collect(object, &path, depth - 1, members),
            _ => {
                members.insert(path, value);
            }
        }
    }
}

/// The text of a JSON string, any other value as JSON.
fn plain(value: &RawValue) -> String {
    let json = value.get();
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

#[cfg(test)]
mod tests {
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::{Field, Row},
    };

    use super::*;
    use crate::{
        format::{EventParts, HubFacts, encode},
        testing,
    };

    fn rows(batch: &Batch, is_ocsf: bool) -> Vec<Row> {
        let reader = SerializedFileReader::new(bytes::Bytes::from(parquet_of(batch, is_ocsf))).unwrap();
        reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
    }

    fn field(row: &Row, name: &str) -> Field {
        row.get_column_iter().find(|(column, _)| *column == name).unwrap().1.clone()
    }

    #[test]
    fn every_event_can_be_read_back() {
        for (feature, count) in [("auditevents", 10_002), ("signinattempts", 2), ("itemusages", 2)] {
            let batch = testing::batch(feature, count);
            let rows = rows(&batch, false);
            assert_eq!(rows.len(), batch.events.len());
            for (event, row) in batch.events.iter().zip(&rows) {
                assert_eq!(field(row, "uuid"), Field::Str(event.uuid.to_string()));
                assert_eq!(field(row, "raw"), Field::Str(event.text.to_string()));
                assert_eq!(field(row, "position"), Field::Long(event.position.get()));
                assert_eq!(field(row, "timestamp"), Field::TimestampMicros(event.time.as_nanos() / 1000));
                assert!(matches!(field(row, "actor_uuid"), Field::Str(_)));
            }
        }
    }

    #[test]
    fn columns_are_members_of_the_event_where_it_has_them() {
        let odd = r#"{"uuid":"A","aux_id":7,"used_version":"seven","type":null,"action":"say \"hi\"",
            "session":{"ip":"192.0.2.1","uuid":"S"},"actor_details":{"name":"Ann","x":{"y":{"z":{"deep":1}}}},"location":[1]}"#;
        let batch = testing::batch_of("auditevents", &[odd, "{}", "not JSON"]);
        let rows = rows(&batch, false);
        let text = |name| field(&rows[0], name);
        assert_eq!(text("action"), Field::Str("say \"hi\"".to_owned()));
        assert_eq!(
            (text("ip"), text("session_uuid")),
            (Field::Str("192.0.2.1".to_owned()), Field::Str("S".to_owned()))
        );
        assert_eq!((text("aux_id"), text("used_version")), (Field::Long(7), Field::Null));
        assert_eq!((text("type"), text("country")), (Field::Null, Field::Null));
        for row in &rows[1..] {
            assert_eq!((field(row, "action"), field(row, "ip")), (Field::Null, Field::Null));
        }
        assert_eq!(field(&rows[2], "raw"), Field::Str("not JSON".to_owned()));
    }

    #[test]
    fn other_services_have_their_events_in_raw_alone() {
        let rows = rows(&testing::batch_of("okta.system", &[r#"{"uuid":"A","action":"x"}"#]), false);
        assert_eq!(field(&rows[0], "action"), Field::Null);
        assert_eq!(field(&rows[0], "feature"), Field::Str("okta.system".to_owned()));
    }

    #[test]
    fn ocsf_has_columns_of_its_own() {
        let mut batch = testing::batch("signinattempts", 1);
        let (account, feature) = (batch.account.clone(), batch.feature.clone());
        let hub = HubFacts { name: "Daybook".to_owned(), version: "0.1.0".to_owned(), host: "hub".to_owned() };
        let event = &mut batch.events[0];
        let (time, arrival) = (event.time, event.arrival);
        let parts = EventParts { position: 1, time, arrival, payload: &event.payload, account: &account, hub: &hub };
        event.text = encode("ocsf".parse().unwrap(), &feature, &parts).into();
        let rows = rows(&batch, true);
        let value = |name| field(&rows[0], name);
        assert_eq!((value("class_uid"), value("category_uid")), (Field::Long(3002), Field::Long(3)));
        assert_eq!(value("time"), Field::Long(batch.events[0].time.as_nanos() / 1_000_000));
        assert_eq!(value("metadata_uid"), Field::Str(batch.events[0].uuid.to_string()));
        for name in ["user_uid", "user_email_addr", "src_endpoint_ip", "metadata_version", "metadata_product_name"] {
            assert!(matches!(value(name), Field::Str(_)), "{name}");
        }
        assert_eq!(value("api_operation"), Field::Null);
    }
}
