//! Scans of every stored table equal QuestDB's CSV, byte by byte.

use std::collections::BTreeMap;

use column_format::ColumnType;
use engine::ScanFormat;
use testkit::{Case, case, cases};

use crate::csv_lines::{as_questdb_prints, lines, raw_fields, scan_csv, scan_with};

/// Types by column, from QuestDB's own answer.
fn types_of(case: &Case) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(case.columns_csv()).unwrap();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            (record[0].to_owned(), record[1].to_owned())
        })
        .collect()
}

fn unquoted(heading: &str) -> String {
    heading.trim_matches('"').replace("\"\"", "\"")
}

#[test]
fn every_table_prints_what_questdb_prints() {
    for case in cases() {
        // What 9.3.4 prints for a copy of an old table, where the old release printed otherwise.
        let answer = case
            .answer_by_current_csv()
            .unwrap()
            .or(case.answer_csv().unwrap());
        let Some(answer) = answer else {
            assert_eq!(case.id, "questdb/long128", "only LONG128 has no CSV answer");
            continue;
        };
        if case.id == "questdb/timestamp_extremes" {
            continue; // QuestDB prints it wrongly: see the next test.
        }
        let answer = String::from_utf8(answer).unwrap();
        let ours = scan_csv(&case);
        let (expected, found) = (lines(&answer), lines(&ours));
        assert_eq!(found[0], expected[0], "{}: headings", case.id);
        assert_eq!(found.len(), expected.len(), "{}: lines", case.id);
        let types = types_of(&case);
        let types: Vec<&str> = raw_fields(found[0])
            .into_iter()
            .map(|h| types[&unquoted(h)].as_str())
            .collect();
        for (row, (expected, found)) in expected.iter().zip(&found).enumerate().skip(1) {
            let fields = raw_fields(found);
            assert_eq!(
                fields.len(),
                types.len(),
                "{}, line {row}: {found}",
                case.id
            );
            let fields: Vec<String> = fields
                .iter()
                .zip(&types)
                .map(|(f, t)| as_questdb_prints(f, t))
                .collect();
            assert_eq!(fields.join(","), **expected, "{}, line {row}", case.id);
        }
    }
}

/// The values of this table are in its `create.sql`; QuestDB prints the earliest ones wrongly.
#[test]
fn the_ends_of_the_timestamp_range_are_printed_right() {
    let text = scan_csv(&case("questdb/timestamp_extremes"));
    let expected = [
        r#""d","t","tn","ts""#,
        r#""-292275055-05-16T16:47:04.193Z","-290308-12-21T19:59:05.224193Z","1677-09-21T00:12:43.145224193Z","1970-01-01T00:00:00.000000Z""#,
        r#""1969-12-31T23:59:59.999Z","1969-12-31T23:59:59.999999Z","1969-12-31T23:59:59.999999999Z","2000-02-29T23:59:59.999999Z""#,
        r#""1970-01-01T00:00:00.000Z","1970-01-01T00:00:00.000000Z","1970-01-01T00:00:00.000000000Z","2000-02-29T23:59:59.999999Z""#,
        r#""292278994-08-17T07:12:55.807Z","294247-01-10T04:00:54.775807Z","2262-04-11T23:47:16.854775807Z","9999-12-31T23:59:59.999999Z""#,
    ];
    assert_eq!(lines(&text), expected);
}

/// `create.sql` gives the halves as `to_long128(low, high)`.
#[test]
fn long128_prints_as_hexadecimal_most_significant_digit_first() {
    let text = scan_csv(&case("questdb/long128"));
    let values: Vec<&str> = lines(&text)[1..]
        .iter()
        .map(|line| raw_fields(line)[1])
        .collect();
    assert_eq!(
        values,
        [
            "0x00000000000000020000000000000001",
            "0xffffffffffffffffffffffffffffffff",
            "",
            "0x00000000000000058000000000000000",
            "0xfedcba98765432100123456789abcdef",
        ]
    );
}

#[test]
fn a_reversed_scan_is_the_scan_reversed() {
    for id in [
        "questdb/splits",
        "questdb/all_types",
        "questdb/no_timestamp",
        "questdb/empty/wal",
    ] {
        let case = case(id);
        let forward = scan_csv(&case);
        let (_, backward) = scan_with(&case, ScanFormat::Csv, |r| r.reverse = true).unwrap();
        let (forward, mut backward) = (lines(&forward), lines(&backward));
        backward[1..].reverse();
        assert_eq!(forward, backward, "{id}");
    }
}

