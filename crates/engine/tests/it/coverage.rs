//! No stored table without a test.

use std::collections::BTreeSet;

use testkit::cases;
use testkit::cases::folders_on_disk;

/// The tests here loop over `testkit::cases`: a folder that the list does not have would be skipped
/// in silence, and a case filed as Parquet would not be compared.
#[test]
fn every_folder_with_an_info_json_is_scanned_and_exported_or_refused() {
    let disk: BTreeSet<String> = folders_on_disk().unwrap().into_iter().collect();
    let tested: BTreeSet<String> = cases().into_iter().map(|case| case.id.to_owned()).collect();
    assert_eq!(disk, tested);
    for case in cases() {
        let shown = engine::show_partitions(crate::support::Table::of(&case).path).unwrap();
        let parquet = shown.facts.iter().any(|p| p.attached && p.is_parquet);
        assert_eq!(
            parquet,
            case.stored == testkit::Stored::Parquet,
            "{}",
            case.id
        );
    }
}
