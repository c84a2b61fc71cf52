//! Bounds of byte strings: compared in full, kept in 64 bytes, written so that they bound.
//!
//! A bound longer than [`BOUND_BYTES_MAX`] is cut: a lower bound by dropping the rest, an upper one
//! by dropping the rest and counting up what is left, text at code points. Where counting up is not
//! possible (0xFF to the end) the whole value is the bound, since anything shorter would be wrong; of
//! such values longer than [`WHOLE_BYTES_MAX`] there is no upper bound at all.

use std::cmp::Ordering;

use super::cut::{BOUND_BYTES_MAX, Cut};

/// Longest value that is its own upper bound for want of a shorter one. What is longer has none: a
/// file without that bound is read more slowly, one with megabytes of it in every index not at all.
pub(crate) const WHOLE_BYTES_MAX: usize = 4 << 10;

/// The first bytes of a value, and whether it goes on.
#[derive(Debug, Clone)]
struct Key {
    len: u8,
    longer: bool,
    head: [u8; BOUND_BYTES_MAX],
    /// The rest, kept where 64 bytes cannot be counted up and it is short enough.
    rest: Vec<u8>,
}

impl Key {
    fn new(value: &[u8], cut: Cut) -> Self {
        let len = value.len().min(BOUND_BYTES_MAX);
        let (start, tail) = value.split_at(len);
        let mut head = [0; BOUND_BYTES_MAX];
        head[..len].copy_from_slice(start);
        let longer = !tail.is_empty();
        let stuck = longer && value.len() <= WHOLE_BYTES_MAX && cut.is_stuck(start);
        let rest = if stuck { tail.to_vec() } else { Vec::new() };
        Self {
            len: u8::try_from(len).unwrap_or(u8::MAX),
            longer,
            head,
            rest,
        }
    }

    fn start(&self) -> &[u8] {
        &self.head[..usize::from(self.len)]
    }

    /// Order against a value. Values that differ only behind 64 bytes are equal, unless the rest is
    /// kept: either is as good a bound as the other.
    fn compare(&self, value: &[u8]) -> Ordering {
        let (start, tail) = value.split_at(value.len().min(BOUND_BYTES_MAX));
        self.start().cmp(start).then_with(|| {
            if self.rest.is_empty() {
                self.longer.cmp(&!tail.is_empty())
            } else {
                self.rest.as_slice().cmp(tail)
            }
        })
    }
}

/// The least and the greatest value so far.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    cut: Cut,
    /// First eight bytes of the bounds, big-endian: nearly every value is settled by them.
    min_prefix: u64,
    max_prefix: u64,
    keys: Option<(Key, Key)>,
    /// A value has no upper bound that could be written. Such values are the greatest there are, so
    /// none is overlooked.
    boundless: bool,
}

/// A bound as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) min: Vec<u8>,
    /// `None` if there is none short enough.
    pub(crate) max: Option<Vec<u8>>,
    pub(crate) min_is_exact: bool,
    pub(crate) max_is_exact: bool,
}

/// The first eight bytes as a number that is ordered as they are; a shorter value is filled with
/// zeros, so equal numbers decide nothing.
#[inline(always)]
pub(crate) fn prefix(value: &[u8]) -> u64 {
    match value.first_chunk::<8>() {
        Some(eight) => u64::from_be_bytes(*eight),
        None => value
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte))
            .checked_shl(64 - 8 * u32::try_from(value.len()).unwrap_or(0))
            .unwrap_or(0),
    }
}

/// Values looked at together.
const BLOCK: usize = 64;

/// Bytes that [`prefix`] looks at.
const PREFIX: usize = 8;

/// The least and the greatest prefix of values that all have `len` bytes, at least [`PREFIX`].
fn prefixes(block: &[u8], len: usize) -> (u64, u64) {
    let (mut low, mut high) = (u64::MAX, 0);
    for value in block.chunks_exact(len) {
        let Some(start) = value.first_chunk::<PREFIX>() else {
            return (0, u64::MAX);
        };
        let prefix = u64::from_be_bytes(*start);
        low = low.min(prefix);
        high = high.max(prefix);
    }
    (low, high)
}

impl Bounds {
    pub(crate) fn new(cut: Cut) -> Self {
        Self {
            cut,
            min_prefix: u64::MAX,
            max_prefix: 0,
            keys: None,
            boundless: false,
        }
    }

