//! Options of single columns and tables of many, through the binary.

use std::fs;
use std::path::Path;

use pq_format::{FileMetaData, LogicalType, PhysicalType, read_footer};
use testkit::generate::generate_many;
use testkit::{case, copy_dir, entries, temp_dir};

use crate::memory::{CONSTANT, peak_of};
use crate::support::{assert_refused, run_words};

fn footer(file: &Path) -> FileMetaData {
    read_footer(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn raw_arrays_are_byte_arrays_and_others_are_lists() {
    let table = case("questdb/all_types").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    for (words, raw) in [
        ("export @ -o # --force --quiet", false),
        ("export @ -o # --force --quiet --raw-arrays", true),
    ] {
        let ran = run_words(words, &table, &out);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let footer = footer(&out);
        let leaves = footer.schema.leaves();
        for (name, dims) in [("a1", 1), ("a2", 2)] {
            let mut of = leaves.iter().filter(|leaf| leaf.path[0] == name);
            let leaf = of.next().unwrap();
            assert!(of.next().is_none());
            let levels = (leaf.max_repetition_level, leaf.max_definition_level);
            if raw {
                assert_eq!(leaf.physical, PhysicalType::ByteArray);
                assert_eq!((leaf.path.len(), levels), (1, (0, 1)));
                assert_eq!(leaf.node.logical, None);
            } else {
                assert_eq!(leaf.physical, PhysicalType::Double);
                assert_eq!(levels, (dims, 2 * dims + 1));
                let field = &footer.schema.fields[leaf.field_idx];
                assert_eq!(field.logical, Some(LogicalType::List));
            }
        }
        // What shaped the bytes is said.
        let mut pairs = footer.key_value_metadata.iter();
        let about = pairs.find(|pair| pair.key == "sluicegate");
        let about = about.unwrap().value.as_deref().unwrap();
        assert_eq!(about.contains("\"raw_arrays\":true"), raw, "{about}");
    }
}

/// A copy of a table whose column `side` is called `auto`.
fn with_a_column_auto(dir: &Path) -> std::path::PathBuf {
    let table = dir.join("table");
    copy_dir(&case("questdb/trades").table(), &table).unwrap();
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let meta = fs::read(table.join("_meta")).unwrap();
    let (from, to) = (utf16("side"), utf16("auto"));
    let at = meta.windows(from.len()).position(|part| part == from);
    let at = at.unwrap();
    let mut renamed = meta;
    renamed[at..at + to.len()].copy_from_slice(&to);
    fs::write(table.join("_meta"), renamed).unwrap();
    let mut dirs = vec![table.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                dirs.push(path);
            } else if let Some(rest) = name.strip_prefix("side.") {
                fs::rename(&path, path.with_file_name(format!("auto.{rest}"))).unwrap();
            }
        }
    }
    table
}

#[test]
fn a_column_called_auto_is_named_in_quotes() {
    let scratch = temp_dir();
    let table = with_a_column_auto(scratch.path());
    let out = scratch.path().join("out.parquet");
    let filtered = |words: &str| -> Vec<String> {
        let ran = run_words(words, &table, &out);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let footer = footer(&out);
        let columns = footer.row_groups[0].columns.iter();
        let with = columns.filter(|column| column.meta.bloom_filter_offset.is_some());
        with.map(|column| column.meta.path.join(".")).collect()
    };
    let words = "export @ -o # --force --quiet --encoding note=delta_length --bloom";
    assert_eq!(filtered(&format!("{words} auto")), ["note"]);
    assert_eq!(filtered(&format!("{words} \"auto\"")), ["auto"]);
    assert_eq!(filtered(&format!("{words} \"auto\":0.1")), ["auto"]);
    assert_eq!(filtered(&format!("{words} \"sym\"")), ["sym"]);
    let ran = run_words(&format!("{words} auto --bloom \"auto\""), &table, &out);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn two_thousand_columns_are_written_within_a_small_budget_or_refused_with_the_least() {
    let scratch = temp_dir();
    let table = scratch.path().join("table");
    generate_many(&mmap_io::RealVfs, 2000, 3000, &table).unwrap();
    let outputs = temp_dir();
    let out = outputs.path().join("out.parquet");
    let ran = run_words("export @ -o # --memory 1MiB", &table, &out);
    assert_refused(&ran, 2, &["--memory 1 MiB", "needs at least"]);
    assert!(entries(outputs.path()).unwrap().is_empty());
    let least = ran.stderr.trim_end().rsplit("at least ").next().unwrap();
    let least = least.replace(' ', "");
    let mib: f64 = least.trim_end_matches("MiB").parse().unwrap();
    // Not a page and a dictionary of every column: those under way are few.
    assert!(mib < 24.0, "{least}");
    let constant = f64::from(u32::try_from(CONSTANT).unwrap());
    let mut files = Vec::new();
    for (memory, mib) in [(least.as_str(), mib), ("64MiB", 64.0)] {
        let peak = peak_of(0, (&table, &out), memory, 1000, &[]);
        let peak = f64::from(u32::try_from(peak).unwrap());
        let limit = mib * f64::from(1 << 20) + constant;
        assert!(peak <= limit, "{memory}: {peak} of {limit}");
        files.push(fs::read(&out).unwrap());
        assert_eq!(footer(&out).row_groups.len(), 3);
        assert_eq!(footer(&out).row_groups[0].columns.len(), 2001);
    }
    assert!(files[0] == files[1], "the budget shows");
}
