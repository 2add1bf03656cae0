//! Names of people, machines and the company, all made up.

/// Given names, with their spelling in an address.
#[rustfmt::skip]
static GIVEN: [(&str, &str); 44] = [
    ("Robin", "robin"), ("Sam", "sam"), ("Zoë", "zoe"), ("Mika", "mika"), ("Aroha", "aroha"), ("Jonas", "jonas"),
    ("Wanja", "wanja"), ("Ines", "ines"), ("Tane", "tane"), ("Greta", "greta"), ("Otieno", "otieno"),
    ("Clara", "clara"), ("Łukas", "lukas"), ("Nia", "nia"), ("Piet", "piet"), ("Amina", "amina"), ("Søren", "soren"),
    ("Hana", "hana"), ("Emil", "emil"), ("Kiri", "kiri"), ("Bruno", "bruno"), ("Liv", "liv"), ("Omar", "omar"),
    ("Thea", "thea"), ("Ravi", "ravi"), ("Elif", "elif"), ("Hugo", "hugo"), ("Maren", "maren"), ("Kofi", "kofi"),
    ("Noor", "noor"), ("Felix", "felix"), ("Anouk", "anouk"), ("Jun", "jun"), ("Sana", "sana"), ("Willem", "willem"),
    ("Tess", "tess"), ("Dario", "dario"), ("Frida", "frida"), ("Mateo", "mateo"), ("Yara", "yara"), ("Colm", "colm"),
    ("Edda", "edda"), ("Imran", "imran"), ("Rosa", "rosa"),
];

#[rustfmt::skip]
static FAMILY: [&str; 46] = [
    "Vale", "Ode", "Fernhill", "Marlow", "Quayle", "Brandau", "Kestrel", "Osei", "Tamahori", "Lindqvist", "Achterberg",
    "Wairimu", "Solberg", "Pemberly", "Castellan", "Nowell", "Harrow", "Sandvik", "Rangi", "Thistle", "Okello", "Feld",
    "Grayling", "Montrose", "Ashdown", "Kaplan", "Birch", "Ngata", "Winterbourne", "Sorrel", "Dahl", "Moana", "Ferro",
    "Lachance", "Whitlock", "Juma", "Tremain", "Varga", "Holloway", "Kimani", "Oakes", "Beaumont", "Strand", "Parata",
    "Rosewarne", "Zeller",
];

#[rustfmt::skip]
static DOMAINS: [&str; 12] = [
    "larkspur.example", "tidewell.example", "quillmark.example", "fernandrow.example", "copperbay.example",
    "northlamp.example", "heronworks.example", "saltmarsh.example", "brightloom.example", "stonepier.example",
    "willowgate.example", "amberline.example",
];

#[rustfmt::skip]
static SERVICES: [&str; 8] = [
    "Release Pipeline", "Nightly Backup", "Deploy Runner", "Certificate Renewal", "Report Builder",
    "Database Migrator", "Inventory Sync", "Smoke Tests",
];

/// The company's domain.
pub(crate) fn domain(number: u64) -> &'static str {
    DOMAINS[(number % DOMAINS.len() as u64) as usize]
}

/// Name and local part of the address of the n-th person; every address of a company differs. Companies differ by
/// `shift`, which says whose name comes first.
pub(crate) fn person(number: u64, shift: u64) -> (String, String) {
    let (givens, families) = (GIVEN.len() as u64, FAMILY.len() as u64);
    let (place, row) = (number % givens, number / givens);
    let (given, address) = GIVEN[((place + shift) % givens) as usize];
    // Neighbours are 17 family names apart, and no pair comes twice before all have come once.
    let family = FAMILY[((row + 17 * place + shift) % families) as usize];
    let round = row / families;
    let suffix = if round == 0 { String::new() } else { (round + 1).to_string() };
    (format!("{given} {family}"), format!("{address}.{}{suffix}", family.to_ascii_lowercase()))
}

/// The name of the n-th service account.
pub(crate) fn service(number: u32) -> String {
    let name = SERVICES[number as usize % SERVICES.len()];
    let round = number as usize / SERVICES.len();
    if round == 0 { name.to_owned() } else { format!("{name} {}", round + 1) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_people_share_an_address() {
        let addresses: HashSet<String> = (0..100_000).map(|number| person(number, 31).1).collect();
        assert_eq!(addresses.len(), 100_000);
    }
}
