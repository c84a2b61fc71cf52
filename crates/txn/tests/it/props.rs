//! Properties over generated values and bytes.
//!
//! Invariants:
//! 1. parse ∘ write = identity for `_txn`, `_cv`, `_meta`, `_name`, `tables.d.N`.
//! 2. No bytes make a parser panic.
//! 3. The named parts of a masked size make up the whole word.
//! 4. The visible order equals that of the notes' algorithm with forward markers, for chains stored in either form.
//! 5. The place of a column equals that of the notes' rule over an unsorted list.
//! 6. A registry equals a replay over plain maps.
//! 7. Pending transactions are never negative.

use std::collections::BTreeMap;

use proptest::prelude::*;
use txn::{
    ColumnFlags, ColumnPlace, ColumnType, ColumnVersionEntry, ColumnVersions, CvHeader, Lag,
    MaskedSize, Meta, MetaColumn, ParquetConfig, PartitionBy, PartitionEntry, RegistryEntry,
    SeqTxnLog, TableKind, TableName, TablesRegistry, TimestampUnit, TodoLog, Txn, TxnHeader,
};

fn any_by() -> impl Strategy<Value = PartitionBy> {
    (0..7i32).prop_map(|c| PartitionBy::from_code(c).unwrap())
}

prop_compose! {
    fn any_entry()(
        timestamp in any::<i64>(),
        word in any::<i64>(),
        name_txn in any::<i64>(),
        parquet_file_size in any::<i64>(),
    ) -> PartitionEntry {
        PartitionEntry { timestamp, masked_size: MaskedSize(word), name_txn, parquet_file_size }
    }
}

prop_compose! {
    fn any_lag()(
        checksum in any::<i32>(),
        txn_count in any::<i32>(),
        row_count in 0..i32::MAX,
        min_timestamp in any::<i64>(),
        max_timestamp in any::<i64>(),
    ) -> Lag {
        Lag { checksum, txn_count, row_count, min_timestamp, max_timestamp }
    }
}

prop_compose! {
    fn any_txn()(
        version in any::<i64>(),
        rows in (0..1u64 << 44, 0..1u64 << 62),
        words in prop::array::uniform8(any::<i64>()),
        lag in any_lag(),
        symbol_counts in prop::collection::vec(0..1u32 << 31, 0..6),
        entries in prop::collection::vec(any_entry(), 0..6),
    ) -> Txn {
        Txn {
            version,
            txn: version,
            transient_rows: rows.0,
            fixed_rows: rows.1,
            min_timestamp: words[0],
            max_timestamp: words[1],
            structure_version: words[2],
            data_version: words[3],
            partition_table_version: words[4],
            column_version: words[5],
            truncate_version: words[6],
            seq_txn: words[7],
            lag,
            symbol_counts,
            entries,
        }
    }
}

prop_compose! {
    fn any_versions()(
        version in any::<i64>(),
        map in prop::collection::btree_map(
            (prop_oneof![Just(i64::MIN), Just(i64::MIN + 1), 0..6i64], 0..5usize),
            (-1..4i64, 0..9i64),
            0..24,
        ),
    ) -> ColumnVersions {
        let entry = |((timestamp, column), (name_txn, value))| {
            ColumnVersionEntry { timestamp, column, name_txn, value }
        };
        ColumnVersions { version, entries: map.into_iter().map(entry).collect() }
    }
}

fn any_type() -> impl Strategy<Value = ColumnType> {
    prop_oneof![
        Just(ColumnType::Int),
        Just(ColumnType::Symbol),
        Just(ColumnType::Varchar),
        Just(ColumnType::Geohash { bits: 21 }),
        Just(ColumnType::Array { dims: 3 }),
        Just(ColumnType::Decimal {
            precision: 20,
            scale: 4
        }),
    ]
}

/// What happens to a table's columns after its creation.
#[derive(Clone, Copy, Debug)]
enum Ddl {
    Add(ColumnType),
    Drop(prop::sample::Index),
    Retype(prop::sample::Index, ColumnType, bool),
}

fn any_ddl() -> impl Strategy<Value = Ddl> {
    prop_oneof![
        any_type().prop_map(Ddl::Add),
        any::<prop::sample::Index>().prop_map(Ddl::Drop),
        (any::<prop::sample::Index>(), any_type(), any::<bool>())
            .prop_map(|(i, t, root)| Ddl::Retype(i, t, root)),
    ]
}

