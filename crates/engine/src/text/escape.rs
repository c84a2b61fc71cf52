//! Text inside quotes, for CSV and for JSON.
//!
//! The two differ in one character: a quote is doubled in CSV and escaped in JSON. Both escape
//! control characters and the backslash as JSON does, because QuestDB's CSV does. Bytes that are
//! not UTF-8 become U+FFFD, so that the output is always text.

/// Which rule holds for a quote inside of a quoted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// `""`
    Csv,
    /// `\"`
    Json,
}

/// Appends `text` in quotes.
pub(crate) fn push_quoted(out: &mut Vec<u8>, text: &[u8], quoting: Quoting) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        push_escaped(out, chunk.valid().as_bytes(), quoting);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, mut text: &[u8], quoting: Quoting) {
    let special = |&b: &u8| b < 0x20 || b == b'"' || b == b'\\';
    while let Some(at) = text.iter().position(special) {
        let (plain, rest) = text.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, rest)) = rest.split_first() else {
            return;
        };
        match (byte, quoting) {
            (b'"', Quoting::Csv) => out.extend_from_slice(b"\"\""),
            (b'"', Quoting::Json) => out.extend_from_slice(b"\\\""),
            (b'\\', _) => out.extend_from_slice(b"\\\\"),
            (0x08, _) => out.extend_from_slice(b"\\b"),
            (0x0c, _) => out.extend_from_slice(b"\\f"),
            (b'\n', _) => out.extend_from_slice(b"\\n"),
            (b'\r', _) => out.extend_from_slice(b"\\r"),
            (b'\t', _) => out.extend_from_slice(b"\\t"),
            (control, _) => {
                out.extend_from_slice(b"\\u00");
                super::wide::push_hex(out, &[control]);
            }
        }
        text = rest;
    }
    out.extend_from_slice(text);
}

/// Appends the UTF-16 code unit `unit` as a CHAR: raw if a CSV reader takes it as one field,
/// quoted otherwise. QuestDB prints it raw in any case.
pub(crate) fn push_char_csv(out: &mut Vec<u8>, unit: u16) {
    let mut utf8 = [0_u8; 4];
    let text = encode_unit(unit, &mut utf8);
    match text {
        b"\"" => out.extend_from_slice(b"\"\"\"\""),
        b"," | b"\r" | b"\n" => {
            out.push(b'"');
            out.extend_from_slice(text);
            out.push(b'"');
        }
        _ if unit == 0 => {}
        _ => out.extend_from_slice(text),
    }
}

/// Appends the UTF-16 code unit `unit` as a JSON string of at most one character.
pub(crate) fn push_char_json(out: &mut Vec<u8>, unit: u16) {
    let mut utf8 = [0_u8; 4];
    let text = if unit == 0 {
        &[][..]
    } else {
        encode_unit(unit, &mut utf8)
    };
    push_quoted(out, text, Quoting::Json);
}

/// Half of a surrogate pair is no character.
fn encode_unit(unit: u16, utf8: &mut [u8; 4]) -> &[u8] {
    char::from_u32(u32::from(unit))
        .unwrap_or('\u{fffd}')
        .encode_utf8(utf8)
        .as_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(text: &[u8], quoting: Quoting) -> String {
        let mut out = Vec::new();
        push_quoted(&mut out, text, quoting);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_doubles_quotes_and_escapes_the_rest_as_json() {
        assert_eq!(
            quoted(b"tab\tand \"quotes\", \\", Quoting::Csv),
            r#""tab\tand ""quotes"", \\""#
        );
        assert_eq!(quoted(b"\x01\x1f", Quoting::Csv), r#""\u0001\u001f""#);
        assert_eq!(
            quoted(b"a\xff\xfeb", Quoting::Csv),
            "\"a\u{fffd}\u{fffd}b\""
        );
    }

    #[test]
    fn a_char_is_quoted_only_when_it_must_be() {
        let text = |unit: u16| {
            let mut out = Vec::new();
            push_char_csv(&mut out, unit);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(u16::from(b'a')), "a");
        assert_eq!(text(u16::from(b',')), "\",\"");
        assert_eq!(text(u16::from(b'"')), "\"\"\"\"");
        assert_eq!(text(u16::from(b'\\')), "\\");
        assert_eq!(text(0), "");
        assert_eq!(text(0xd800), "\u{fffd}");
    }

    proptest! {
        // Invariant: what is printed as JSON, read by serde_json, is the same text.
        #[test]
        fn json_text_reads_back(text in any::<String>()) {
            let read: String = serde_json::from_str(&quoted(text.as_bytes(), Quoting::Json)).unwrap();
            prop_assert_eq!(read, text);
        }

        // Invariant: a CSV reader sees one field with the same text before JSON's escapes.
        #[test]
        fn csv_text_is_one_field(text in "[^\\x00-\\x1f\\\\]*") {
            let line = quoted(text.as_bytes(), Quoting::Csv);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.len(), 1);
            prop_assert_eq!(&record[0], text);
        }
    }
}