#[test]
fn limit_counts_from_the_end_that_is_printed_first() {
    let case = case("questdb/splits");
    let whole = scan_csv(&case);
    let whole = lines(&whole);
    for limit in [0, 1, 3_601, 3_602, 20_000] {
        let kept = usize::try_from(limit).unwrap().min(whole.len() - 1);
        let limited = |reverse| {
            let (report, text) = scan_with(&case, ScanFormat::Csv, |r| {
                (r.limit, r.reverse) = (Some(limit), reverse);
            })
            .unwrap();
            assert_eq!(report.rows, kept as u64);
            text
        };
        assert_eq!(lines(&limited(false)), whole[..=kept]);
        let backward = limited(true);
        let backward = lines(&backward);
        assert!(backward[1..].iter().eq(whole.iter().rev().take(kept)));
    }
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let case = case("questdb/trades");
    let (_, text) = scan_with(&case, ScanFormat::Csv, |r| {
        r.columns = Some(vec!["price".into(), "SYM".into()]);
        r.limit = Some(1);
    })
    .unwrap();
    assert!(text.starts_with("\"price\",\"sym\"\r\n"), "{text}");
}

/// A range of time keeps the lines whose timestamp is in it.
#[test]
fn from_is_inclusive_and_to_is_exclusive() {
    // Boundaries fall on rows, between rows, between split parts and outside of the table.
    let points = [
        "2023-12-31",
        "2024-01-01T20:00:00Z",
        "2024-01-01T20:00:00.500000Z",
        "2024-01-01T20:00:00.500001Z",
        "2024-01-02",
        "1704238800000007",
        "2024-01-03T08:19:00Z",
        "2024-01-03T08:19:00.000001Z",
        "2030-01-01",
    ];
    let case = case("questdb/splits");
    let whole = scan_csv(&case);
    let whole = lines(&whole);
    let at = raw_fields(whole[0])
        .iter()
        .position(|h| *h == "\"ts\"")
        .unwrap();
    let micros = |text: &str| -> i64 {
        text.parse().unwrap_or_else(|_| {
            let zoned = if text.len() == 10 {
                format!("{text}T00:00:00Z")
            } else {
                text.to_owned()
            };
            zoned.parse::<jiff::Timestamp>().unwrap().as_microsecond()
        })
    };
    for (from, to) in points
        .iter()
        .flat_map(|a| points.iter().map(move |b| (a, b)))
    {
        let range = micros(from)..micros(to);
        let expected = whole[1..]
            .iter()
            .filter(|line| range.contains(&micros(raw_fields(line)[at].trim_matches('"'))));
        let (_, text) = scan_with(&case, ScanFormat::Csv, |r| {
            r.range.from = Some(from.parse().unwrap());
            r.range.to = Some(to.parse().unwrap());
        })
        .unwrap();
        assert!(lines(&text)[1..].iter().eq(expected), "{from} .. {to}");
    }
}

#[test]
fn a_nanosecond_table_takes_points_in_its_own_unit() {
    let case = case("questdb/nanos_year");
    let (report, _) = scan_with(&case, ScanFormat::Csv, |r| {
        r.range.from = Some("1590969600000000001".parse().unwrap());
        r.range.to = Some("2020-10-21T21:21:18.901234568Z".parse().unwrap());
    })
    .unwrap();
    assert_eq!(report.rows, 1);
}

#[test]
fn a_table_without_a_timestamp_has_no_time_range() {
    let case = case("questdb/no_timestamp");
    let error = scan_with(&case, ScanFormat::Csv, |r| {
        r.range.from = Some("2024-01-01".parse().unwrap());
    })
    .unwrap_err();
    assert_eq!(error.exit_class(), engine::ExitClass::Usage);
    assert!(
        error.to_line().contains("no designated timestamp"),
        "{}",
        error.to_line()
    );
}

