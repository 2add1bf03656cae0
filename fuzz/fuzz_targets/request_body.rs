//! Request bodies of the Events API.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| daybook_server::fuzzing::parse_request(body));
