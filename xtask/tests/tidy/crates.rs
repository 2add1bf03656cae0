//! The crate picture as data: who may use whom, and which dependency has only one place.

use toml::{Table, Value};

use crate::{
    assert_none,
    repository::{SourceFile, files},
};

/// A crate of the workspace and the crates of the workspace that it may depend on. `daybook-testkit` is not in the
/// lists: every crate may have it as a dev-dependency, and none as another. `daybook-simulation` may be one everywhere, too.
const PICTURE: &[(&str, &[&str])] = &[
    ("daybook-events", &[]),
    ("daybook-client", &["daybook-events"]),
    ("daybook-store", &["daybook-events"]),
    ("daybook-simulation", &["daybook-events"]),
    ("daybook-search", &["daybook-events"]),
    ("daybook-detection", &["daybook-events"]),
    ("daybook-connectors", &["daybook-events", "daybook-client"]),
    (
        "daybook-server",
        &[
            "daybook-events",
            "daybook-client",
            "daybook-store",
            "daybook-simulation",
            "daybook-search",
            "daybook-detection",
            "daybook-connectors",
        ],
    ),
    ("daybook-testkit", &["daybook-events", "daybook-client"]),
    ("daybook-bench", &["daybook-events", "daybook-simulation"]),
    ("xtask", &["daybook-events", "daybook-client", "daybook-simulation"]),
];

/// A dependency (and what begins with its name and a dash), where it may be, and whether tests elsewhere may have it.
const ONLY_PLACES: &[(&str, &[&str], InTests)] = &[
    ("sqlx", &["daybook-store"], InTests::No),
    ("axum", &["daybook-server"], InTests::Yes),
    ("askama", &["daybook-server"], InTests::No),
    ("reqwest", &["daybook-client", "daybook-connectors", "daybook-server", "daybook-testkit", "xtask"], InTests::No),
    ("tantivy", &["daybook-search"], InTests::No),
    ("rsigma", &["daybook-detection"], InTests::No),
];

#[derive(PartialEq)]
enum InTests {
    Yes,
    No,
}

/// What Cargo.toml says of one dependency.
struct Dependency {
    krate: String,
    name: String,
    is_dev: bool,
    is_from_workspace: bool,
}

#[test]
fn crates_depend_only_as_the_picture_shows() {
    let manifests = manifests();
    let unknown = manifests.iter().filter(|(name, ..)| allowed_of(name).is_none());
    let mut findings: Vec<String> = unknown
        .map(|(name, path, _)| format!("{path}: {name} is not in the crate picture (xtask/tests/tidy/crates.rs)"))
        .collect();
    for dependency in manifests.iter().flat_map(dependencies) {
        findings.extend(against_the_picture(&dependency));
    }
    assert_none(&findings);
}

#[test]
fn a_dependency_with_one_place_is_only_there() {
    let manifests = manifests();
    assert_none(&manifests.iter().flat_map(dependencies).filter_map(|it| against_its_place(&it)).collect::<Vec<_>>());
}

#[test]
fn versions_and_lints_are_the_workspaces() {
    let manifests = manifests();
    let versions = manifests.iter().flat_map(dependencies).filter(|dependency| !dependency.is_from_workspace);
    let versions =
        versions.map(|it| format!("{}: write {}.workspace = true, with the version in Cargo.toml", it.krate, it.name));
    let has_lints = |manifest: &Table| manifest.get("lints").and_then(|lints| lints.get("workspace")).is_some();
    let lints = manifests.iter().filter(|(_, _, manifest)| !has_lints(manifest));
    let lints = lints.map(|(_, path, _)| format!("{path}: write [lints] workspace = true"));
    assert_none(&versions.chain(lints).collect::<Vec<_>>());
}

/// Name, path and content of every package's Cargo.toml.
fn manifests() -> Vec<(String, String, Table)> {
    let files = files();
    // The fuzz targets are a workspace of their own, for a compiler with other flags.
    let is_package =
        |file: &&SourceFile| file.name() == "Cargo.toml" && file.path != "Cargo.toml" && file.path != "fuzz/Cargo.toml";
    files
        .iter()
        .filter(is_package)
        .map(|file| {
            let manifest: Table = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
            let name = manifest["package"]["name"].as_str().expect("a package has a name").to_owned();
            (name, file.path.clone(), manifest)
        })
        .collect()
}

fn dependencies((krate, _, manifest): &(String, String, Table)) -> Vec<Dependency> {
    let for_targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = for_targets.filter_map(Value::as_table).chain([manifest]);
    let sections = tables.flat_map(|table| {
        ["dependencies", "build-dependencies", "dev-dependencies"].map(|section| (section, table.get(section)))
    });
    let entries = sections.flat_map(|(section, table)| {
        table.and_then(Value::as_table).into_iter().flatten().map(move |entry| (section, entry))
    });
    entries
        .map(|(section, (name, value))| Dependency {
            krate: krate.clone(),
            name: value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned(),
            is_dev: section == "dev-dependencies",
            is_from_workspace: value.get("workspace").and_then(Value::as_bool) == Some(true),
        })
        .collect()
}

fn allowed_of(krate: &str) -> Option<&'static [&'static str]> {
    PICTURE.iter().find(|(name, _)| *name == krate).map(|(_, allowed)| *allowed)
}

fn against_the_picture(dependency: &Dependency) -> Option<String> {
    let Dependency { krate, name, is_dev, .. } = dependency;
    let is_ours = name == "xtask" || name.starts_with("daybook-");
    let is_allowed = match name.as_str() {
        "daybook-testkit" => *is_dev,
        "daybook-simulation" if *is_dev => true,
        _ => allowed_of(krate).is_some_and(|allowed| allowed.contains(&name.as_str())),
    };
    (is_ours && !is_allowed).then(|| format!("{krate} must not depend on {name}: the crate picture has no such arrow"))
}

fn against_its_place(dependency: &Dependency) -> Option<String> {
    let Dependency { krate, name, is_dev, .. } = dependency;
    let is_it = |only: &str| name.strip_prefix(only).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let (only, places, in_tests) = ONLY_PLACES.iter().find(|(only, ..)| is_it(only))?;
    let is_allowed = places.contains(&krate.as_str()) || (*is_dev && *in_tests == InTests::Yes);
    (!is_allowed).then(|| format!("{krate} must not depend on {name}: {only} is only for {}", places.join(", ")))
}

#[test]
fn the_checks_find_what_they_look_for() {
    let of = |krate: &str, name: &str, is_dev| Dependency {
        krate: krate.into(),
        name: name.into(),
        is_dev,
        is_from_workspace: true,
    };
    assert!(against_the_picture(&of("daybook-events", "daybook-store", false)).is_some());
    assert!(against_the_picture(&of("daybook-store", "daybook-client", true)).is_some());
    assert!(against_the_picture(&of("daybook-store", "daybook-testkit", false)).is_some());
    assert!(against_the_picture(&of("daybook-store", "daybook-testkit", true)).is_none());
    assert!(against_its_place(&of("daybook-server", "sqlx", true)).is_some());
    assert!(against_its_place(&of("daybook-client", "axum-server", false)).is_some());
    assert!(against_its_place(&of("daybook-client", "axum", true)).is_none());
    assert!(against_its_place(&of("daybook-server", "reqwest", false)).is_none());
}
