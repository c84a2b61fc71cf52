//! Pruning and timestamp search: the questions that QuestDB answered.

use pm_format::{ChunkEnd, Filter, FilterOp, PmError, PmView, can_skip, find_row_group};
use serde_json::Value;

use crate::{json, read, unhex};

fn op(name: &str) -> FilterOp {
    match name {
        "EQ" => FilterOp::Eq,
        "LT" => FilterOp::Lt,
        "LE" => FilterOp::Le,
        "GT" => FilterOp::Gt,
        "GE" => FilterOp::Ge,
        "IS_NULL" => FilterOp::IsNull,
        "IS_NOT_NULL" => FilterOp::IsNotNull,
        "BETWEEN" => FilterOp::Between,
        other => panic!("an operation: {other}"),
    }
}

fn index(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("an index")).expect("fits")
}

#[test]
fn every_pruning_question_gets_its_answer() {
    let bytes = read("prune.pm");
    let view = PmView::open_newest(&bytes).expect("opens");
    let file = json("prune-cases.json");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 962);
    let mut wrong = Vec::new();
    for case in cases {
        let filters = case["filters"].as_array().expect("filters");
        let values: Vec<Vec<Option<Vec<u8>>>> = filters
            .iter()
            .map(|f| {
                let values = f["values"].as_array().expect("values").iter();
                values.map(|v| v.as_str().map(unhex)).collect()
            })
            .collect();
        let borrowed: Vec<Vec<Option<&[u8]>>> = values
            .iter()
            .map(|v| v.iter().map(Option::as_deref).collect())
            .collect();
        let filters: Vec<Filter<'_>> = filters
            .iter()
            .zip(&borrowed)
            .map(|(f, values)| Filter {
                column: index(&f["column"]),
                op: op(f["op"].as_str().expect("an operation")),
                values,
            })
            .collect();
        let answer = can_skip(&view, index(&case["row_group"]), &filters);
        if answer != case["answer"].as_bool().expect("an answer") {
            wrong.push(case.to_string());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong answers, first: {}",
        wrong.len(),
        wrong[0]
    );
}

#[test]
fn every_timestamp_search_gets_its_answer() {
    let bytes = read("find.pm");
    let view = PmView::open_newest(&bytes).expect("opens");
    let file = json("find-cases.json");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 267);
    for case in cases {
        let rows = (
            case["row_lo"].as_u64().expect("fits"),
            case["row_hi"].as_u64().expect("fits"),
        );
        let decode = |group: usize, end: ChunkEnd| -> Result<i64, PmError> {
            let side = if end == ChunkEnd::First { 0 } else { 1 };
            Ok(case["decoded"][group][side].as_i64().expect("a timestamp"))
        };
        let timestamp = case["timestamp"].as_i64().expect("a timestamp");
        let found = find_row_group(&view, index(&case["column"]), timestamp, rows, decode);
        assert_eq!(
            found.expect("found").code(),
            case["answer"].as_u64().expect("fits"),
            "{case}"
        );
    }
}
