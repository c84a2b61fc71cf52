//! Repetition and definition levels of arrays of any dimension.
//!
//! `name.list.element.list.element…`: every dimension adds a repeated group and an optional element,
//! so with `d` dimensions a value has definition level `2d` (+1 if the column is OPTIONAL) and the
//! first value of a row repetition level 0. Runs are pushed as runs: a row of one dimension is three
//! calls, whatever its length.

use crate::bits::hybrid::Hybrid;
use crate::bits::pack::width_of;

/// The levels of a page.
#[derive(Debug)]
pub(crate) struct ListLevels {
    dims: u8,
    /// Definition level of a row that is there and empty.
    base: u8,
    repetition: Hybrid,
    definition: Hybrid,
    /// Encoded streams.
    pub(crate) repetition_bytes: Vec<u8>,
    pub(crate) definition_bytes: Vec<u8>,
    /// Slots by level.
    pub(crate) repetition_counts: Vec<u64>,
    pub(crate) definition_counts: Vec<u64>,
}

/// A dimension as an index.
fn idx(len: u32) -> usize {
    len as usize
}

impl ListLevels {
    pub(crate) fn new(dims: u8, optional: bool) -> Self {
        Self {
            dims,
            base: u8::from(optional),
            repetition: Hybrid::default(),
            definition: Hybrid::default(),
            repetition_bytes: Vec::new(),
            definition_bytes: Vec::new(),
            repetition_counts: Vec::new(),
            definition_counts: Vec::new(),
        }
    }

    /// Definition level of an element that is not null.
    fn max_definition(&self) -> u8 {
        self.base + 2 * self.dims
    }

    /// Bits of both levels of one slot.
    pub(crate) fn bits(&self) -> usize {
        (width_of(self.dims.into()) + width_of(self.max_definition().into())) as usize
    }

    /// Starts a page.
    pub(crate) fn start_page(&mut self) {
        self.repetition.start(width_of(self.dims.into()));
        self.definition
            .start(width_of(self.max_definition().into()));
        self.repetition_bytes.clear();
        self.definition_bytes.clear();
        self.repetition_counts.clear();
        self.repetition_counts.resize(usize::from(self.dims) + 1, 0);
        self.definition_counts.clear();
        self.definition_counts
            .resize(usize::from(self.max_definition()) + 1, 0);
    }

    /// Slots so far.
    pub(crate) fn slots(&self) -> usize {
        self.definition.count()
    }

    /// Rows without a value.
    pub(crate) fn push_nulls(&mut self, rows: usize) {
        self.repeat(0, rows);
        self.define(0, rows);
    }

    /// A row of this shape; `valid` says of each element whether it is there, `None` of all.
    pub(crate) fn push_row(&mut self, shape: &[u32], valid: Option<&[bool]>) {
        let empty = shape.iter().position(|len| *len == 0);
        // Lists down to the first empty dimension, or elements.
        let depth = empty.unwrap_or(shape.len());
        let slots: usize = shape[..depth].iter().map(|len| idx(*len)).product();
        self.push_repetition(&shape[..depth], slots);
        match (empty, valid) {
            (Some(dim), _) => {
                let level = self.base + u8::try_from(2 * dim).unwrap_or(u8::MAX);
                self.define(level, slots);
            }
            (None, None) => self.define(self.max_definition(), slots),
            (None, Some(valid)) => {
                let max = self.max_definition();
                for run in valid.chunk_by(|a, b| a == b) {
                    self.define(max - u8::from(!run[0]), run.len());
                }
            }
        }
    }

    /// Repetition levels of the slots of a shape without empty dimensions: how many of the lists that
    /// a slot is in began before it.
    fn push_repetition(&mut self, shape: &[u32], slots: usize) {
        let Some((inner, outer)) = shape.split_last() else {
            self.repeat(0, slots);
            return;
        };
        let (inner, deepest) = (idx(*inner), u8::try_from(shape.len()).unwrap_or(u8::MAX));
        for list in 0..slots / inner {
            // The level at which list number `list` begins: outermost boundary first.
            let mut level = 0;
            if list > 0 {
                level = deepest - 1;
                let mut size = 1;
                for len in outer.iter().rev() {
                    size *= idx(*len);
                    if list % size != 0 {
                        break;
                    }
                    level -= 1;
                }
            }
            self.repeat(level, 1);
            self.repeat(deepest, inner - 1);
        }
    }

