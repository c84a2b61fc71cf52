//! The list of stored tables says of each what its own `_txn` says.

use std::fs;

use testkit::{Stored, cases};
use txn::{Meta, Txn};

#[test]
fn a_table_is_filed_as_parquet_exactly_when_a_partition_is() {
    let mut rows = 0;
    for case in cases() {
        let read = |name: &str| fs::read(case.table().join(name)).unwrap();
        let txn = Txn::parse(&read("_txn")).unwrap();
        let meta = Meta::parse(&read("_meta")).unwrap();
        let partitions = txn.partitions(meta.partition_by).unwrap();
        let is_parquet = partitions.iter().any(txn::Partition::is_parquet);
        assert_eq!(case.stored == Stored::Parquet, is_parquet, "{}", case.id);
        assert_eq!(case.rows, txn.rows(), "{}", case.id);
        rows += txn.rows();
    }
    assert!(rows > 200_000, "the stored tables are gone");
}