    /// Forgets all values.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.cut);
    }

    /// Adds a value.
    #[inline]
    pub(crate) fn add(&mut self, value: &[u8]) {
        let prefix = prefix(value);
        if prefix <= self.min_prefix || prefix >= self.max_prefix {
            self.add_near(value, prefix);
        }
    }

    /// Adds the values of `lens` bytes each that `data` consists of.
    pub(crate) fn add_all(&mut self, data: &[u8], lens: &[u32]) {
        let mut rest = data;
        for lens in lens.chunks(BLOCK) {
            let bytes: usize = lens.iter().map(|len| *len as usize).sum();
            let (block, later) = rest.split_at(bytes.min(rest.len()));
            rest = later;
            let len = lens.first().map_or(0, |len| *len as usize);
            let alike = lens
                .iter()
                .fold(true, |alike, l| alike & (*l as usize == len));
            if alike && len >= PREFIX {
                let (low, high) = prefixes(block, len);
                if low > self.min_prefix && high < self.max_prefix {
                    continue;
                }
            }
            let mut values = block;
            for len in lens {
                let (value, tail) = values.split_at((*len as usize).min(values.len()));
                values = tail;
                self.add(value);
            }
        }
    }

    /// A value that may be a bound.
    #[cold]
    fn add_near(&mut self, value: &[u8], prefix: u64) {
        let cut = self.cut;
        if let (true, Some(start)) = (value.len() > WHOLE_BYTES_MAX, value.get(..BOUND_BYTES_MAX)) {
            self.boundless |= cut.is_stuck(start);
        }
        let Some((min, max)) = &mut self.keys else {
            let key = Key::new(value, cut);
            self.keys = Some((key.clone(), key));
            (self.min_prefix, self.max_prefix) = (prefix, prefix);
            return;
        };
        if min.compare(value) == Ordering::Greater {
            *min = Key::new(value, cut);
            self.min_prefix = prefix;
        }
        if max.compare(value) == Ordering::Less {
            *max = Key::new(value, cut);
            self.max_prefix = prefix;
        }
    }

    /// Adds the values of another set.
    pub(crate) fn merge(&mut self, other: &Self) {
        if let Some((min, max)) = &other.keys {
            for key in [min, max] {
                self.add_key(key);
            }
        }
        self.boundless |= other.boundless;
    }

    fn add_key(&mut self, key: &Key) {
        let mut value = key.start().to_vec();
        value.extend_from_slice(&key.rest);
        if key.longer && key.rest.is_empty() {
            // Any longer value with this start compares equal.
            value.push(0);
        }
        self.add(&value);
    }

    /// The bounds as they are written; `None` without a value.
    pub(crate) fn written(&self) -> Option<Written> {
        let (min, max) = self.keys.as_ref()?;
        let lower = self.cut.down(min.start(), min.longer).to_vec();
        let mut upper = max.start().to_vec();
        if max.longer {
            match self.cut.up(max.start()) {
                Some(counted) => upper = counted,
                None => upper.extend_from_slice(&max.rest),
            }
        }
        Some(Written {
            min: lower,
            max: (!self.boundless).then_some(upper),
            min_is_exact: !min.longer,
            max_is_exact: !max.longer || !max.rest.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(values: &[&[u8]], cut: Cut) -> Written {
        let mut bounds = Bounds::new(cut);
        for value in values {
            bounds.add(value);
        }
        bounds.written().unwrap()
    }

    #[test]
    fn short_values_are_exact() {
        let w = written(&[b"b", b"", b"abc"], Cut::Text);
        assert_eq!(
            (w.min.as_slice(), w.max.as_deref()),
            (&b""[..], Some(&b"b"[..]))
        );
        assert!(w.min_is_exact && w.max_is_exact);
        let exactly = [b'x'; BOUND_BYTES_MAX];
        let w = written(&[&exactly], Cut::Bytes);
        assert!(w.max.unwrap() == exactly && w.max_is_exact);
    }

    #[test]
    fn an_upper_bound_that_is_cut_is_counted_up() {
        let long = [b'a'; 65];
        let w = written(&[&long], Cut::Text);
        assert_eq!(w.min, [b'a'; 64]);
        assert!(!w.min_is_exact && !w.max_is_exact);
        let max = w.max.unwrap();
        assert_eq!((max.len(), max[63]), (64, b'b'));
    }

    #[test]
    fn ff_tails_carry_into_the_byte_before_and_a_value_of_ff_is_its_own_bound() {
        let mut value = vec![0xff; 100];
        value[3] = 7;
        let w = written(&[&value], Cut::Bytes);
        assert_eq!(w.max.unwrap(), [0xff, 0xff, 0xff, 8]);
        let all = vec![0xff; 100];
        let w = written(&[&all, &[0xff; 80]], Cut::Bytes);
        assert_eq!(w.max, Some(all));
        assert!(w.max_is_exact);
        assert!(!w.min_is_exact && w.min == [0xff; 64]);
    }

    #[test]
    fn a_huge_value_that_cannot_be_counted_up_leaves_no_upper_bound() {
        let mut longest = vec![0xff; WHOLE_BYTES_MAX];
        let w = written(&[&longest], Cut::Bytes);
        assert_eq!(w.max.as_deref(), Some(longest.as_slice()));
        longest.push(0);
        let text = "\u{10ffff}".repeat(WHOLE_BYTES_MAX / 4 + 1);
        for (huge, cut) in [
            (longest.as_slice(), Cut::Bytes),
            (text.as_bytes(), Cut::Text),
        ] {
            for values in [[b"a", huge], [huge, b"a"]] {
                let w = written(&values, cut);
                assert_eq!((w.min.as_slice(), w.max), (&b"a"[..], None));
                let mut merged = Bounds::new(cut);
                for value in values {
                    let mut bounds = Bounds::new(cut);
                    bounds.add(value);
                    merged.merge(&bounds);
                }
                assert_eq!(merged.written().unwrap().max, None);
                merged.clear();
                merged.add(b"b");
                assert_eq!(merged.written().unwrap().max.unwrap(), b"b");
            }
        }
    }

    #[test]
    fn text_is_cut_and_counted_at_code_points() {
        // 21 × 3 bytes + 1: the 22nd character crosses the limit.
        let value = "€".repeat(22);
        let w = written(&[value.as_bytes()], Cut::Text);
        assert_eq!(w.min, "€".repeat(21).as_bytes());
        assert_eq!(w.max.unwrap(), format!("{}₭", "€".repeat(20)).as_bytes());
        let value = "\u{d7ff}".repeat(30);
        let w = written(&[value.as_bytes()], Cut::Text);
        assert_eq!(
            w.max.unwrap(),
            format!("{}\u{e000}", "\u{d7ff}".repeat(20)).as_bytes()
        );
        let value = "\u{10ffff}".repeat(20);
        let w = written(&[value.as_bytes()], Cut::Text);
        assert_eq!(w.max.unwrap(), value.as_bytes());
        // U+007F counts up to a longer character, which does not fit behind 63 bytes.
        let value = format!("{}{}", "b".repeat(63), "\u{7f}".repeat(3));
        let w = written(&[value.as_bytes()], Cut::Text);
        assert_eq!(w.max.unwrap(), format!("{}c", "b".repeat(62)).as_bytes());
    }

    #[test]
    fn values_of_one_length_are_bounded_together_as_each_alone() {
        for len in [7_usize, 8, 9, 16, 70] {
            let mut state = 1_u32;
            let mut data = Vec::new();
            for _ in 0..300 * len {
                state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
                data.push(b'a' + u8::try_from(state >> 29).unwrap());
            }
            let mut together = Bounds::new(Cut::Text);
            let lens = vec![u32::try_from(len).unwrap(); 300];
            let (now, later) = data.split_at(100 * len);
            together.add_all(now, &lens[..100]);
            together.add_all(later, &lens[100..]);
            let values: Vec<&[u8]> = data.chunks(len).collect();
            assert_eq!(
                together.written(),
                Some(written(&values, Cut::Text)),
                "{len}"
            );
        }
    }

    proptest! {
        /// Invariants: bounds bound every value; exact bounds are values; cut text is text; merging
        /// parts bounds the whole in the same bytes.
        #[test]
        fn bounds_bound(
            words in prop::collection::vec("[a-c€\u{10ffff}]{0,40}", 1..30),
            bytes in prop::collection::vec(
                prop::collection::vec(prop_oneof![Just(0xff_u8), Just(0), any::<u8>()], 0..90), 1..30),
            at in 0_usize..30,
        ) {
            let text: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
            let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
            for (values, cut) in [(text, Cut::Text), (bytes, Cut::Bytes)] {
                let w = written(&values, cut);
                let max = w.max.clone().unwrap();
                for value in &values {
                    prop_assert!(w.min.as_slice() <= *value && *value <= max.as_slice());
                }
                let lens: Vec<u32> = values.iter().map(|v| u32::try_from(v.len()).unwrap()).collect();
                let mut together = Bounds::new(cut);
                together.add_all(&values.concat(), &lens);
                prop_assert_eq!(together.written(), Some(w.clone()));
                prop_assert_eq!(w.min_is_exact, values.contains(&w.min.as_slice()));
                prop_assert_eq!(w.max_is_exact, values.contains(&max.as_slice()));
                if cut == Cut::Text {
                    prop_assert!(std::str::from_utf8(&w.min).is_ok());
                    prop_assert!(std::str::from_utf8(&max).is_ok());
                }
                prop_assert!(w.min.len() <= BOUND_BYTES_MAX);
                let (left, right) = values.split_at(at.min(values.len()));
                let mut merged = Bounds::new(cut);
                for part in [left, right] {
                    let mut bounds = Bounds::new(cut);
                    for value in part {
                        bounds.add(value);
                    }
                    merged.merge(&bounds);
                }
                prop_assert_eq!(merged.written(), Some(w));
            }
        }

        #[test]
        fn a_prefix_never_contradicts_the_order(a in prop::collection::vec(0_u8..3, 0..12), b in prop::collection::vec(0_u8..3, 0..12)) {
            match prefix(&a).cmp(&prefix(&b)) {
                Ordering::Less => prop_assert!(a < b),
                Ordering::Greater => prop_assert!(a > b),
                Ordering::Equal => {}
            }
        }
    }
}