    fn repeat(&mut self, level: u8, count: usize) {
        self.repetition
            .push_run(level.into(), count, &mut self.repetition_bytes);
        self.repetition_counts[usize::from(level)] += count as u64;
    }

    fn define(&mut self, level: u8, count: usize) {
        self.definition
            .push_run(level.into(), count, &mut self.definition_bytes);
        self.definition_counts[usize::from(level)] += count as u64;
    }

    /// Ends the page.
    pub(crate) fn finish_page(&mut self) {
        self.repetition.finish(&mut self.repetition_bytes);
        self.definition.finish(&mut self.definition_bytes);
    }

    /// Bytes on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.repetition_bytes.capacity() + self.definition_bytes.capacity()
    }

    /// Slots without a value.
    pub(crate) fn nulls(&self) -> usize {
        let (values, rest) = self.definition_counts.split_last().unwrap_or((&0, &[]));
        debug_assert_eq!(*values + rest.iter().sum::<u64>(), self.slots() as u64);
        usize::try_from(rest.iter().sum::<u64>()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::oracle;
    use proptest::prelude::*;

    /// Levels as the Dremel paper makes them: walk the value.
    fn walk(shape: &[u32], dim: usize, rep: u32, base: u32, out: &mut Vec<(u32, u32)>) {
        let depth = u32::try_from(dim).unwrap();
        match shape.get(dim) {
            None => out.push((rep, base + 2 * depth)),
            Some(0) => out.push((rep, base + 2 * depth)),
            Some(len) => {
                for i in 0..*len {
                    walk(
                        shape,
                        dim + 1,
                        if i == 0 { rep } else { depth + 1 },
                        base,
                        out,
                    );
                }
            }
        }
    }

    proptest! {
        /// Invariants: levels equal the recursive definition for every shape, empty dimensions and
        /// nulls included; counts are those of the levels.
        #[test]
        fn levels_equal_the_recursive_walk(
            dims in 1_usize..5,
            optional in any::<bool>(),
            rows in prop::collection::vec((any::<bool>(), prop::collection::vec(0_u32..4, 4)), 1..20),
        ) {
            let base = u32::from(optional);
            let mut levels = ListLevels::new(u8::try_from(dims).unwrap(), optional);
            let mut expected = Vec::new();
            levels.start_page();
            for (null, shape) in &rows {
                if *null && optional {
                    levels.push_nulls(1);
                    expected.push((0, 0));
                } else {
                    levels.push_row(&shape[..dims], None);
                    walk(&shape[..dims], 0, 0, base, &mut expected);
                }
            }
            levels.finish_page();
            prop_assert_eq!(levels.slots(), expected.len());
            let depth = u32::try_from(dims).unwrap();
            let rep_width = width_of(u64::from(depth)) as usize;
            let def_width = width_of(u64::from(base + 2 * depth)) as usize;
            let rep = oracle::hybrid(&levels.repetition_bytes, rep_width, expected.len());
            let def = oracle::hybrid(&levels.definition_bytes, def_width, expected.len());
            let found: Vec<(u32, u32)> = rep.into_iter().zip(def).collect();
            prop_assert_eq!(&found, &expected);
            for (level, count) in (0_u32..).zip(&levels.definition_counts) {
                prop_assert_eq!(*count, expected.iter().filter(|(_, d)| *d == level).count() as u64);
            }
            let full = base + 2 * depth;
            prop_assert_eq!(levels.nulls(), expected.iter().filter(|(_, d)| *d < full).count());
        }
    }

    #[test]
    fn null_elements_are_one_level_below() {
        let mut levels = ListLevels::new(1, true);
        levels.start_page();
        levels.push_row(&[4], Some(&[true, false, false, true]));
        levels.finish_page();
        assert_eq!(oracle::hybrid(&levels.definition_bytes, 2, 4), [3, 2, 2, 3]);
        assert_eq!(levels.nulls(), 2);
    }
}
