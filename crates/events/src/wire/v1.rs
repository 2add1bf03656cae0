//! The v1 form of an event: what came in, less the members that v2 brought.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

const NEW_IN_V2: [&str; 3] = ["account_uuid", "actor_type", "actor_account_uuid"];
const NEW_IN_V2_PERSON: [&str; 3] = ["user_type", "type", "user_account_uuid"];
const PEOPLE: [&str; 5] = ["target_user", "user", "actor_details", "object_details", "aux_details"];

/// Appends the v1 form of `payload` to `out`. A payload that is no JSON object goes out as it is.
pub fn write_v1(payload: &str, out: &mut Vec<u8>) {
    let start = out.len();
    if write_without(payload, &NEW_IN_V2, true, out).is_err() {
        out.truncate(start);
        out.extend_from_slice(payload.as_bytes());
    }
}

fn write_without(json: &str, dropped: &[&str], with_people: bool, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let Members(members) = serde_json::from_str(json)?;
    out.push(b'{');
    let mut first = true;
    for (name, value) in members.iter().filter(|(name, _)| !dropped.contains(&name.as_ref())) {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, name)?;
        out.push(b':');
        let is_person = with_people && PEOPLE.contains(&name.as_ref()) && value.get().starts_with('{');
        if is_person {
            write_without(value.get(), &NEW_IN_V2_PERSON, false, out)?;
        } else {
            out.extend_from_slice(value.get().as_bytes());
        }
    }
    out.push(b'}');
    Ok(())
}

/// The members of an object in their order, values unparsed.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn v1(payload: &str) -> String {
        let mut out = Vec::new();
        write_v1(payload, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_v2_brought_is_left_out() {
        assert_eq!(
            v1(
                r#"{"uuid":"A","account_uuid":"B","type":"mfa_ok","target_user":{"uuid":"C","type":"user","user_type":"user","shoe":44,"user_account_uuid":"B"},"n\"ew":[1, 2]}"#
            ),
            r#"{"uuid":"A","type":"mfa_ok","target_user":{"uuid":"C","shoe":44},"n\"ew":[1, 2]}"#
        );
        assert_eq!(
            v1(r#"{"actor_type":"user","actor_account_uuid":"B","actor_details":null,"action":"join"}"#),
            r#"{"actor_details":null,"action":"join"}"#
        );
        assert_eq!(v1("{}"), "{}");
    }

    #[test]
    fn what_is_no_object_goes_out_as_it_is() {
        assert_eq!(v1("[1]"), "[1]");
    }
}
