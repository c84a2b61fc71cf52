//! Bad input gets one clear line and the right exit code, and leaves nothing behind.

use std::fs;

use testkit::{case, copy_dir, entries, temp_dir};

use crate::support::{assert_refused, run, run_words};

/// Command, table (`@`), exit code, what the line says.
const REFUSED: &[(&str, &str, i32, &[&str])] = &[
    ("export @ -o #", "nowhere", 1, &["nowhere", "not found"]),
    ("export @ -o #", "no table", 1, &["is not a table"]),
    ("scan @", "no table", 1, &["is not a table"]),
    ("show columns @", "no table", 1, &["is not a table"]),
    ("show tables @", "trades", 1, &["is a table"]),
    (
        "export @ -o # --columns sym,prise",
        "trades",
        2,
        &["\"prise\"", "\"price\"", "side"],
    ),
    (
        "scan @ --columns nothing",
        "trades",
        2,
        &["\"nothing\"", "sym, side, price"],
    ),
    ("scan @ --columns sym,sym", "trades", 2, &["sym", "twice"]),
    (
        "export @ -o # --codec lzma",
        "trades",
        2,
        &["--codec", "lzma", "zstd[:1-22]", "lz4_raw"],
    ),
    (
        "export @ -o # --codec zstd:23",
        "trades",
        2,
        &["zstd", "23", "22"],
    ),
    (
        "export @ -o # --codec snappy:1",
        "trades",
        2,
        &["snappy", "level"],
    ),
    (
        "export @ -o # --encoding prise=plain",
        "trades",
        2,
        &["--encoding", "\"prise\"", "price", "side"],
    ),
    (
        "export @ -o # --columns sym --encoding price=plain",
        "trades",
        2,
        &["--encoding", "\"price\"", "columns are sym"],
    ),
    (
        "export @ -o # --encoding price=delta",
        "trades",
        2,
        &[
            "`price`",
            "DOUBLE",
            "delta_binary_packed",
            "byte_stream_split",
        ],
    ),
    (
        "export @ -o # --encoding price=delta_byte_array",
        "trades",
        2,
        &["--encoding", "delta_byte_array", "rle_dictionary"],
    ),
    (
        "export @ -o # --encoding price",
        "trades",
        2,
        &["--encoding", "price", "COL=ENCODING"],
    ),
    (
        "export @ -o # --encoding price=plain --encoding price=bss",
        "trades",
        2,
        &["--encoding", "\"price\"", "twice"],
    ),
    (
        "export @ -o # --column-codec price=zstd:40",
        "trades",
        2,
        &["--column-codec", "zstd", "40", "22"],
    ),
    (
        "export @ -o # --bloom price:2",
        "trades",
        2,
        &["--bloom", "\"2\"", "0.01"],
    ),
    (
        "export @ -o # --bloom nothing",
        "trades",
        2,
        &["--bloom", "\"nothing\"", "price"],
    ),
    (
        "export @ -o # --bloom b",
        "all_types",
        2,
        &["`b`", "BOOLEAN", "cannot have a bloom filter"],
    ),
    (
        "export @ -o # --bloom a1:0.1",
        "all_types",
        2,
        &["`a1`", "DOUBLE[]", "cannot have a bloom filter"],
    ),
    (
        "export @ -o # --bloom \"auto\"",
        "trades",
        2,
        &["--bloom", "\"auto\"", "price"],
    ),
    (
        "export @ -o # --encoding l=rle",
        "all_types",
        2,
        &["`l`", "LONG", "encoded as rle", "delta_binary_packed"],
    ),
    (
        "export @ -o # --encoding b=dictionary",
        "all_types",
        2,
        &["`b`", "BOOLEAN", "encoded as rle_dictionary", "plain, rle"],
    ),
    (
        "export @ -o # --encoding a2=dictionary",
        "all_types",
        2,
        &["`a2`", "DOUBLE[][]", "plain, byte_stream_split"],
    ),
    (
        "export @ -o # --raw-arrays --encoding a1=bss",
        "all_types",
        2,
        &["`a1`", "byte_stream_split", "it can be plain"],
    ),
    (
        "export @ -o # --page-bytes 12",
        "trades",
        2,
        &["page-bytes", "1024", "12"],
    ),
    (
        "export @ -o # --page-bytes much",
        "trades",
        2,
        &["--page-bytes", "much"],
    ),
    (
        "export @ -o # --page-rows 0",
        "trades",
        2,
        &["page-rows", "1 to 16777216", "not 0"],
    ),
    (
        "export @ -o # --row-group-bytes 0",
        "trades",
        2,
        &["--row-group-bytes"],
    ),
    (
        "export @ -o # --row-group-rows 0",
        "trades",
        2,
        &["--row-group-rows"],
    ),
    (
        "export @ -o # --row-group-rows many",
        "trades",
        2,
        &["--row-group-rows", "many"],
    ),
    ("export @ -o - --json", "trades", 2, &["--json", "-o -"]),
    ("export @", "trades", 2, &["--output"]),
    (
        "export @ -o # --from yesterday",
        "trades",
        2,
        &["--from", "yesterday", "RFC 3339"],
    ),
    (
        "scan @ --to 2024-13-01",
        "trades",
        2,
        &["--to", "2024-13-01"],
    ),
    (
        "scan @ --from 2024-01-01",
        "no_timestamp",
        2,
        &["no designated timestamp"],
    ),
    ("scan @ --limit -1", "trades", 2, &["-1"]),
    ("scan @ --format xml", "trades", 2, &["xml", "csv", "json"]),
    ("scan @ --no-such-flag", "trades", 2, &["--no-such-flag"]),
    (
        "export @ -o # --quiet --verbose",
        "trades",
        2,
        &["--quiet", "--verbose"],
    ),
    ("frobnicate @", "trades", 2, &["frobnicate"]),
    ("show @", "trades", 2, &[]),
    (
        "export @ -o /no/such/directory/out.parquet",
        "trades",
        1,
        &["/no/such/directory"],
    ),
    (
        "export @ -o /dev/null --force",
        "trades",
        1,
        &["/dev/null", "not a regular file"],
    ),
];

