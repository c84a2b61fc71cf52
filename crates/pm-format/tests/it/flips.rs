//! Every single-bit flip of some vectors: the verdict map says what must happen.

use pm_format::{ErrorKind, PmView};

use crate::read;

fn verdict(bytes: &[u8], size: u64) -> char {
    let view = match PmView::open(bytes, size) {
        Ok(view) => view,
        Err(error) => {
            return match error.kind() {
                ErrorKind::Truncated => 'T',
                ErrorKind::InvalidValue => 'I',
                ErrorKind::UnsupportedFeature => 'U',
                other => panic!("{other} when opening"),
            };
        }
    };
    // Whatever opens can be read through without a panic.
    let _ = view.check();
    if view.verify_crc().is_ok() { '.' } else { 'C' }
}

#[test]
fn every_bit_flip_gets_its_verdict() {
    let names: Vec<String> = std::fs::read_dir(crate::vectors())
        .expect("testdata/pm exists")
        .filter_map(|e| {
            Some(
                e.ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".flips")?
                    .to_owned(),
            )
        })
        .collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        let bytes = read(&format!("{name}.pm"));
        let map = String::from_utf8(read(&format!("{name}.flips"))).expect("text");
        let map: Vec<char> = map.trim_end().chars().collect();
        assert_eq!(map.len(), bytes.len() * 8, "{name}");
        let size = u64::try_from(bytes.len()).expect("fits");
        for (i, expected) in map.iter().enumerate() {
            let mut flipped = bytes.clone();
            flipped[i / 8] ^= 1 << (i % 8);
            assert_eq!(verdict(&flipped, size), *expected, "{name} bit {i}");
        }
    }
}

#[test]
fn with_the_size_from_txn_no_flip_gives_a_wrong_answer() {
    let bytes = read("chain-shadowed.pm");
    let newest = PmView::open_newest(&bytes).expect("opens");
    let wanted = newest.parquet_file_size().expect("a size");
    let facts = |view: &PmView<'_>| {
        (0..view.row_group_count())
            .map(|i| crate::facts::group_of_view(view, i))
            .collect::<Vec<_>>()
    };
    let truth = facts(&newest);
    for i in 64..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[i / 8] ^= 1 << (i % 8);
        let Ok(view) = pm_format::resolve(&flipped, wanted) else {
            continue;
        };
        if view.verify_crc().is_err() || view.check().is_err() {
            continue;
        }
        assert_eq!(facts(&view), truth, "bit {i}");
    }
}
