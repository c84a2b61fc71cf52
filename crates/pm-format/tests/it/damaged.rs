//! The damaged variants: each gets the verdict that QuestDB's own reader gives.

use pm_format::{ErrorKind, PmError, PmView};
use serde_json::Value;

use crate::{json, read, unhex};

fn damaged_bytes(case: &Value) -> Vec<u8> {
    let mut bytes = read(case["base"].as_str().expect("a base"));
    for patch in case["patch"].as_array().into_iter().flatten() {
        let at = usize::try_from(patch[0].as_u64().expect("an offset")).expect("fits");
        let new = unhex(patch[1].as_str().expect("bytes"));
        bytes[at..at + new.len()].copy_from_slice(&new);
    }
    if let Some(len) = case["truncate"].as_u64() {
        bytes.truncate(usize::try_from(len).expect("fits"));
    }
    if case["fix_crc"] == true {
        let at = usize::try_from(case["size"].as_u64().expect("a size")).expect("fits") - 8;
        let crc = crc32fast::hash(&bytes[8..at]);
        bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

fn open(case: &Value, bytes: &[u8]) -> String {
    let size = case["size"].as_u64().expect("a size");
    match PmView::open(bytes, size) {
        Ok(_) => "\"ok\"".to_owned(),
        Err(PmError::UnsupportedFeature { bits }) => {
            serde_json::json!({"error": "UnsupportedFeature", "flags": bits}).to_string()
        }
        Err(error) => serde_json::json!({"error": error.kind().to_string()}).to_string(),
    }
}

/// What fails when everything is read in order, as the vectors state it.
fn access_errors(view: &PmView<'_>) -> Vec<(String, ErrorKind)> {
    let mut errors = Vec::new();
    for (i, column) in view.columns().enumerate() {
        if let Err(error) = column.name() {
            errors.push((format!("column {i} name"), error.kind()));
        }
        if let Err(error) = column.repetition() {
            errors.push((format!("column {i} repetition"), error.kind()));
        }
    }
    for g in 0..view.row_group_count() {
        match view.row_group(g) {
            Err(error) => errors.push((format!("row group {g}"), error.kind())),
            Ok(group) => {
                for (c, chunk) in group.chunks().enumerate() {
                    if let Err(error) = chunk.codec() {
                        errors.push((format!("row group {g} column {c} codec"), error.kind()));
                    }
                }
            }
        }
        for position in 0..view.bloom_columns().len() {
            if let Err(error) = view.bloom_cell(g, position) {
                errors.push((format!("bloom cell {g} {position}"), error.kind()));
            }
        }
    }
    errors
}

#[test]
fn every_damaged_case_gets_its_verdict() {
    let file = json("damaged.json");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 459);
    for case in cases {
        let name = &case["name"];
        let bytes = damaged_bytes(case);
        let expected = &case["expected"];
        assert_eq!(open(case, &bytes), expected["open"].to_string(), "{name}");
        if expected["open"] != "ok" {
            continue;
        }
        let view = PmView::open(&bytes, case["size"].as_u64().expect("fits")).expect("opens");
        let crc = view
            .verify_crc()
            .map_or_else(|e| e.kind().to_string(), |()| "ok".to_owned());
        let expected_crc = match &expected["crc"] {
            Value::String(verdict) => verdict.clone(),
            other => other["error"].as_str().expect("a kind").to_owned(),
        };
        assert_eq!(crc, expected_crc, "{name}");
        let stated: Vec<(String, String)> = expected["access_errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| {
                let text = |key: &str| e[key].as_str().expect("text").to_owned();
                (text("access"), text("error"))
            })
            .collect();
        let found: Vec<(String, String)> = access_errors(&view)
            .into_iter()
            .map(|(a, k)| (a, k.to_string()))
            .collect();
        assert_eq!(found, stated, "{name}");
        if !found.is_empty() {
            view.check().expect_err("the full check finds it too");
        }
    }
}