#[test]
fn a_projection_of_columns_that_exist_in_no_partition_is_all_null() {
    let case = case("questdb/zero_columns_added");
    let names: Vec<String> = types_of(&case).into_keys().collect();
    for name in names {
        let (report, text) = scan_with(&case, ScanFormat::Csv, |r| {
            r.columns = Some(vec![name.clone()]);
        })
        .unwrap();
        assert_eq!(report.rows, case.rows, "{name}");
        assert_eq!(lines(&text).len() as u64, case.rows + 1, "{name}");
    }
}

#[test]
fn json_has_the_values_of_csv_under_the_names_of_the_columns() {
    for case in cases().iter().filter(|case| case.rows < 20_000) {
        let (_, csv) = scan_with(case, ScanFormat::Csv, |_| {}).unwrap();
        let (_, json) = scan_with(case, ScanFormat::Json, |_| {}).unwrap();
        let csv = lines(&csv);
        let headings: Vec<String> = raw_fields(csv[0]).into_iter().map(unquoted).collect();
        let types = types_of(case);
        assert_eq!(json.lines().count(), csv.len() - 1, "{}", case.id);
        for (line, object) in csv[1..].iter().zip(json.lines()) {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(object).unwrap();
            assert!(object.keys().eq(&headings), "{}: {object:?}", case.id);
            for ((field, heading), value) in raw_fields(line)
                .into_iter()
                .zip(&headings)
                .zip(object.values())
            {
                let column_type = types[heading].as_str();
                assert_eq!(
                    json_as_csv(value, column_type),
                    field,
                    "{}: {heading}",
                    case.id
                );
            }
        }
    }
}

/// A JSON value as the CSV field of the same value.
fn json_as_csv(value: &serde_json::Value, column_type: &str) -> String {
    use serde_json::Value as Json;
    let geohash_or_decimal =
        column_type.starts_with("GEOHASH") || column_type.starts_with("DECIMAL");
    let is_array = column_type.ends_with("[]");
    match value {
        Json::Null if geohash_or_decimal => "null".to_owned(),
        Json::Null if is_array => "\"null\"".to_owned(),
        Json::Null => String::new(),
        Json::Array(_) => format!("\"{}\"", flat(value)),
        Json::String(text) => match column_type {
            "CHAR" if matches!(text.as_str(), "," | "\"") => {
                format!("\"{}\"", text.replace('"', "\"\""))
            }
            "CHAR" | "UUID" | "IPv4" | "LONG256" | "LONG128" | "BINARY" | "FLOAT" | "DOUBLE" => {
                text.clone()
            }
            _ => {
                let escaped = Json::String(text.clone()).to_string();
                let inner = &escaped[1..escaped.len() - 1];
                format!("\"{}\"", inner.replace("\\\"", "\"\""))
            }
        },
        other if matches!(column_type, "FLOAT" | "DOUBLE") => number(other, column_type),
        other => other.to_string(),
    }
}

/// `serde_json` reads and prints a double by its shortest digits; the layout is ours.
fn number(value: &serde_json::Value, column_type: &str) -> String {
    let text = value.to_string();
    let digits = if column_type == "FLOAT" {
        format!("{:e}", text.parse::<f32>().unwrap())
    } else {
        format!("{:e}", text.parse::<f64>().unwrap())
    };
    let (mantissa, exponent) = digits.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if (-3..7).contains(&exponent) || mantissa.trim_start_matches('-') == "0" {
        let plain = if column_type == "FLOAT" {
            text.parse::<f32>().unwrap().to_string()
        } else {
            text.parse::<f64>().unwrap().to_string()
        };
        return if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        };
    }
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E{exponent}")
}

fn flat(value: &serde_json::Value) -> String {
    use serde_json::Value as Json;
    match value {
        Json::Array(items) => {
            format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(","))
        }
        Json::String(text) => text.clone(),
        Json::Null => "null".to_owned(),
        other => number(other, "DOUBLE"),
    }
}

#[test]
fn sql_names_of_types_are_those_of_column_format() {
    // `as_questdb_prints` goes by these names: if they changed, it would compare too little.
    for (column_type, name) in [
        (ColumnType::Char, "CHAR"),
        (ColumnType::Binary, "BINARY"),
        (ColumnType::Float, "FLOAT"),
        (ColumnType::Array { dims: 2 }, "DOUBLE[][]"),
    ] {
        assert_eq!(column_type.to_string(), name);
    }
}