/// The columns after a history, and their visible order by a plain list of names.
fn after(history: &[Ddl]) -> (Vec<MetaColumn>, Vec<usize>) {
    let ts = MetaColumn::new("ts", ColumnType::Timestamp(TimestampUnit::Nanos));
    let (mut columns, mut visible) = (vec![ts], vec![0usize]);
    let mut root = vec![0usize];
    for ddl in history {
        let w = columns.len();
        // The designated timestamp is neither dropped nor retyped.
        let pick = |i: &prop::sample::Index, visible: &[usize]| {
            let others: Vec<usize> = visible.iter().copied().filter(|v| *v != 0).collect();
            (!others.is_empty()).then(|| *i.get(&others))
        };
        match ddl {
            Ddl::Add(ty) => {
                columns.push(MetaColumn::new(format!("c{w}"), *ty));
                root.push(w);
                visible.push(w);
            }
            Ddl::Drop(i) => {
                if let Some(v) = pick(i, &visible) {
                    columns[v].deleted = true;
                    visible.retain(|x| *x != v);
                }
            }
            Ddl::Retype(i, ty, name_root) => {
                if let Some(v) = pick(i, &visible) {
                    columns[v].deleted = true;
                    let replaced = Some(if *name_root { root[v] } else { v });
                    let name = columns[v].name.clone();
                    columns.push(MetaColumn {
                        replaced,
                        ..MetaColumn::new(name, *ty)
                    });
                    root.push(root[v]);
                    let at = visible.iter().position(|x| *x == v).unwrap();
                    visible[at] = w;
                }
            }
        }
    }
    (columns, visible)
}

/// meta.md §5, word for word.
fn visible_by_markers(columns: &[MetaColumn]) -> Vec<usize> {
    enum Slot {
        Column(usize),
        Marker(usize),
    }
    let mut slots: Vec<Slot> = Vec::new();
    for (w, column) in columns.iter().enumerate() {
        let Some(r) = column.replaced else {
            slots.push(Slot::Column(w));
            continue;
        };
        let mut t = r;
        while let Slot::Marker(target) = slots[t] {
            t = target;
        }
        slots[t] = Slot::Column(w);
        slots.push(Slot::Marker(r));
    }
    let live = |s: &Slot| match s {
        Slot::Column(w) if !columns[*w].deleted => Some(*w),
        _ => None,
    };
    slots.iter().filter_map(live).collect()
}

