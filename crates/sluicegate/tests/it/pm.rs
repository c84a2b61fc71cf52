//! `sluice pm`: what it prints, what it writes, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::{case, copy_dir, entries, temp_dir};

use crate::support::{assert_refused, run, run_words};

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pm")
}

/// Every file below `dir` with its bytes and age, by path, but for the sidecars.
fn all_but_sidecars(dir: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    files(dir)
        .filter(|path| !path.ends_with("_pm"))
        .map(|path| {
            let changed = fs::metadata(&path).unwrap().modified().unwrap();
            (path.clone(), fs::read(&path).unwrap(), changed)
        })
        .collect()
}

/// The sidecars below `dir`.
fn sidecars(dir: &Path) -> Vec<PathBuf> {
    files(dir).filter(|path| path.ends_with("_pm")).collect()
}

fn files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let paths = entries(dir).unwrap().into_iter();
    paths
        .map(|name| dir.join(name))
        .filter(|path| path.is_file())
        .collect::<Vec<_>>()
        .into_iter()
}

/// A database root with one table `t` that has Parquet partitions, one that has none, and no
/// sidecar.
fn database(root: &Path) -> PathBuf {
    let table = root.join("t");
    copy_dir(&case("questdb/parquet_o3/after3").table(), &table).unwrap();
    copy_dir(&case("questdb/by_day").table(), &root.join("native")).unwrap();
    fs::write(root.join("_readme.txt"), b"no table").unwrap();
    assert!(sidecars(root).is_empty());
    table
}

#[test]
fn generate_takes_a_file_a_table_or_a_root_and_touches_nothing_else() {
    let scratch = temp_dir();
    let root = scratch.path();
    let table = database(root);
    let before = all_but_sidecars(root);
    let parquet: Vec<_> = before
        .iter()
        .filter(|f| f.0.ends_with("data.parquet"))
        .map(|f| f.0.clone())
        .collect();
    assert_eq!(parquet.len(), 2);

    let ran = run_words("pm generate @ --dry-run", root, root);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(
        ran.text().matches("would write").count(),
        2,
        "{}",
        ran.text()
    );
    assert!(sidecars(root).is_empty(), "a dry run writes nothing");

    let ran = run_words("pm generate @", &parquet[0], root);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.text().starts_with("written"), "{}", ran.text());
    assert_eq!(sidecars(root), [parquet[0].with_file_name("_pm")]);

    let ran = run_words("pm generate @ --json", &table, root);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    let states: Vec<_> = (0..2)
        .map(|i| report["files"][i]["status"].as_str())
        .collect();
    assert_eq!(states, [Some("kept"), Some("written")]);
    assert_eq!(sidecars(root).len(), 2);

    let ran = run_words("pm generate @", root, root);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.text().matches("kept").count(), 2, "{}", ran.text());
    for sidecar in sidecars(root) {
        let against = sidecar.with_file_name("data.parquet");
        let ran = run_words("pm verify @ --against #", &sidecar, &against);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    }
    assert!(all_but_sidecars(root) == before, "nothing else changed");
}

#[test]
fn generate_says_what_it_skipped_and_does_the_rest() {
    let scratch = temp_dir();
    let root = scratch.path();
    let table = database(root);
    let parquet = all_but_sidecars(&table)
        .into_iter()
        .find(|f| f.0.ends_with("data.parquet"))
        .unwrap();
    fs::write(&parquet.0, &parquet.1[..40]).unwrap();
    let ran = run_words("pm generate @", root, root);
    assert_eq!(ran.code, 1, "a script can tell");
    assert_eq!(ran.text().matches("written").count(), 1, "{}", ran.text());
    assert_eq!(ran.text().matches("skipped").count(), 1, "{}", ran.text());
    let empty = temp_dir();
    let ran = run_words("pm generate @", empty.path(), root);
    assert_refused(&ran, 2, &["neither a table nor a Parquet file"]);
    let ran = run_words("pm generate @", &root.join("nothing"), root);
    assert_refused(&ran, 1, &["nothing", "not found"]);
}

#[test]
fn checksums_are_written_on_request_and_checked_against_the_data() {
    let scratch = temp_dir();
    let table = database(scratch.path());
    let ran = run_words("pm generate @ --checksums", &table, &table);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let sidecar = sidecars(&table).swap_remove(0);
    let against = sidecar.with_file_name("data.parquet");
    let ran = run_words("pm verify @ --against #", &sidecar, &against);
    assert_eq!(ran.code, 0, "{}", ran.text());
    let shown = run_words("pm inspect @ --json", &sidecar, &against);
    let shown: Value = serde_json::from_str(shown.text()).unwrap();
    let chunk = &shown["snapshots"][0]["row_groups"][0]["chunks"][0];
    let start = usize::try_from(chunk["byte_range_start"].as_u64().unwrap()).unwrap();
    let mut data = fs::read(&against).unwrap();
    data[start + 20] ^= 1;
    fs::write(&against, data).unwrap();
    assert_eq!(run_words("pm verify @", &sidecar, &against).code, 0);
    let ran = run_words("pm verify @ --against #", &sidecar, &against);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
    assert!(
        ran.text().contains("row group 0, column 0"),
        "{}",
        ran.text()
    );
    assert!(ran.text().contains("checksum mismatch"), "{}", ran.text());
}

