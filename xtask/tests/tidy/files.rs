//! What every file keeps: a size to be read in one pass, words on top, no left-overs, no white space to trip over.

use crate::{
    assert_none,
    repository::{SourceFile, files},
};

const CODE_LINES_MAX: usize = 500;

/// Left-overs, in two halves so that this file has none. The second is whether it must stand alone as a word.
const LEFT_OVERS: &[(&[&str], bool)] = &[
    (&["todo", "!"], false),
    (&["unimplemented", "!"], false),
    (&["dbg", "!"], false),
    (&["FIX", "ME"], true),
    (&["XX", "X"], true),
];

/// Hosts of package registries, in parts so that this file names none.
const REGISTRY_HOSTS: &[&[&str]] = &[
    &["crates", ".io"],
    &["static.rust-", "lang.org"],
    &["pypi", ".org"],
    &["python", "hosted.org"],
    &["npm", "js.org"],
    &["npm", "js.com"],
    &["deb.", "debian.org"],
    &["security.", "debian.org"],
    &["ftp.", "debian.org"],
    &["proxy.", "golang.org"],
];
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

#[test]
fn a_source_file_is_short_enough_to_proofread() {
    assert_none(&of(&["rs"], |file| {
        let lines = code_lines(&file.text);
        let rule = format!("{lines} lines before its tests, more than {CODE_LINES_MAX}: divide it");
        if lines > CODE_LINES_MAX { vec![rule] } else { Vec::new() }
    }));
}

#[test]
fn a_source_file_says_on_top_what_lives_in_it() {
    assert_none(&of(&["rs"], |file| match file.text.starts_with("//!") {
        true => Vec::new(),
        false => vec!["begin it with a `//!` that says what lives here".to_owned()],
    }));
}

#[test]
fn sql_says_on_top_what_it_is_for() {
    let sql = |file: &SourceFile| file.path.starts_with("crates/store/sql/");
    assert_none(&of(&["sql"], |file| match sql(file) && !file.text.starts_with("-- ") {
        true => vec!["begin it with a `-- ` comment that says its purpose and index".to_owned()],
        false => Vec::new(),
    }));
}

#[test]
fn nothing_is_left_over() {
    assert_none(&of(&["rs", "sql", "toml", "html", "css", "js", "sh"], |file| {
        let found = LEFT_OVERS.iter().map(|(parts, alone)| (parts.concat(), *alone));
        found.filter(|(word, alone)| holds(&file.text, word, *alone)).map(|(word, _)| format!("has a {word}")).collect()
    }));
}

#[test]
fn white_space_is_plain() {
    assert_none(&of(&["rs", "sql", "toml", "md", "html", "css", "js", "sh"], |file| {
        let numbered = file.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let wrong = numbered.filter_map(|(number, line)| match line {
            line if line.contains('\t') => Some(format!("line {number} has a tab")),
            line if line.ends_with([' ', '\r']) => Some(format!("line {number} ends with white space")),
            _ => None,
        });
        let end = (!file.text.is_empty() && !file.text.ends_with('\n')).then(|| "ends without a new line".to_owned());
        wrong.chain(end).collect()
    }));
}

#[test]
fn no_file_names_the_host_of_a_package_registry() {
    let files = files();
    let others = files.iter().filter(|file| !LOCK_FILES.contains(&file.name()));
    let findings = others.flat_map(|file| {
        let hosts = REGISTRY_HOSTS.iter().map(|parts| parts.concat()).filter(|host| file.text.contains(host.as_str()));
        hosts.map(|host| format!("{}: names {host}; say what it is for instead", file.path)).collect::<Vec<_>>()
    });
    assert_none(&findings.collect::<Vec<_>>());
}

/// The findings of a rule in all files with one of these extensions, each with its path.
fn of(extensions: &[&str], rule: impl Fn(&SourceFile) -> Vec<String>) -> Vec<String> {
    let files = files();
    let chosen = files.iter().filter(|file| file.has_extension(extensions));
    chosen.flat_map(|file| rule(file).into_iter().map(move |finding| format!("{}: {finding}", file.path))).collect()
}

/// The lines before a module of tests that ends the file.
fn code_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let is_start = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests");
    lines.windows(2).position(is_start).unwrap_or(lines.len())
}

fn holds(text: &str, word: &str, alone: bool) -> bool {
    let is_part = |other: Option<char>| alone && other.is_some_and(|other| other.is_alphanumeric() || other == '_');
    text.match_indices(word)
        .any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

#[test]
fn the_checks_find_what_they_look_for() {
    assert_eq!(code_lines("//! x\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n"), 3);
    assert_eq!(code_lines("a\nb\n"), 2);
    let (word, part) = (["XX", "X"].concat(), ["XX", "XX"].concat());
    assert!(holds(&format!("a {word}: b"), &word, true));
    assert!(!holds(&format!("name.{part}"), &word, true));
    assert!(holds(&["do_dbg", "!(1)"].concat(), &["dbg", "!"].concat(), false));
}
