//! `cargo xtask tidy`: what a reviewer would otherwise have to look for.
//!
//! Every check looks at the files that git knows and says what is wrong in one line a fault. It
//! runs as a test as well, so `cargo test` alone notices.

mod layout;
mod source;

use crate::run::{Done, files, root};

/// The tree that is checked: names relative to the root, and the text of those that are text.
struct Tree {
    files: Vec<(String, Option<String>)>,
}

impl Tree {
    fn load() -> Result<Tree, String> {
        const TEXT: &[&str] = &[".rs", ".toml", ".md", ".py", ".sh", ".yml"];
        let mut loaded = Vec::new();
        for name in files()? {
            let stored = name.starts_with("testdata/") && !name.ends_with("README.md");
            let is_text =
                !stored && (TEXT.iter().any(|ext| name.ends_with(ext)) || name == ".ci/run");
            let read = |name: &str| {
                let text = std::fs::read_to_string(root().join(name));
                text.map_err(|e| format!("{name}: {e}"))
            };
            let text = if is_text { Some(read(&name)?) } else { None };
            loaded.push((name, text));
        }
        Ok(Tree { files: loaded })
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
    }

    /// Rust sources: (name, text).
    fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(name, _)| name.ends_with(".rs"))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts()
            .find(|(file, _)| *file == name)
            .map(|(_, text)| text)
    }

    fn has(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        let below = format!("{name}/");
        self.files
            .iter()
            .any(|(file, _)| file == name || file.starts_with(&below))
    }

    /// Names of the crates below `crates/`.
    fn crates(&self) -> Vec<&str> {
        let manifest = |name: &'_ str| -> bool {
            name.starts_with("crates/")
                && name.ends_with("/Cargo.toml")
                && name.matches('/').count() == 2
        };
        let names = self
            .files
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| manifest(name));
        names.filter_map(|name| name.split('/').nth(1)).collect()
    }
}

/// Prints the faults, if any, and fails.
pub(crate) fn run() -> Done {
    let faults = faults()?;
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    if faults.is_empty() {
        println!("tidy: nothing to say");
        return Ok(());
    }
    Err(format!("{} faults", faults.len()))
}

fn faults() -> Result<Vec<String>, String> {
    let tree = Tree::load()?;
    let mut faults = Vec::new();
    source::check(&tree, &mut faults);
    layout::check(&tree, &mut faults)?;
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        assert_eq!(faults().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_a_source_file_is_named() {
        let text = [
            "fn f() {",
            &format!("    {}!()", "todo"),
            &format!("    {} {{ g() }}", "unsafe"),
            &format!("    open(\"/{}/x\")", "work"),
            "}",
        ];
        let file = ("crates/txn/src/f.rs".to_owned(), Some(text.join("\n")));
        let mut faults = Vec::new();
        source::check(&Tree { files: vec![file] }, &mut faults);
        for expected in ["`//!`", "unfinished", "asks for trust", "absolute path"] {
            assert!(
                faults.iter().any(|f| f.contains(expected)),
                "{expected}: {faults:?}"
            );
        }
        assert_eq!(faults.len(), 4, "{faults:?}");
    }
}
