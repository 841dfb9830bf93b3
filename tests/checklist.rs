//! `tests/CHECKLIST.md` names tests that exist, and has a test or a reason for every requirement.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The requirements that are numbered, by their letter.
const NUMBERED: [(&str, usize); 8] =
    [("N", 19), ("A", 34), ("C", 10), ("J", 19), ("B", 9), ("S", 12), ("M", 15), ("P", 5)];

fn checklist() -> String {
    fs::read_to_string(Path::new(ROOT).join("tests/CHECKLIST.md")).unwrap()
}

/// The text in backquotes that looks like the path of a test.
fn named_tests(document: &str) -> Vec<&str> {
    let crates = [
        "accounts",
        "argon2_simd",
        "browser",
        "clients",
        "cloud",
        "gateway",
        "handlers",
        "journey",
        "login",
        "register",
        "shared",
        "template",
        "validate",
        "verifiers",
    ];
    let quoted = document.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| {
        let (first, rest) = text.split_once("::").unwrap_or_default();
        crates.contains(&first) && rest != "…" && !rest.is_empty()
    };
    quoted.filter(is_path).collect()
}

/// The file of a module, and the rest of the path in it.
fn file_of(path: &str) -> Option<(PathBuf, &str)> {
    let (first, rest) = path.split_once("::")?;
    if first == "template" {
        return Some((Path::new(ROOT).join("tests/template/template_test.py"), rest));
    }
    if first == "clients" || first == "verifiers" {
        return Some((Path::new(ROOT).join(format!("tests/{first}/main.rs")), rest));
    }
    if first == "browser" || first == "gateway" {
        let (module, rest) = rest.split_once('.')?;
        let file = Path::new(ROOT).join(format!("tests/{first}/{module}_test.py"));
        return file.is_file().then_some((file, rest));
    }
    let folder = Path::new(ROOT).join(match first {
        "accounts" => "tools/accounts/src".to_owned(),
        "argon2_simd" => "shared/argon2-simd/src".to_owned(),
        "shared" => "shared/src".to_owned(),
        "cloud" | "handlers" | "journey" => format!("tests/{first}"),
        function => format!("functions/{function}/src"),
    });
    // The deepest module with a file of its own.
    let ends: Vec<_> = rest.match_indices("::").map(|(end, _)| end).collect();
    ends.into_iter().rev().find_map(|end| {
        let file = folder.join(format!("{}.rs", rest[..end].replace("::", "/")));
        file.is_file().then(|| (file, &rest[end + 2..]))
    })
}

/// Returns true if there is such a test: with its attribute, or a rule of both stores that is run by its name.
fn exists(path: &str) -> bool {
    let Some((file, rest)) = file_of(path) else { return false };
    let text = fs::read_to_string(&file).unwrap();
    if file.extension().is_some_and(|extension| extension == "py") {
        let Some((class, test)) = rest.split_once('.') else { return false };
        let class = text.split_once(&format!("\nclass {class}("));
        let Some((base, class)) = class.and_then(|(_, class)| class.split_once("):")) else { return false };
        if !base.ends_with("Case") {
            return false;
        }
        let class = class.split("\nclass ").next().unwrap_or_default();
        return test.starts_with("test_") && class.contains(&format!("\n    def {test}(self):"));
    }
    let name = rest.rsplit("::").next().unwrap_or_default();
    let modules_are_there =
        rest.split("::").all(|part| part == name || text.contains(&format!("mod {part} {{")));
    modules_are_there
        && text.split_once(&format!("fn {name}(")).is_some_and(|(before, _)| {
            let attributes = before.trim_end().rsplit("\n\n").next().unwrap_or_default();
            attributes.contains("test]") || is_run_by_name(path, name, &text)
        })
}

fn is_run_by_name(path: &str, name: &str, text: &str) -> bool {
    if path.starts_with("shared::store::contract::") {
        return text.lines().any(|line| line.trim() == name);
    }
    let journeys = fs::read_to_string(Path::new(ROOT).join("tests/journey/main.rs")).unwrap();
    path.starts_with("journey::") && journeys.contains(&format!("async fn {name}()"))
}

#[test]
fn every_test_that_is_named_exists() {
    let document = checklist();
    let named = named_tests(&document);
    assert!(named.len() > 200, "{}", named.len());
    let missing: Vec<_> = named.into_iter().filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_test_that_does_not_exist_is_missed() {
    for path in [
        "handlers::bodies::only_post_is_allowe",
        "handlers::bodies::assert_response",
        "handlers::nowhere::only_post_is_allowed",
        "handlers::bodies::forms::only_post_is_allowed",
        "shared::store::contract::account",
        "shared::nowhere::tests::weak_secrets_are_refused",
        "journey::accounts::is_refused",
        "gateway::journey.Journey.test_nothing",
        "gateway::nowhere.Journey.test_what_is_no_route_is_not_found",
        "browser::session.Session.test_nothing",
        "clients::run",
        "template::Api.test_nothing",
        "template::Api.setUp",
        "template::Data.test_the_cache_time_is_explicit",
    ] {
        assert!(!exists(path), "{path}");
    }
}

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let document = checklist();
    for (letter, last) in NUMBERED {
        for number in 1..=last {
            let row = format!("\n| {letter}{number} | ");
            assert!(document.contains(&row), "{letter}{number}");
        }
    }
    for line in document.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() >= 2 && cells[1..].iter().all(|cell| !cell.is_empty()), "{line}");
    }
}
