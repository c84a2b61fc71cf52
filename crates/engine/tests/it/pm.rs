//! The sidecar over whole files: QuestDB's vectors, QuestDB's own tables, and a migration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::pm::{
    FooterPlace, GenerateError, GenerateOptions, GenerateStatus, GenerateStop, generate, inspect,
    read_facts, sidecar_facts, verify_against, verify_file, verify_sidecar,
};
use engine::real_vfs;
use mmap_io::Vfs;
use pm_format::{PmView, chain, committed_size};
use serde_json::Value;
use testkit::entries;

use crate::faulty_vfs::Fuse;

const DRY: GenerateOptions = GenerateOptions {
    dry_run: true,
    checksums: false,
};
const PLAIN: GenerateOptions = GenerateOptions {
    dry_run: false,
    checksums: false,
};
const SUMMED: GenerateOptions = GenerateOptions {
    dry_run: false,
    checksums: true,
};

fn testdata() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Files below `dir` with this name or, with a leading dot, this extension.
fn files(dir: &Path, wanted: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().expect("a type").is_dir() {
                open.push(entry.path());
            } else if name == wanted || (wanted.starts_with('.') && name.ends_with(wanted)) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Reads of a file in memory.
fn reader(bytes: &[u8]) -> impl FnMut(u64, usize) -> Result<Vec<u8>, GenerateError> + '_ {
    |offset, len| {
        let tail = usize::try_from(offset)
            .ok()
            .and_then(|o| bytes.get(o..))
            .unwrap_or_default();
        Ok(tail.get(..len).unwrap_or(tail).to_vec())
    }
}

