//! The good vectors: read equal to their JSON, and written to the same bytes.

use pm_format::{
    AppendStep, CheckedPm, PmView, RowGroupChange, append, build, chain, committed_size, resolve,
};
use serde_json::Value;

use crate::facts::{
    group_of_json, group_of_view, header_of_json, header_of_view, snapshot_of_json,
    snapshot_of_view,
};
use crate::{good_files, json, read, unhex};

fn snapshots(vector: &Value) -> &[Value] {
    vector["file"]["snapshots"].as_array().expect("snapshots")
}

/// Opens, checks and verifies the snapshot that ends at `size`.
fn checked(bytes: &[u8], size: u64) -> CheckedPm<'_> {
    let view = PmView::open(bytes, size).expect("opens");
    view.verify_crc().expect("verifies");
    view.check_footer_length().expect("exact");
    view.check().expect("checks")
}

#[test]
fn every_good_file_reads_equal_to_its_json() {
    for name in good_files() {
        let (bytes, vector) = (read(&format!("{name}.pm")), json(&format!("{name}.json")));
        let dead = vector["file"]["dead"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for snapshot in snapshots(&vector).iter().chain(&dead) {
            let size = snapshot["committed_size"].as_u64().expect("a size");
            let view = *checked(&bytes, size).view();
            assert_eq!(
                header_of_view(&view),
                header_of_json(&vector["file"]),
                "{name}"
            );
            assert_eq!(
                view.feature_flags(),
                vector["file"]["feature_flags"],
                "{name}"
            );
            assert_eq!(
                snapshot_of_view(&view),
                snapshot_of_json(snapshot),
                "{name}"
            );
            assert_eq!(view.footer_offset(), snapshot["footer_offset"], "{name}");
            assert_eq!(view.footer_length(), snapshot["footer_length"], "{name}");
            assert_eq!(
                view.footer_flags(),
                snapshot["footer_feature_flags"],
                "{name}"
            );
            assert_eq!(view.stored_crc(), snapshot["crc"], "{name}");
            assert_eq!(
                view.previous_size(),
                snapshot["prev_parquet_meta_file_size"],
                "{name}"
            );
            assert_eq!(
                view.parquet_file_size(),
                snapshot["parquet_file_size"].as_u64(),
                "{name}"
            );
            let groups = snapshot["row_groups"].as_array().expect("row groups");
            assert_eq!(view.row_group_count(), groups.len(), "{name}");
            for (i, group) in groups.iter().enumerate() {
                assert_eq!(
                    group_of_view(&view, i),
                    group_of_json(group),
                    "{name} group {i}"
                );
                let block = view.row_group(i).expect("a row group");
                assert_eq!(
                    block.block_offset(),
                    group["block_offset"],
                    "{name} group {i}"
                );
            }
        }
        let sizes: Vec<u64> = chain(&bytes, committed_size(&bytes).expect("a size"))
            .map(|link| link.expect("a link").committed_size)
            .collect();
        let expected: Vec<u64> = snapshots(&vector)
            .iter()
            .filter_map(|s| s["committed_size"].as_u64())
            .collect();
        assert_eq!(sizes, expected, "{name}: the chain, newest first");
    }
}

fn apply(file: &mut Vec<u8>, steps: &[AppendStep]) {
    assert!(
        matches!(steps, [AppendStep::Write { .. }, AppendStep::Barrier, AppendStep::Write { offset: 0, bytes }, AppendStep::Barrier] if bytes.len() == 8),
        "tail, barrier, commit word, barrier"
    );
    for step in steps {
        if let AppendStep::Write { offset, bytes } = step {
            let at = usize::try_from(*offset).expect("in memory");
            file.resize(file.len().max(at + bytes.len()), 0);
            file[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
}

#[test]
fn every_good_file_is_rebuilt_byte_for_byte() {
    let mut rebuilt = 0;
    for name in good_files() {
        let (bytes, vector) = (read(&format!("{name}.pm")), json(&format!("{name}.json")));
        if vector["rewritable"] == false {
            continue;
        }
        let header = header_of_json(&vector["file"]);
        let dead = vector["file"]["dead"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut all: Vec<&Value> = snapshots(&vector).iter().chain(&dead).collect();
        all.sort_by_key(|s| s["committed_size"].as_u64());
        let mut file = Vec::new();
        for snapshot in all {
            let groups = snapshot["row_groups"].as_array().expect("row groups");
            let facts = snapshot_of_json(snapshot);
            if file.is_empty() {
                let groups: Vec<_> = groups.iter().map(group_of_json).collect();
                file = build(&header, &groups, &facts).expect("builds");
            } else {
                let parent = snapshot["prev_parquet_meta_file_size"]
                    .as_u64()
                    .expect("a size");
                let before = file.clone();
                let view = PmView::open(&before, parent).expect("opens");
                let kept: Vec<u64> = (0..view.row_group_count())
                    .map(|i| view.row_group(i).expect("a row group").block_offset())
                    .collect();
                let changes: Vec<_> = groups
                    .iter()
                    .map(|g| {
                        let offset = g["block_offset"].as_u64().expect("an offset");
                        match kept.iter().position(|k| *k == offset) {
                            Some(i) => RowGroupChange::Keep(i),
                            None => RowGroupChange::Write(group_of_json(g)),
                        }
                    })
                    .collect();
                apply(
                    &mut file,
                    &append(&view, &before, &changes, &facts).expect("appends"),
                );
                assert_eq!(
                    file[8..before.len()],
                    before[8..],
                    "{name}: committed bytes are kept"
                );
            }
        }
        assert!(
            file == bytes,
            "{name}: {} bytes against {}",
            file.len(),
            bytes.len()
        );
        rebuilt += 1;
    }
    assert!(rebuilt >= 25, "{rebuilt} files were rebuilt");
}

#[test]
fn a_parquet_size_finds_the_newest_snapshot_that_describes_it() {
    for name in good_files() {
        let (bytes, vector) = (read(&format!("{name}.pm")), json(&format!("{name}.json")));
        for case in vector["resolve"].as_array().into_iter().flatten() {
            let wanted = case["parquet_size"].as_u64().expect("a size");
            let found = resolve(&bytes, wanted);
            match case["committed_size"].as_u64() {
                Some(size) => assert_eq!(found.expect("resolves").committed_size(), size, "{name}"),
                None => {
                    let kind = found.expect_err("does not resolve").kind().to_string();
                    assert_eq!(
                        kind,
                        case["committed_size"]["error"].as_str().expect("a kind")
                    );
                }
            }
        }
    }
}

#[test]
fn bloom_lookups_answer_as_stated() {
    let mut asked = 0;
    for name in good_files() {
        let (bytes, vector) = (read(&format!("{name}.pm")), json(&format!("{name}.json")));
        let view = PmView::open_newest(&bytes).expect("opens");
        for case in vector["bloom_lookups"].as_array().into_iter().flatten() {
            let index =
                |key: &str| usize::try_from(case[key].as_u64().expect("an index")).expect("fits");
            let value = unhex(case["value"].as_str().expect("bytes"));
            let filter = view.bloom_filter(index("row_group"), index("column"));
            let answer = filter.is_none_or(|f| f.may_contain(&value));
            assert_eq!(
                answer,
                case["maybe_present"].as_bool().expect("fits"),
                "{name}: {case}"
            );
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked} look-ups");
}

#[test]
fn every_truncation_is_an_error_that_names_a_section() {
    for name in good_files() {
        let bytes = read(&format!("{name}.pm"));
        let size = committed_size(&bytes).expect("a size");
        let step = if bytes.len() > 10_000 { 97 } else { 1 };
        for len in (0..bytes.len()).step_by(step) {
            let error = PmView::open(&bytes[..len], size).expect_err("too short");
            assert_eq!(
                error.kind(),
                pm_format::ErrorKind::Truncated,
                "{name} at {len}"
            );
            let wanted = u64::MAX / 2;
            resolve(&bytes[..len], wanted).expect_err("too short");
        }
    }
}
