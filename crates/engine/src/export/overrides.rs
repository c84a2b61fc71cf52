//! What is asked of single columns: encodings, codecs, bloom filters.
//!
//! Names stand for themselves until the columns of the export are known; then a name that is not one
//! of them, or a pair that cannot be, is refused before anything is written. Nothing is replaced in
//! silence.

use pq_encode::{BloomRate, Codec, ColumnSpec, Encoding, WriterOptions};
use serde_json::{Value, json};

use crate::error::{Cause, EngineError, Result};

/// Options of single columns, in the order in which they were asked for.
///
/// ```
/// use engine::ColumnOverrides;
///
/// let mut overrides = ColumnOverrides::default();
/// overrides.add_encoding("price=bss")?;
/// overrides.add_codec("note=zstd:9")?;
/// assert!(overrides.add_encoding("price").is_err());
/// # Ok::<(), engine::EngineError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnOverrides {
    /// Encodings by column.
    pub encodings: Vec<(String, Encoding)>,
    /// Codecs by column.
    pub codecs: Vec<(String, Codec)>,
    /// Bloom filters by column.
    pub blooms: Vec<(String, BloomRate)>,
}

impl ColumnOverrides {
    /// Adds `COL=ENCODING`.
    ///
    /// # Errors
    /// [`Cause::BadOption`] with the encodings that exist.
    pub fn add_encoding(&mut self, text: &str) -> Result<()> {
        const OPTION: &str = "--encoding";
        let (column, value) = pair(OPTION, text, '=', "COL=ENCODING")?;
        let encoding = value.parse().map_err(|error| bad(OPTION, &error))?;
        self.encodings.push((column.to_owned(), encoding));
        Ok(())
    }

    /// Adds `COL=CODEC[:LEVEL]`.
    ///
    /// # Errors
    /// [`Cause::BadOption`] with the codecs and levels that exist.
    pub fn add_codec(&mut self, text: &str) -> Result<()> {
        const OPTION: &str = "--column-codec";
        let (column, value) = pair(OPTION, text, '=', "COL=CODEC[:LEVEL]")?;
        let codec = value.parse().map_err(|error| bad(OPTION, &error))?;
        self.codecs.push((column.to_owned(), codec));
        Ok(())
    }

    /// The columns of an export with what was asked of them.
    pub(crate) fn apply(&self, specs: &mut [ColumnSpec], options: &WriterOptions) -> Result<()> {
        set("--encoding", &self.encodings, specs, |spec| {
            &mut spec.encoding
        })?;
        set("--column-codec", &self.codecs, specs, |spec| {
            &mut spec.codec
        })?;
        set("--bloom", &self.blooms, specs, |spec| &mut spec.bloom)?;
        for spec in specs {
            spec.check(options).map_err(|error| bad("export", &error))?;
        }
        Ok(())
    }

    /// What shapes the bytes, for the footer; `None` if nothing was asked for.
    pub(crate) fn describe(&self, bloom_auto: Option<BloomRate>) -> Option<Value> {
        fn list<T: ToString>(asked: &[(String, T)]) -> Vec<String> {
            let text = |(column, value): &(String, T)| format!("{column}={}", value.to_string());
            asked.iter().map(text).collect()
        }
        (*self != Self::default() || bloom_auto.is_some()).then(|| {
            json!({
                "encodings": list(&self.encodings),
                "codecs": list(&self.codecs),
                "blooms": list(&self.blooms),
                "bloom_auto": bloom_auto.map(|rate| rate.to_string()),
            })
        })
    }
}

/// The column and the rate of `COL[:FPP]`; a name has no colon.
pub(crate) fn bloom(text: &str) -> Result<(&str, BloomRate)> {
    match text.rsplit_once(':') {
        None => Ok((text, BloomRate::DEFAULT)),
        Some((column, rate)) => {
            let rate = rate.parse().map_err(|error| bad("--bloom", &error))?;
            Ok((column, rate))
        }
    }
}

fn pair<'t>(
    option: &'static str,
    text: &'t str,
    separator: char,
    form: &str,
) -> Result<(&'t str, &'t str)> {
    text.rsplit_once(separator)
        .filter(|(column, _)| !column.is_empty())
        .ok_or_else(|| bad(option, &format_args!("{text:?} is not {form}")))
}

fn set<T: Copy>(
    option: &'static str,
    asked: &[(String, T)],
    specs: &mut [ColumnSpec],
    slot: impl Fn(&mut ColumnSpec) -> &mut Option<T>,
) -> Result<()> {
    for (column, value) in asked {
        let Some(spec) = specs.iter_mut().find(|spec| spec.name == *column) else {
            let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
            let reason = format_args!(
                "there is no column {column:?} in the export; its columns are {}",
                names.join(", ")
            )
            .to_string();
            return Err(bad(option, &reason));
        };
        if slot(spec).replace(*value).is_some() {
            return Err(bad(
                option,
                &format_args!("column {column:?} is named twice"),
            ));
        }
    }
    Ok(())
}

fn bad(option: &'static str, reason: &dyn std::fmt::Display) -> EngineError {
    Cause::BadOption {
        option,
        reason: reason.to_string(),
    }
    .into()
}