#[test]
fn every_bad_input_has_its_line_and_its_code() {
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    for (words, table, code, parts) in REFUSED {
        let table = match *table {
            "nowhere" => scratch.path().join("nowhere"),
            "no table" => scratch.path().to_path_buf(),
            id => case(&format!("questdb/{id}")).table(),
        };
        let ran = run_words(words, &table, &out);
        println!("{words}: {}", ran.stderr.trim_end());
        assert_refused(&ran, *code, parts);
        assert!(entries(scratch.path()).unwrap().is_empty(), "{words}");
    }
}

#[test]
fn an_existing_output_is_kept_and_force_is_suggested() {
    let table = case("questdb/by_day").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    fs::write(&out, b"precious").unwrap();
    for words in ["export @ -o #", "scan @ -o #"] {
        let ran = run_words(words, &table, &out);
        assert_refused(&ran, 1, &["out.parquet", "exists already", "--force"]);
        assert_eq!(fs::read(&out).unwrap(), b"precious");
    }
    assert_eq!(run_words("export @ -o # --force", &table, &out).code, 0);
    assert!(fs::read(&out).unwrap().starts_with(b"PAR1"));
}

#[test]
fn a_damaged_table_names_the_file() {
    let scratch = temp_dir();
    let copy = |name: &str| {
        let path = scratch.path().join(name);
        copy_dir(&case("questdb/trades").table(), &path).unwrap();
        path
    };
    let out = scratch.path().join("out.parquet");

    let table = copy("missing column file");
    fs::remove_file(table.join("2024-03-02/price.d")).unwrap();
    let ran = run_words("export @ -o #", &table, &out);
    assert_refused(&ran, 1, &["2024-03-02/price.d", "missing"]);

    let table = copy("short column file");
    let file = fs::File::options()
        .write(true)
        .open(table.join("2024-03-02/price.d"))
        .unwrap();
    file.set_len(100).unwrap();
    let ran = run_words("export @ -o #", &table, &out);
    assert_refused(&ran, 1, &["2024-03-02/price.d", "too short"]);

    let table = copy("truncated _txn");
    let file = fs::File::options()
        .write(true)
        .open(table.join("_txn"))
        .unwrap();
    file.set_len(80).unwrap();
    let ran = run_words("scan @", &table, &out);
    assert_refused(&ran, 1, &["_txn", "truncated"]);

    let table = copy("no _meta");
    fs::remove_file(table.join("_meta")).unwrap();
    let ran = run_words("show columns @", &table, &out);
    assert_refused(&ran, 1, &["_meta"]);

    let table = copy("link for a file");
    fs::remove_file(table.join("2024-03-02/price.d")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", table.join("2024-03-02/price.d")).unwrap();
    let ran = run_words("export @ -o #", &table, &out);
    assert_refused(&ran, 1, &["price.d", "symbolic link"]);
    assert!(!out.exists());
}

#[test]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = temp_dir();
    let table = scratch.path().join("table");
    copy_dir(&case("questdb/trades").table(), &table).unwrap();
    let file = table.join("2024-03-02/price.d");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let out = scratch.path().join("out.parquet");
    let ran = run_words("export @ -o #", &table, &out);
    // Permissions do not bind root.
    if fs::read(&file).is_err() {
        assert_refused(&ran, 1, &["price.d", "permission denied"]);
    } else {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

fn run_script(script: &str) -> (Option<i32>, String) {
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn an_output_that_does_not_fit_leaves_nothing() {
    let table = case("questdb/trades").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let (bin, table) = (env!("CARGO_BIN_EXE_sluice"), table.display());
    let (code, stderr) = run_script(&format!(
        "trap '' XFSZ; ulimit -f 64; exec {bin} export {table} -o {}",
        out.display()
    ));
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("cannot write") && stderr.contains("out.parquet"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(entries(scratch.path()).unwrap().is_empty());

    for command in ["export -o -", "scan", "show partitions"] {
        let (code, stderr) = run_script(&format!("exec {bin} {command} {table} > /dev/full"));
        assert_eq!(code, Some(1), "{command}: {stderr}");
        assert!(
            stderr.contains("No space left on device"),
            "{command}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{command}: {stderr}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [
        &["--help"][..],
        &["export", "--help"],
        &["--version"],
        &["help"],
    ] {
        let ran = run(args);
        assert_eq!(ran.code, 0, "{args:?}");
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{args:?}");
    }
    let ran = run::<&str>([]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.is_empty());
}
