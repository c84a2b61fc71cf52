//! P17, end to end: bounds of long texts are cut at code points, and their flags tell so.

use bytes::Bytes;
use engine::{CancelToken, ExportRequest, NoProgress, Output};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use testkit::generate::generate_texts;
use testkit::temp_dir;

use crate::bounds::check_bounds;

/// Bytes that a bound has at most.
const BOUND_MAX: usize = 64;

fn export(texts: &[String]) -> Vec<u8> {
    let scratch = temp_dir();
    let table = scratch.path().join("table");
    generate_texts(&mmap_io::RealVfs, texts, &table).unwrap();
    let out = scratch.path().join("out.parquet");
    let mut request = ExportRequest::new(table, Output::File(out.clone()));
    request.sync = false;
    request.writer.page_bytes = 4096;
    engine::export(request, &NoProgress, &CancelToken::new()).unwrap();
    std::fs::read(out).unwrap()
}

/// The texts around the limit: of characters of one to four bytes, at every distance from it.
fn long_texts(character: char) -> Vec<String> {
    let one = |shift: usize| {
        let mut text = "a".repeat(shift);
        text.extend(std::iter::repeat_n(character, 60));
        text
    };
    (0..8).map(one).chain(["m".to_owned()]).collect()
}

#[test]
fn bounds_of_long_texts_are_valid_text_and_exact_only_where_they_are_values() {
    for character in ['z', 'é', '€', '\u{10ffff}', '\u{d7ff}', '\u{7f}'] {
        let longs = long_texts(character);
        let shorts: Vec<String> = longs
            .iter()
            .map(|text| text.chars().take(9).collect())
            .collect();
        let exactly = vec![format!("b{}", "y".repeat(BOUND_MAX - 1)); 3];
        let mixed = vec!["b".to_owned(), character.to_string().repeat(70)];
        for texts in [longs, shorts, exactly, mixed] {
            let file = export(&texts);
            assert!(check_bounds("long texts", &file) > 0);
            let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
            let group = reader.metadata().row_group(0);
            for column in &group.columns()[1..] {
                let what = format!("{} of {texts:?}", column.column_path());
                let Some(Statistics::ByteArray(found)) = column.statistics() else {
                    panic!("{what}: {:?}", column.statistics());
                };
                let least = texts.iter().min().unwrap();
                let greatest = texts.iter().max().unwrap();
                let min = std::str::from_utf8(found.min_bytes_opt().unwrap()).unwrap();
                assert!(min <= least.as_str(), "{what}: {min}");
                assert!(
                    least.starts_with(min) && min.len() <= BOUND_MAX,
                    "{what}: {min}"
                );
                // No shorter than it must be.
                assert!(min == least || min.len() > BOUND_MAX - 4, "{what}: {min}");
                assert_eq!(found.min_is_exact(), min == least, "{what}: {min}");
                match found.max_bytes_opt() {
                    Some(max) => {
                        let max = std::str::from_utf8(max).unwrap();
                        assert!(max >= greatest.as_str(), "{what}: {max}");
                        assert_eq!(found.max_is_exact(), max == greatest, "{what}: {max}");
                        assert!(max == greatest || max.len() <= BOUND_MAX, "{what}: {max}");
                    }
                    // Nothing greater is short.
                    None => assert!(
                        greatest.chars().take(16).all(|c| c == '\u{10ffff}'),
                        "{what}"
                    ),
                }
            }
        }
    }
}
