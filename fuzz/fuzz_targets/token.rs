//! Bearer tokens that clients send.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| daybook_server::fuzzing::parse_token(text));