#[test]
fn inspect_prints_the_very_object_of_every_vector() {
    let mut seen = 0;
    for entry in fs::read_dir(vectors()).unwrap() {
        let path = entry.unwrap().path();
        let json = path.with_extension("json");
        if path.extension().is_none_or(|e| e != "pm") {
            continue;
        }
        let vector: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
        let ran = run_words("pm inspect @ --json", &path, &path);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (0, ""),
            "{}",
            path.display()
        );
        assert_eq!(ran.text().lines().count(), 1, "one object and nothing else");
        let printed: Value = serde_json::from_str(ran.text()).unwrap();
        assert!(printed == vector["file"], "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 27);
}

#[test]
fn inspect_shows_an_older_snapshot_by_its_size() {
    let path = vectors().join("chain.pm");
    let vector: Value =
        serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
    let snapshots = vector["file"]["snapshots"].as_array().unwrap();
    for (index, snapshot) in snapshots.iter().enumerate() {
        let size = snapshot["committed_size"].to_string();
        let words = format!("pm inspect @ --json --size {size}");
        let ran = run_words(&words, &path, &path);
        let printed: Value = serde_json::from_str(ran.text()).unwrap();
        assert_eq!(
            printed["snapshots"].as_array().unwrap(),
            &snapshots[index..]
        );
        let ran = run_words(&format!("pm verify @ --size {size}"), &path, &path);
        assert_eq!(ran.code, 0, "{}", ran.text());
    }
    let text = run_words("pm inspect @", &path, &path);
    assert_eq!(text.code, 0);
    assert_eq!(text.text().matches("snapshot of").count(), snapshots.len());
    assert!(text.text().contains("crc ok") && !text.text().contains("WRONG"));
}

#[test]
fn inspect_shows_what_is_left_of_a_damaged_file_and_says_what_is_wrong_where() {
    let scratch = temp_dir();
    let path = scratch.path().join("_pm");
    let whole = fs::read(vectors().join("one-group.pm")).unwrap();
    // A name that is no UTF-8, behind the one descriptor: the rest is readable.
    let mut damaged = whole.clone();
    damaged[64] = 0xFF;
    fs::write(&path, &damaged).unwrap();
    let ran = run_words("pm inspect @ --json", &path, &path);
    assert_eq!(ran.code, 1);
    let printed: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(printed["columns"][0]["name"], Value::Null);
    assert_eq!(printed["columns"][0]["col_type"], 6);
    assert_eq!(printed["snapshots"][0]["crc_ok"], false);
    assert!(printed["snapshots"][0]["row_groups"][0]["num_rows"].is_u64());
    let said: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("column 0") && said[0].contains("offset 64"),
        "{said:?}"
    );
    assert!(
        said[1].contains("checksum mismatch at offset 188"),
        "{said:?}"
    );
    let ran = run_words("pm inspect @", &path, &path);
    assert!(ran.text().contains("crc WRONG"), "{}", ran.text());
    let ran = run_words("pm verify @", &path, &path);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
    assert!(ran.text().contains("checksum mismatch"), "{}", ran.text());

    // Nothing behind the header: the length is all there is to say.
    fs::write(&path, &whole[..40]).unwrap();
    let ran = run_words("pm inspect @ --json", &path, &path);
    assert_eq!((ran.code, ran.text()), (1, "{\"length\":40}\n"));
    assert!(ran.stderr.contains("196 bytes"), "{}", ran.stderr);
    assert_eq!(run_words("pm verify @", &path, &path).code, 3);
}

#[test]
fn verify_ends_with_0_3_or_1() {
    let table = case("questdb-94/parquet_o3/after3").table();
    for sidecar in sidecars(&table) {
        let against = sidecar.with_file_name("data.parquet");
        let ran = run_words("pm verify @ --against #", &sidecar, &against);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text());
        assert!(ran.text().ends_with(": sound\n"));
    }
    let sidecar = sidecars(&table).swap_remove(0);
    let other = vectors().join("from-parquet/sorted-timestamp.parquet");
    let ran = run_words("pm verify @ --against #", &sidecar, &other);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
    assert!(!ran.text().contains("sound"), "{}", ran.text());
    let ran = run_words("pm verify @ --size 100", &sidecar, &other);
    assert_eq!(ran.code, 3, "no snapshot ends there: {}", ran.text());

    let nothing = Path::new("/nonexistent/_pm");
    assert_refused(
        &run_words("pm verify @", nothing, nothing),
        1,
        &["not found"],
    );
    let ran = run_words("pm verify @ --against #", &sidecar, nothing);
    assert_refused(&ran, 1, &["not found"]);
    assert_refused(
        &run_words("pm inspect @", nothing, nothing),
        1,
        &["not found"],
    );
    assert_eq!(run(["pm", "verify"]).code, 2);
}