/// cv.md §3, word for word, over a plain search.
fn place_by_rule(cv: &ColumnVersions, p: i64, w: usize, n: u64) -> ColumnPlace {
    let find = |ts: i64| {
        cv.entries
            .iter()
            .find(|e| e.timestamp == ts && e.column == w)
    };
    let (e, d) = (find(p), find(i64::MIN));
    let added = d.map_or(i64::MIN, |d| d.value);
    let top = e.map_or(0, |e| u64::try_from(e.value).unwrap());
    let mut name_txn = e.map_or(-1, |e| e.name_txn);
    if name_txn == -1 {
        name_txn = d.map_or(-1, |d| d.name_txn);
    }
    let present = i128::from(n) - i128::from(top) > 0 && (e.is_some() || added <= p);
    if present {
        ColumnPlace::Present { top, name_txn }
    } else {
        ColumnPlace::Absent
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn txn_parse_of_write_is_identity(txn in any_txn(), by in any_by()) {
        prop_assert_eq!(&Txn::parse(&txn.to_file().unwrap()).unwrap(), &txn);
        let header = TxnHeader::parse(&txn.to_file().unwrap()).unwrap();
        prop_assert_eq!(header.version, txn.version);
        prop_assert!(header.other.is_none());
        let _ = txn.partitions(by);
    }

    #[test]
    fn cv_parse_of_write_is_identity(cv in any_versions()) {
        let file = cv.to_file().unwrap();
        prop_assert_eq!(&ColumnVersions::parse(&file).unwrap(), &cv);
        prop_assert_eq!(CvHeader::parse(&file).unwrap().version, cv.version);
    }

    #[test]
    fn places_are_those_of_the_rule(cv in any_versions(), p in 0..7i64, w in 0..6usize, n in 0..9u64) {
        prop_assert_eq!(cv.place(p, w, n), place_by_rule(&cv, p, w, n));
    }

    #[test]
    fn meta_parse_of_write_is_identity(
        history in prop::collection::vec(any_ddl(), 0..12),
        by in any_by(),
        version in any::<i64>(),
        numbers in any::<(i32, i32, i64, bool)>(),
        minor in 0..4i16,
        (ttl, format) in any::<(i32, i32)>(),
        flags in any::<i64>(),
    ) {
        let (mut columns, _) = after(&history);
        let n = columns.len();
        for (w, column) in columns.iter_mut().enumerate() {
            column.flags = ColumnFlags(flags.rotate_left(u32::try_from(w).unwrap()));
            if column.flags.covering() {
                column.covering = vec![Some(w), None, Some(n - 1)];
            }
            if minor >= 1 {
                column.parquet_config = ParquetConfig(ttl.wrapping_add(format));
            }
        }
        let meta = Meta {
            table_id: numbers.0,
            max_uncommitted_rows: numbers.1,
            o3_max_lag: numbers.2,
            wal: numbers.3,
            metadata_version: version,
            minor_version: minor,
            ttl: if minor >= 1 { ttl } else { 0 },
            table_format: if minor >= 2 { format } else { 0 },
            ..Meta::new_table(by, Some(0), columns)
        };
        let bytes = meta.to_bytes().unwrap();
        prop_assert_eq!(&Meta::parse(&bytes).unwrap(), &meta);
        prop_assert_eq!(meta.timestamp_unit(), TimestampUnit::Nanos);
        // Padding behind the content means nothing.
        let mut padded = bytes;
        padded.resize(padded.len() + 100, 0);
        prop_assert_eq!(&Meta::parse(&padded).unwrap(), &meta);
    }

    #[test]
    fn visible_order_is_that_of_the_history(history in prop::collection::vec(any_ddl(), 0..30)) {
        let (columns, visible) = after(&history);
        let meta = Meta::new_table(PartitionBy::Day, Some(0), columns);
        prop_assert_eq!(&meta.visible_order(), &visible);
        prop_assert_eq!(visible_by_markers(&meta.columns), visible);
        // What the parser accepts as replaced is what was stored.
        prop_assert_eq!(Meta::parse(&meta.to_bytes().unwrap()).unwrap(), meta);
    }

    #[test]
    fn chains_end_at_the_original(history in prop::collection::vec(any_ddl(), 0..30)) {
        let (columns, _) = after(&history);
        let meta = Meta::new_table(PartitionBy::Day, Some(0), columns);
        for w in 0..meta.columns.len() {
            let chain = meta.chain(w);
            prop_assert_eq!(chain.first(), Some(&w));
            prop_assert!(chain.is_sorted_by(|a, b| a > b));
            let name = &meta.columns[w].name;
            prop_assert!(chain.iter().all(|v| &meta.columns[*v].name == name));
            let of_that_name = (0..=w).filter(|v| &meta.columns[*v].name == name).count();
            prop_assert_eq!(chain.len(), of_that_name);
            prop_assert_eq!(meta.original_index(w), meta.original_indexes()[w]);
        }
    }

    #[test]
    fn symbol_indexes_are_dense(history in prop::collection::vec(any_ddl(), 0..30)) {
        let (columns, _) = after(&history);
        let meta = Meta::new_table(PartitionBy::Day, Some(0), columns);
        let dense: Vec<usize> =
            (0..meta.columns.len()).filter_map(|w| meta.symbol_index(w)).collect();
        let want: Vec<usize> = (0..meta.symbol_column_count()).collect();
        prop_assert_eq!(dense, want);
    }

    #[test]
    fn masked_sizes_are_the_sum_of_their_parts(word in any::<i64>(), rows in 0..1u64 << 44) {
        let m = MaskedSize(word);
        let bit = |on: bool, bit: u32| i64::from(on) << bit;
        let sum = i64::try_from(m.rows()).unwrap()
            | i64::from(m.squash_count()) << 44
            | bit(m.parquet_generated(), 60)
            | bit(m.is_parquet(), 61)
            | bit(m.read_only(), 62)
            | bit(m.reserved(), 63);
        prop_assert_eq!(sum, word);
        let set = MaskedSize::of_rows(rows).unwrap()
            .with_squash_count(m.squash_count())
            .with_parquet_generated(m.parquet_generated())
            .with_parquet(m.is_parquet())
            .with_read_only(m.read_only());
        prop_assert_eq!(set.flag_bits(), m.flag_bits());
        prop_assert_eq!(m.with_rows(rows).unwrap().rows(), rows);
        prop_assert_eq!(m.with_rows(rows).unwrap().flag_bits(), m.flag_bits());
    }

    #[test]
    fn table_names_survive(name in "\\PC{1,40}") {
        let name = TableName { name };
        prop_assert_eq!(TableName::parse(&name.to_bytes().unwrap()), Ok(name));
    }

    #[test]
    fn registries_are_replayed(
        steps in prop::collection::vec((0..3usize, 0..3usize, 0..9i32, any::<bool>()), 0..20),
    ) {
        let mut file = vec![0u8; 8];
        let mut model: BTreeMap<String, RegistryEntry> = BTreeMap::new();
        for (name, directory, table_id, is_add) in steps {
            let entry = RegistryEntry {
                name: ["a", "bä", "c"][name].into(),
                directory: ["a~1", "bä~2", "x~3"][directory].into(),
                table_id,
                kind: TableKind::Wal,
            };
            let mut record = TablesRegistry { entries: vec![entry.clone()] }.to_bytes().unwrap();
            record.drain(..8);
            if is_add {
                model.insert(entry.name.clone(), entry);
            } else {
                record[..4].copy_from_slice(&(-1i32).to_le_bytes());
                record.truncate(record.len() - 64);
                if model.get(&entry.name).is_some_and(|m| m.directory == entry.directory) {
                    model.remove(&entry.name);
                }
            }
            file.extend_from_slice(&record);
        }
        let end = i64::try_from(file.len()).unwrap().to_le_bytes();
        file[..8].copy_from_slice(&end);
        file.extend_from_slice(&[0; 50]);
        let mut replayed = TablesRegistry::parse(&file).unwrap().entries;
        replayed.sort_by(|a, b| a.name.cmp(&b.name));
        prop_assert_eq!(replayed, model.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (Txn::parse(&bytes), TxnHeader::parse(&bytes), ColumnVersions::parse(&bytes));
        let _ = (CvHeader::parse(&bytes), Meta::parse(&bytes), TableName::parse(&bytes));
        let _ = (TablesRegistry::parse(&bytes), SeqTxnLog::parse(&bytes), TodoLog::parse(&bytes));
    }

    #[test]
    fn no_words_in_the_right_places_make_a_parser_panic(
        words in prop::collection::vec(
            prop_oneof![Just(0i32), Just(-1), Just(i32::MAX), Just(i32::MIN), 0..200i32, any::<i32>()],
            0..120,
        ),
    ) {
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let _ = (Txn::parse(&bytes), ColumnVersions::parse(&bytes));
        let _ = (TablesRegistry::parse(&bytes), TodoLog::parse(&bytes));
        if let Some(version) = bytes.get_mut(12..16) {
            version.copy_from_slice(&426i32.to_le_bytes());
        }
        let _ = Meta::parse(&bytes);
    }

    #[test]
    fn pending_is_never_negative(last_txn in 0..i64::MAX, seq_txn in any::<i64>()) {
        let mut header = vec![0u8; 4];
        header.extend_from_slice(&last_txn.to_le_bytes());
        let log = SeqTxnLog::parse(&header).unwrap();
        let pending = log.pending(&Txn { seq_txn, ..Txn::new_table(0) });
        let want = (i128::from(last_txn) - i128::from(seq_txn)).max(0);
        prop_assert!(i128::from(pending) == want || want > i128::from(i64::MAX));
    }
}

#[test]
fn todo_entries_are_those_of_the_notes() {
    let file = |words: [i64; 7]| {
        words
            .iter()
            .flat_map(|w| w.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let restore = TodoLog::parse(&file([9, 1, 2, 9, 1, 2, 3])).unwrap();
    assert_eq!(
        restore.relevant_to(9),
        Some(txn::TodoEntry::RestoreMeta { suffix: 3 })
    );
    assert_eq!(restore.relevant_to(8), None, "another commit");
    let torn = TodoLog::parse(&file([9, 1, 2, 8, 1, 2, 3])).unwrap();
    assert_eq!(torn.relevant_to(9), None);
    let truncate = TodoLog::parse(&file([9, 1, 2, 9, 1, 1, 0])).unwrap();
    assert_eq!(truncate.relevant_to(9), Some(txn::TodoEntry::Truncate));
    let none = TodoLog::parse(&file([9, 0, 0, 9, 0, 0, 0])).unwrap();
    assert_eq!(none.relevant_to(9), None);
}
