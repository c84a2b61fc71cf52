//! From stored bytes to the bytes of a column file.
//!
//! The first four lose nothing and are how every type is stored; the others lead from the type that
//! a column had when its partition was converted to the one that it has now, where no value changes
//! its meaning.

use super::Convert;
use crate::encodings::merge;

/// The bytes as they are.
#[derive(Debug)]
pub(crate) struct Copied;

impl<const W: usize> Convert<W, W> for Copied {
    fn append(&self, values: &[[u8; W]], out: &mut Vec<[u8; W]>) -> bool {
        out.extend_from_slice(values);
        true
    }

    fn append_split(
        &self,
        bytes: &[u8],
        count: usize,
        _scratch: &mut Vec<[u8; W]>,
        out: &mut Vec<[u8; W]>,
    ) -> bool {
        merge(bytes, count, out);
        true
    }
}

/// The low bytes of a signed integer whose others only repeat the sign.
#[derive(Debug)]
pub(crate) struct Narrow;

impl<const W: usize> Convert<4, W> for Narrow {
    fn append(&self, values: &[[u8; 4]], out: &mut Vec<[u8; W]>) -> bool {
        let bits = 32 - 8 * u32::try_from(W).unwrap_or(4);
        let mut lost = 0;
        out.extend(values.iter().map(|v| {
            let wide = i32::from_le_bytes(*v);
            lost |= (wide << bits >> bits) ^ wide;
            low(*v)
        }));
        lost == 0
    }
}

/// The low two bytes of an integer whose others are 0.
#[derive(Debug)]
pub(crate) struct Unsigned16;

impl Convert<4, 2> for Unsigned16 {
    fn append(&self, values: &[[u8; 4]], out: &mut Vec<[u8; 2]>) -> bool {
        let mut lost = 0;
        out.extend(values.iter().map(|v| {
            lost |= u32::from_le_bytes(*v) >> 16;
            low(*v)
        }));
        lost == 0
    }
}

/// Big-endian to little-endian.
#[derive(Debug)]
pub(crate) struct Reversed;

impl<const W: usize> Convert<W, W> for Reversed {
    fn append(&self, values: &[[u8; W]], out: &mut Vec<[u8; W]>) -> bool {
        out.extend(values.iter().map(|v| {
            let mut v = *v;
            v.reverse();
            v
        }));
        true
    }
}

/// Big-endian to words of eight bytes, the highest first, each little-endian.
#[derive(Debug)]
pub(crate) struct Swapped;

impl<const W: usize> Convert<W, W> for Swapped {
    fn append(&self, values: &[[u8; W]], out: &mut Vec<[u8; W]>) -> bool {
        out.extend(values.iter().map(|v| {
            let mut v = *v;
            for word in v.as_chunks_mut::<8>().0 {
                word.reverse();
            }
            v
        }));
        true
    }
}

/// A signed integer to a wider one; the null of INT becomes that of LONG.
#[derive(Debug)]
pub(crate) struct ToWide;

impl Convert<4, 8> for ToWide {
    fn append(&self, values: &[[u8; 4]], out: &mut Vec<[u8; 8]>) -> bool {
        out.extend(values.iter().map(|v| match i32::from_le_bytes(*v) {
            i32::MIN => i64::MIN.to_le_bytes(),
            v => i64::from(v).to_le_bytes(),
        }));
        true
    }
}

/// FLOAT, or an integer of up to 32 bits, to DOUBLE: exact.
#[derive(Debug)]
pub(crate) struct ToDouble {
    /// The source is FLOAT.
    pub(crate) float: bool,
}

impl Convert<4, 8> for ToDouble {
    fn append(&self, values: &[[u8; 4]], out: &mut Vec<[u8; 8]>) -> bool {
        match self.float {
            true => {
                let wide = |v: &[u8; 4]| f64::from(f32::from_le_bytes(*v)).to_le_bytes();
                out.extend(values.iter().map(wide));
            }
            false => out.extend(values.iter().map(|v| match i32::from_le_bytes(*v) {
                i32::MIN => f64::NAN.to_le_bytes(),
                v => f64::from(v).to_le_bytes(),
            })),
        }
        true
    }
}

/// An integer of up to 16 bits to FLOAT: exact.
#[derive(Debug)]
pub(crate) struct ToFloat;

impl Convert<4, 4> for ToFloat {
    fn append(&self, values: &[[u8; 4]], out: &mut Vec<[u8; 4]>) -> bool {
        let mut fits = true;
        out.extend(values.iter().map(|v| {
            let narrow = i16::try_from(i32::from_le_bytes(*v));
            fits &= narrow.is_ok();
            narrow.map_or(0.0, f32::from).to_le_bytes()
        }));
        fits
    }
}

/// Ticks of another unit. Finer to coarser rounds towards the past; what overflows does not fit.
#[derive(Debug)]
pub(crate) struct Rescaled {
    /// Multiplied by this.
    pub(crate) times: i64,
    /// Divided by this.
    pub(crate) by: i64,
}

impl Convert<8, 8> for Rescaled {
    fn append(&self, values: &[[u8; 8]], out: &mut Vec<[u8; 8]>) -> bool {
        let mut fits = true;
        out.extend(values.iter().map(|v| {
            let ticks = i64::from_le_bytes(*v);
            if ticks == i64::MIN {
                return *v;
            }
            let scaled = ticks.checked_mul(self.times);
            fits &= scaled.is_some();
            scaled.map_or(*v, |t| t.div_euclid(self.by).to_le_bytes())
        }));
        fits
    }
}

fn low<const W: usize>(value: [u8; 4]) -> [u8; W] {
    let mut out = [0; W];
    for (to, from) in out.iter_mut().zip(value) {
        *to = from;
    }
    out
}
