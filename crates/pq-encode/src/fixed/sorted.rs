//! Whether the rows of a chunk are in order, as a footer may claim of the designated timestamp.
//!
//! A claim that is wrong makes a reader skip rows that it should find, so it is never taken from the
//! table: every value is compared with the one before it while it is in cache.

use super::kind::Kind;
use crate::summary::RowOrder;

/// Watches the values of a chunk, row by row.
#[derive(Debug)]
pub(super) struct Sorted<T> {
    last: Option<T>,
    order: RowOrder,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            last: None,
            order: RowOrder {
                never_falls: true,
                never_rises: true,
            },
        }
    }
}

impl<T: Copy + PartialOrd> Sorted<T> {
    /// Adds rows that all have a value.
    pub(super) fn add<K: Kind<Key = T>>(&mut self, rows: &[K::Native]) {
        let Some((first, last)) = rows.first().zip(rows.last()) else {
            return;
        };
        self.step(K::key(*first));
        let (mut up, mut down) = (true, true);
        for pair in rows.windows(2) {
            let (a, b) = (K::key(pair[0]), K::key(pair[1]));
            // What cannot be compared is in no order.
            up &= a <= b;
            down &= a >= b;
        }
        self.order.never_falls &= up;
        self.order.never_rises &= down;
        self.last = Some(K::key(*last));
    }

    /// Adds one value.
    pub(super) fn step(&mut self, value: T) {
        if let Some(last) = self.last.replace(value) {
            self.order.never_falls &= last <= value;
            self.order.never_rises &= last >= value;
        }
    }

    pub(super) fn order(&self) -> RowOrder {
        self.order
    }
}
