//! Checks on the text of source files.
//!
//! Clippy sees code; this sees what clippy cannot: headers, sizes, the places of trust.

use super::Tree;

/// Longest source file, not counting what follows the first `#[cfg(test)]`.
const LINES_MAX: usize = 450;

/// Where system calls live, and the tests of what they do to a process.
const TRUSTED_DIRS: &[&str] = &["crates/mmap-io/src/sys", "crates/mmap-io/tests/"];

/// Where a `Root` may be made outside of `mmap-io`, once in each file.
const FRONT_DOORS: &[&str] = &[
    "crates/engine/src/root.rs",
    "crates/sluicegate/src/main.rs",
    "crates/testkit/src/root.rs",
];

/// Strings that nothing finished contains. Assembled, or this file would find itself.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
];

/// Directories of somebody's machine.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

pub(super) fn check(tree: &Tree, faults: &mut Vec<String>) {
    for (name, text) in tree.rust() {
        header(name, text, faults);
        size(name, text, faults);
        trust(name, text, faults);
        unfinished(name, text, faults);
    }
    for (name, text) in tree.texts() {
        machine_paths(name, text, faults);
    }
}

/// Every file starts by saying what it is.
fn header(name: &str, text: &str, faults: &mut Vec<String>) {
    // A compile-fail test is read by a compiler, not by people.
    let ok = text.starts_with("//!") || text.starts_with("#![doc = include_str!");
    if !ok && !name.contains("/tests/ui/") {
        faults.push(format!("{name}: does not start with `//!`"));
    }
}

fn size(name: &str, text: &str, faults: &mut Vec<String>) {
    if name.contains("/tests/") {
        return;
    }
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .count();
    if lines > LINES_MAX {
        faults.push(format!(
            "{name}: {lines} lines without tests, at most {LINES_MAX}"
        ));
    }
}

/// Unsafe code: in `mmap-io/src/sys`, the declaration of `Root::open`, and one line at each front
/// door. Tests, examples and benches may open a `Root` and nothing else.
fn trust(name: &str, text: &str, faults: &mut Vec<String>) {
    if TRUSTED_DIRS.iter().any(|dir| name.starts_with(dir)) {
        return;
    }
    let mut doors = 0;
    for (at, line) in text.lines().enumerate() {
        if !has_unsafe(line) {
            continue;
        }
        let in_mmap_io = name.starts_with("crates/mmap-io/");
        let opens_root = line.contains("Root::open(");
        let declares = line
            .trim_start()
            .starts_with(concat!("pub un", "safe fn open("));
        let is_test = ["/tests/", "/examples/", "/benches/"]
            .iter()
            .any(|dir| name.contains(dir));
        if FRONT_DOORS.contains(&name) && opens_root {
            doors += 1;
        } else if !(is_test && opens_root) && !(in_mmap_io && (opens_root || declares)) {
            faults.push(format!(
                "{name}:{}: code that asks for trust belongs in mmap-io/src/sys",
                at + 1
            ));
        }
    }
    if doors > 1 {
        faults.push(format!(
            "{name}: a front door makes a Root in one line, not in {doors}"
        ));
    }
}

/// Whether the keyword occurs in code: comments and the names of lints do not count.
fn has_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let keyword = concat!("un", "safe");
    code.match_indices(keyword).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
        let before = code[..at].chars().next_back();
        let after = code[at + keyword.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

fn unfinished(name: &str, text: &str, faults: &mut Vec<String>) {
    for (at, line) in text.lines().enumerate() {
        if UNFINISHED.iter().any(|mark| line.contains(mark)) {
            faults.push(format!("{name}:{}: unfinished: {}", at + 1, line.trim()));
        }
    }
}

fn machine_paths(name: &str, text: &str, faults: &mut Vec<String>) {
    if name.starts_with("testdata/") {
        return;
    }
    for (at, line) in text.lines().enumerate() {
        // `$HOME/work/` and the like are not absolute: the slash must start the path.
        let absolute = |path: &str| {
            let starts = |at: usize| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || "._-}*<>".contains(c))
            };
            line.match_indices(path).any(|(at, _)| starts(at))
        };
        if MACHINE_PATHS.iter().any(|path| absolute(path)) {
            faults.push(format!("{name}:{}: absolute path of a machine", at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keyword_counts_as_unsafe() {
        assert!(has_unsafe(concat!("let x = un", "safe { f() };")));
        assert!(has_unsafe(concat!("pub un", "safe fn f() {")));
        assert!(!has_unsafe(concat!("#![forbid(un", "safe_code)]")));
        assert!(!has_unsafe(concat!("// un", "safe in a comment")));
    }

    #[test]
    fn a_second_root_at_a_front_door_is_a_fault() {
        let line = concat!("un", "safe { Root::open(vfs, dir) }\n");
        let mut faults = Vec::new();
        trust("crates/engine/src/root.rs", line, &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        trust("crates/engine/src/root.rs", &line.repeat(2), &mut faults);
        trust("crates/engine/src/scan.rs", line, &mut faults);
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
