//! Bodies of ingest requests: the first byte chooses feature and coding.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((selector, body)) = input.split_first() {
        daybook_server::fuzzing::ingest_body(*selector, body);
    }
});