#[test]
fn inspection_prints_the_object_of_every_vector() {
    let mut seen = 0;
    for path in files(&testdata().join("pm"), ".pm") {
        let json = path.with_extension("json");
        if !json.exists() {
            continue;
        }
        let vector: Value = serde_json::from_slice(&read(&json)).expect("JSON");
        let inspection = inspect(&read(&path), None);
        assert!(
            inspection.errors.is_empty(),
            "{}: {:?}",
            path.display(),
            inspection.errors
        );
        assert_eq!(inspection.file, vector["file"], "{}", path.display());
        assert_eq!(
            verify_sidecar(&read(&path), None),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert_eq!(seen, 27);
}

/// The notes let an independent generator leave out a statistic that no locator can name.
const LEFT_OUT_INSTEAD: &str = "too-long-statistic";

#[test]
fn every_generation_case_gets_its_bytes_or_its_error() {
    let mut seen = 0;
    for path in files(&testdata().join("pm/from-parquet"), ".parquet") {
        let name = path
            .file_stem()
            .and_then(|s| s.to_str())
            .expect("a name")
            .to_owned();
        let file = read(&path);
        let committed = u64::try_from(file.len()).expect("small");
        let made = read_facts(committed, &mut reader(&file)).and_then(|facts| facts.build());
        let refused = std::fs::read_to_string(path.with_extension("error")).ok();
        match (made, refused) {
            (Ok(made), None) => assert!(made == read(&path.with_extension("pm")), "{name}: bytes"),
            (Ok(made), Some(_)) => {
                assert_eq!(name, LEFT_OUT_INSTEAD);
                let view = PmView::open_newest(&made).expect("opens");
                view.check().expect("checks");
                let footer = pq_format::read_footer(&file).expect("a footer");
                let mut left_out = 0;
                for (c, column) in footer.row_groups[0].columns.iter().enumerate() {
                    let chunk = view.row_group(0).and_then(|g| g.chunk(c)).expect("a chunk");
                    let Some(stats) = &column.meta.statistics else {
                        continue;
                    };
                    for (stated, kept) in [
                        (&stats.min_value, chunk.min()),
                        (&stats.max_value, chunk.max()),
                    ] {
                        if stated.as_ref().is_some_and(|s| s.len() > 65_535) {
                            assert_eq!(kept, Ok(None), "left out, not cut short");
                            left_out += 1;
                        }
                    }
                }
                assert!(left_out > 0);
            }
            (Err(error), Some(kind)) => {
                let found = error.kind().map(|k| k.to_string());
                assert_eq!(found.as_deref(), Some(kind.trim()), "{name}: {error}");
            }
            (Err(error), None) => panic!("{name}: {error}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 79);
}

#[test]
fn every_sidecar_of_questdb_agrees_with_its_footer_at_every_snapshot() {
    let mut snapshots = 0;
    for path in files(&testdata().join("questdb-94"), "_pm") {
        let sidecar = read(&path);
        let parquet = read(&path.with_file_name("data.parquet"));
        let length = u64::try_from(parquet.len()).expect("small");
        assert_eq!(
            verify_sidecar(&sidecar, None),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
        for link in chain(&sidecar, committed_size(&sidecar).expect("a size")) {
            let size = link.expect("a link").committed_size;
            let view = PmView::open(&sidecar, size).expect("opens");
            let findings = verify_against(&view, length, &mut reader(&parquet));
            assert_eq!(
                findings,
                Vec::<String>::new(),
                "{} at {size}",
                path.display()
            );
            snapshots += 1;
        }
    }
    assert!(snapshots > 60, "{snapshots} snapshots");
}

#[test]
fn a_wrong_fact_is_a_finding() {
    let path = files(&testdata().join("questdb-94"), "_pm").swap_remove(0);
    let parquet = read(&path.with_file_name("data.parquet"));
    let length = u64::try_from(parquet.len()).expect("small");
    let mut facts = read_facts(length, &mut reader(&parquet)).expect("facts");
    facts.row_groups[0].num_rows += 1;
    let image = facts.build().expect("builds");
    let view = PmView::open_newest(&image).expect("opens");
    let findings = verify_against(&view, length, &mut reader(&parquet));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("rows of row group 0"), "{findings:?}");
}

#[test]
fn chunks_in_another_file_are_refused() {
    let path = testdata().join("pm/from-parquet/sorted-timestamp.parquet");
    let file = read(&path);
    let mut meta = pq_format::read_footer(&file).expect("a footer");
    meta.row_groups[0].columns[0].file_path = Some("elsewhere".to_owned());
    let place = FooterPlace {
        offset: 4,
        length: 1,
    };
    let error = sidecar_facts(&meta, place, &mut reader(&file)).expect_err("refused");
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

fn statuses(root: &Path, options: GenerateOptions) -> Vec<GenerateStatus> {
    let report = generate(&real_vfs(), root, options, &GenerateStop::default()).expect("generates");
    report.files.iter().map(|f| f.status).collect()
}

#[test]
fn a_migration_writes_what_is_missing_keeps_what_is_right_and_skips_what_is_corrupt() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().join("db");
    copy(&testdata().join("questdb/parquet_o3/after3/table"), &root);
    let parquet = files(&root, "data.parquet");
    let committed_before: Vec<_> = parquet.iter().map(|p| read(p)).collect();
    let txn = files(&root, "_txn");
    let txn_before: Vec<_> = txn.iter().map(|p| read(p)).collect();

    let would = statuses(&root, DRY);
    assert_eq!(
        would,
        [GenerateStatus::WouldWrite, GenerateStatus::WouldWrite]
    );
    assert_eq!(
        files(&root, "_pm"),
        Vec::<PathBuf>::new(),
        "a dry run writes nothing"
    );

    assert_eq!(statuses(&root, PLAIN), [GenerateStatus::Written; 2]);
    for path in files(&root, "_pm") {
        let against = path.with_file_name("data.parquet");
        let findings = verify_file(&real_vfs(), &path, None, Some(&against)).expect("readable");
        assert_eq!(findings, Vec::<String>::new());
    }
    assert_eq!(
        statuses(&root, PLAIN),
        [GenerateStatus::Kept; 2],
        "it can be repeated"
    );

    // Bytes behind the committed size are nobody's; a flipped bit in a sidecar is noticed.
    let sidecars = files(&root, "_pm");
    let mut damaged = read(&sidecars[0]);
    damaged[100] ^= 4;
    std::fs::write(&sidecars[0], &damaged).expect("written");
    let mut longer = committed_before[1].clone();
    longer.extend_from_slice(b"an update that never committed");
    std::fs::write(&parquet[1], &longer).expect("written");
    let after = statuses(&root, PLAIN);
    assert_eq!(after, [GenerateStatus::Written, GenerateStatus::Kept]);
    std::fs::write(&parquet[1], &committed_before[1]).expect("written");

    assert_eq!(
        parquet.iter().map(|p| read(p)).collect::<Vec<_>>(),
        committed_before
    );
    assert_eq!(txn.iter().map(|p| read(p)).collect::<Vec<_>>(), txn_before);

    std::fs::write(&parquet[0], &committed_before[0][..50]).expect("written");
    let report = generate(&real_vfs(), &root, PLAIN, &GenerateStop::default()).expect("generates");
    assert_eq!(report.count(GenerateStatus::Skipped), 1);
    assert_eq!(report.count(GenerateStatus::Kept), 1);
}

#[test]
fn a_partition_file_by_itself_is_as_long_as_its_table_says() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().join("db");
    copy(&testdata().join("questdb/parquet_o3/before/table"), &root);
    let path = files(&root, "data.parquet").swap_remove(0);
    let committed = read(&path);
    let mut longer = committed.clone();
    longer.extend_from_slice(&[0xAB; 77]);
    std::fs::write(&path, &longer).expect("written");
    let report = generate(&real_vfs(), &path, PLAIN, &GenerateStop::default()).expect("generates");
    assert_eq!(report.count(GenerateStatus::Written), 1, "{report:?}");
    let sidecar = read(&path.with_file_name("_pm"));
    let view = PmView::open_newest(&sidecar).expect("opens");
    assert_eq!(
        view.parquet_file_size(),
        u64::try_from(committed.len()).ok()
    );
}

/// Removes every sidecar below `root`.
fn remove_sidecars(root: &Path) {
    for path in files(root, "_pm") {
        std::fs::remove_file(path).expect("removed");
    }
}

/// A table without sidecars.
struct Bare {
    _scratch: tempfile::TempDir,
    root: PathBuf,
    /// What is there.
    entries: Vec<String>,
    /// Its two sidecars, once there are some.
    whole: Vec<Vec<u8>>,
}

fn bare_table() -> Bare {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().join("db");
    copy(&testdata().join("questdb/parquet_o3/after3/table"), &root);
    let entries = entries(&root).expect("listed");
    assert_eq!(statuses(&root, SUMMED), [GenerateStatus::Written; 2]);
    let whole = files(&root, "_pm").iter().map(|p| read(p)).collect();
    remove_sidecars(&root);
    Bare {
        _scratch: scratch,
        root,
        entries,
        whole,
    }
}

impl Bare {
    fn assert_bare(&self, calls: usize) {
        let left = entries(&self.root).expect("listed");
        assert_eq!(left, self.entries, "call {calls}");
    }

    /// Sidecars that are there, all of them whole.
    fn whole_sidecars(&self, calls: usize) -> usize {
        let left = files(&self.root, "_pm");
        let right = left.iter().all(|p| self.whole.contains(&read(p)));
        assert!(right, "call {calls}");
        left.len()
    }
}

#[test]
fn a_failure_of_any_call_leaves_no_sidecar_or_a_whole_one() {
    let table = bare_table();
    let (mut refused, mut skipped) = (0, 0);
    for calls in 1.. {
        let fuse = Fuse::after(calls, std::io::ErrorKind::Other);
        let vfs: Arc<dyn Vfs> = Arc::clone(&fuse.vfs);
        match generate(&vfs, &table.root, SUMMED, &GenerateStop::default()) {
            Err(_) => {
                refused += 1;
                table.assert_bare(calls);
            }
            Ok(report) => {
                skipped += report.count(GenerateStatus::Skipped);
                let written = report.count(GenerateStatus::Written);
                let left = table.whole_sidecars(calls);
                assert_eq!(left, written, "call {calls}: {report:?}");
                remove_sidecars(&table.root);
                table.assert_bare(calls);
            }
        }
        if !fuse.blown() {
            break;
        }
    }
    assert!(
        refused > 2 && skipped > 100,
        "{refused} refused, {skipped} skipped"
    );
}

#[test]
fn a_cancel_at_any_call_leaves_whole_sidecars_and_nothing_else() {
    let table = bare_table();
    let (mut cancelled, mut partly) = (0, 0);
    for calls in 1.. {
        let stop = GenerateStop::default();
        let fuse = Fuse::cancelling(calls, stop.cancel.clone());
        let vfs: Arc<dyn Vfs> = Arc::clone(&fuse.vfs);
        let done = generate(&vfs, &table.root, SUMMED, &stop);
        let left = table.whole_sidecars(calls);
        if let Err(error) = done {
            cancelled += 1;
            partly += usize::from(left == 1);
            assert!(matches!(error.cause(), engine::Cause::Cancelled), "{error}");
        } else {
            assert_eq!(left, 2, "call {calls}");
        }
        remove_sidecars(&table.root);
        table.assert_bare(calls);
        if !fuse.blown() {
            break;
        }
    }
    assert!(cancelled > 50 && partly > 5, "{cancelled}, {partly}");
}

#[test]
fn a_failure_while_a_stale_sidecar_is_replaced_leaves_the_old_or_the_new_one() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().join("db");
    copy(&testdata().join("questdb/parquet_o3/before/table"), &root);
    let parquet = files(&root, "data.parquet").swap_remove(0);
    let sidecar = parquet.with_file_name("_pm");
    generate(&real_vfs(), &parquet, PLAIN, &GenerateStop::default()).expect("generates");
    let new = read(&sidecar);
    let mut old = new.clone();
    old[100] ^= 1;
    let all = entries(&root).expect("listed");
    for calls in 1.. {
        std::fs::write(&sidecar, &old).expect("written");
        let fuse = Fuse::after(calls, std::io::ErrorKind::Other);
        let vfs: Arc<dyn Vfs> = Arc::clone(&fuse.vfs);
        let done = generate(&vfs, &parquet, PLAIN, &GenerateStop::default());
        let left = read(&sidecar);
        assert_eq!(entries(&root).expect("listed"), all, "call {calls}");
        assert!(left == old || left == new, "call {calls}: {done:?}");
        if !fuse.blown() {
            assert!(calls > 20 && left == new, "{calls} calls");
            break;
        }
    }
}

#[test]
fn checksums_are_those_of_the_chunks_and_find_a_flipped_bit() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().join("db");
    copy(&testdata().join("questdb/parquet_o3/before/table"), &root);
    let parquet = files(&root, "data.parquet").swap_remove(0);
    let sidecar = parquet.with_file_name("_pm");
    let sound = |path: &Path| verify_file(&real_vfs(), path, None, Some(&parquet));

    assert_eq!(statuses(&parquet, PLAIN), [GenerateStatus::Written]);
    let plain = read(&sidecar);
    assert_eq!(
        statuses(&parquet, SUMMED),
        [GenerateStatus::Kept],
        "a right one is not replaced"
    );
    assert!(read(&sidecar) == plain);
    std::fs::remove_file(&sidecar).expect("removed");
    assert_eq!(statuses(&parquet, SUMMED), [GenerateStatus::Written]);
    assert_eq!(statuses(&parquet, PLAIN), [GenerateStatus::Kept]);
    assert_eq!(sound(&sidecar).expect("readable"), Vec::<String>::new());

    let image = read(&sidecar);
    let view = PmView::open_newest(&image).expect("opens");
    let checksums = view.chunk_checksums().expect("has them");
    let data = read(&parquet);
    let chunk = view.row_group(0).and_then(|g| g.chunk(1)).expect("a chunk");
    let start = usize::try_from(chunk.byte_range_start()).expect("small");
    let end = start + usize::try_from(chunk.total_compressed()).expect("small");
    // The check value of CRC-32C, so that the algorithm is named by more than itself.
    assert_eq!(pm_format::chunk_crc(0, b"123456789"), 0xE306_9283);
    let crc = pm_format::chunk_crc(0, &data[start..end]);
    assert_eq!(checksums.get(0, 1), Some(crc));

    let mut flipped = data.clone();
    flipped[end - 1] ^= 0x10;
    std::fs::write(&parquet, &flipped).expect("written");
    let findings = sound(&sidecar).expect("readable");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0].starts_with("data.parquet, row group 0, column 1: checksum mismatch"),
        "{findings:?}"
    );
    std::fs::write(&sidecar, &plain).expect("written");
    assert_eq!(
        sound(&sidecar).expect("readable"),
        Vec::<String>::new(),
        "without checksums nobody reads the chunks"
    );
}

#[test]
fn a_chunk_outside_the_file_gets_no_checksum() {
    let file = read(&testdata().join("pm/from-parquet/sorted-timestamp.parquet"));
    let committed = u64::try_from(file.len()).expect("small");
    let mut facts = read_facts(committed, &mut reader(&file)).expect("facts");
    facts.row_groups[0].chunks[0].total_compressed = u64::MAX;
    let error = facts
        .add_checksums(committed, &mut reader(&file))
        .expect_err("refused");
    assert!(
        error.to_string().contains("row group 0, column 0"),
        "{error}"
    );
}

#[test]
fn a_table_that_cannot_be_read_is_no_reason_to_guess_a_length() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().join("db");
    copy(&testdata().join("questdb/parquet_o3/before/table"), &root);
    let parquet = files(&root, "data.parquet").swap_remove(0);
    let txn = files(&root, "_txn").swap_remove(0);
    std::fs::write(txn, b"short").expect("written");
    generate(&real_vfs(), &parquet, PLAIN, &GenerateStop::default())
        .expect_err("the table is damaged");
    assert_eq!(files(&root, "_pm"), Vec::<PathBuf>::new());
}
