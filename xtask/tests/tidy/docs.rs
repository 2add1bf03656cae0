//! What the documents keep: links that lead somewhere, a change log to write into, decisions that can be found.

use std::path::{Component, Path};

use crate::{
    assert_none,
    repository::{SourceFile, files, root},
};

const DECISIONS: &str = "docs/decisions/";

#[test]
fn relative_links_lead_to_files() {
    let root = root();
    let files = files();
    let findings = files.iter().filter(|file| file.has_extension(&["md"])).flat_map(|file| {
        let broken = links(&file.text).into_iter().filter(|link| !leads_somewhere(&root, &file.path, link));
        broken.map(|link| format!("{}: the link to {link} leads nowhere", file.path)).collect::<Vec<_>>()
    });
    assert_none(&findings.collect::<Vec<_>>());
}

#[test]
fn the_change_log_has_a_place_for_the_next_release() {
    let files = files();
    let change_log = files.iter().find(|file| file.path == "CHANGELOG.md");
    let is_wrong = change_log.is_some_and(|file| !file.text.lines().any(|line| line.trim_end() == "## Unreleased"));
    assert!(!is_wrong, "CHANGELOG.md: has no heading `## Unreleased`, where the next change writes its line");
}

#[test]
fn every_decision_is_listed() {
    assert_none(&unlisted_decisions(&files()));
}

fn unlisted_decisions(files: &[SourceFile]) -> Vec<String> {
    let list = files.iter().find(|file| file.path == format!("{DECISIONS}README.md"));
    let listed = list.map(|file| links(&file.text)).unwrap_or_default();
    let records = files.iter().filter(|file| file.path.starts_with(DECISIONS) && file.has_extension(&["md"]));
    records
        .filter(|file| {
            file.name() != "README.md" && !listed.iter().any(|link| link.trim_start_matches("./") == file.name())
        })
        .map(|file| format!("{}: is not linked from {DECISIONS}README.md", file.path))
        .collect()
}

/// The relative links of a document, without their anchors; code is not looked at.
fn links(markdown: &str) -> Vec<String> {
    let mut in_code = false;
    let prose = markdown.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    });
    prose.flat_map(links_of_line).collect()
}

fn links_of_line(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let reference = prose.split_once("]: ").filter(|(start, _)| start.starts_with('[')).map(|(_, target)| target);
    let targets = inline.chain(reference.and_then(|target| target.split(' ').next()));
    targets
        .map(|target| target.trim_matches(['<', '>']))
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .filter(|target| !target.is_empty())
        .collect()
}

/// Whether a link of a document leads to something inside the repository.
fn leads_somewhere(root: &Path, document: &str, link: &str) -> bool {
    let target = Path::new(document).parent().unwrap_or(Path::new("")).join(link);
    let depth = target.components().try_fold(0_usize, |depth, component| match component {
        Component::Normal(_) => Some(depth + 1),
        Component::CurDir => Some(depth),
        Component::ParentDir => depth.checked_sub(1),
        Component::RootDir | Component::Prefix(_) => None,
    });
    depth.is_some() && root.join(target).exists()
}

#[test]
fn the_checks_find_what_they_look_for() {
    let markdown = "[a](b.md#c), [d](../e) and ![f](g.png \"h\")\n```\n[code](x)\n```\n`[code](y)` [web](https://z.example) [i](#j)\n\
                    [k]: l.md\n";
    assert_eq!(links(markdown), ["b.md", "../e", "g.png", "l.md"]);
    assert!(leads_somewhere(&root(), "xtask/README.md", "src/main.rs"));
    assert!(!leads_somewhere(&root(), "xtask/README.md", "src/missing.rs"));
    assert!(!leads_somewhere(&root(), "README.md", "../elsewhere"));
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    let listed = file("docs/decisions/README.md", "- [One](0001-one.md)\n");
    let (one, two) = (file("docs/decisions/0001-one.md", ""), file("docs/decisions/0002-two.md", ""));
    assert_eq!(
        unlisted_decisions(&[listed, one, two]),
        ["docs/decisions/0002-two.md: is not linked from docs/decisions/README.md"]
    );
}
