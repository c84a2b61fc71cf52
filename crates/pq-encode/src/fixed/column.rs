//! Fixed-width columns behind one object, so that pages need not be generic.
//!
//! The type's [`Kind`] is chosen once a chunk; a call per page part is all that remains dynamic.

use column_format::{ColumnSlice, ColumnType};

use super::decimals;
use super::gather::{BLOCK, MinMax, Mode, any_null, gather, nothing, scan};
use super::kind::{self, Kind};
use super::sorted::Sorted;
use crate::bits::validity::Validity;
use crate::summary::{PageBounds, PageOrder, RowOrder};

/// Reads rows of one fixed-width type and keeps their bounds.
pub(crate) trait FixedColumn: Send {
    /// Bytes of a PLAIN value (of a boolean: one byte, before packing).
    fn width(&self) -> usize;

    /// What a slice must be, for an error.
    fn expects(&self) -> &'static str;

    /// Starts a chunk.
    fn start(&mut self);

    /// Appends the values of `rows` as PLAIN bytes and their validity; `bounds`: they belong to the
    /// page. `false` if the slice has another layout; nothing was appended then.
    fn read(
        &mut self,
        rows: ColumnSlice<'_>,
        bounds: bool,
        validity: &mut Validity,
        plain: &mut Vec<u8>,
    ) -> bool;

    /// The PLAIN bytes of `rows` where they stand: if those are the stored bytes and no row is null.
    fn as_plain<'a>(&self, rows: &ColumnSlice<'a>) -> Option<&'a [u8]>;

    /// The same, and the values belong to the page: their bounds are kept if it is so.
    fn as_page<'a>(&mut self, rows: &ColumnSlice<'a>) -> Option<&'a [u8]>;

    /// Values of the page that stand in `plain`, which [`FixedColumn::read`] did not see.
    fn add_bounds(&mut self, plain: &[u8]);

    /// Rows of the pages, whichever of the others saw them, if their order is wanted.
    fn watch(&mut self, rows: &ColumnSlice<'_>);

    /// Bounds of the page, which ends here.
    fn end_page(&mut self) -> Option<PageBounds>;

    /// Bounds of the chunk.
    fn chunk_bounds(&self) -> Option<PageBounds>;

    /// Whether the lower and the upper bound of the chunk are values of it. A zero of a floating-point
    /// type need not be: whichever zero was there, the bounds are -0.0 and +0.0.
    fn bounds_are_exact(&self) -> (bool, bool);

    /// Order of the bounds of the chunk's pages.
    fn page_order(&self) -> PageOrder;

    /// Order of the chunk's rows, if that was wanted.
    fn row_order(&self) -> RowOrder;
}

/// The reader of a fixed-width type; `None` for SYMBOL (keys mean nothing without a dictionary) and
/// types of variable size.
/// `optional`: rows without bytes are null.
pub(crate) fn fixed_column(
    column_type: ColumnType,
    mode: Mode,
    optional: bool,
) -> Option<Box<dyn FixedColumn>> {
    use ColumnType as T;
    Some(match (column_type, column_type.fixed_width()?) {
        (T::Symbol, _) => return None,
        (T::Boolean, _) => Column::<kind::Bool>::boxed(mode, optional),
        (T::Byte, _) => Column::<kind::I8>::boxed(mode, optional),
        (T::Short, _) => Column::<kind::I16>::boxed(mode, optional),
        (T::Char, _) => Column::<kind::U16>::boxed(mode, optional),
        (T::Int, _) => Column::<kind::I32>::boxed(mode, optional),
        (T::Ipv4, _) => Column::<kind::Ip>::boxed(mode, optional),
        (T::Long | T::Date | T::Timestamp(_), _) => Column::<kind::I64>::boxed(mode, optional),
        (T::Float, _) => Column::<kind::F32>::boxed(mode, optional),
        (T::Double, _) => Column::<kind::F64>::boxed(mode, optional),
        (T::Uuid, _) => Column::<kind::Uuid>::boxed(mode, optional),
        (T::Long128, _) => Column::<kind::Long128>::boxed(mode, optional),
        (T::Long256, _) => Column::<kind::Long256>::boxed(mode, optional),
        (T::Geohash { .. }, 1) => Column::<kind::Geo8>::boxed(mode, optional),
        (T::Geohash { .. }, 2) => Column::<kind::Geo16>::boxed(mode, optional),
        (T::Geohash { .. }, 4) => Column::<kind::Geo32>::boxed(mode, optional),
        (T::Geohash { .. }, _) => Column::<kind::Geo64>::boxed(mode, optional),
        (T::Decimal { .. }, 1) => Column::<decimals::Dec8>::boxed(mode, optional),
        (T::Decimal { .. }, 2) => Column::<decimals::Dec16>::boxed(mode, optional),
        (T::Decimal { .. }, 4) => Column::<decimals::Dec32>::boxed(mode, optional),
        (T::Decimal { .. }, 8) => Column::<decimals::Dec64>::boxed(mode, optional),
        (T::Decimal { .. }, 16) => Column::<decimals::Dec128>::boxed(mode, optional),
        (T::Decimal { .. }, _) => Column::<decimals::Dec256>::boxed(mode, optional),
        (T::String | T::Varchar | T::Binary | T::Array { .. }, _) => return None,
    })
}

/// Bytes of a PLAIN value, and those that a table stores; `None` as for [`fixed_column`].
pub(crate) fn widths(column_type: ColumnType) -> Option<(usize, usize)> {
    let mode = Mode {
        nullable: false,
        bounds: false,
        order: false,
    };
    let column = fixed_column(column_type, mode, false)?;
    Some((column.width(), column_type.fixed_width()?))
}

/// The one implementation.
struct Column<K: Kind> {
    mode: Mode,
    optional: bool,
    page: MinMax<K::Key>,
    chunk: MinMax<K::Key>,
    order: OrderTracker<K::Key>,
    rows: Sorted<K::Key>,
}

impl<K: Kind> Column<K> {
    fn boxed(mode: Mode, optional: bool) -> Box<dyn FixedColumn> {
        let empty = nothing::<K>();
        Box::new(Self {
            mode,
            optional,
            page: empty,
            chunk: empty,
            order: OrderTracker::default(),
            rows: Sorted::default(),
        })
    }

    /// The stored bytes of rows whose PLAIN bytes they are.
    fn stored<'a>(&self, rows: &ColumnSlice<'a>) -> Option<&'a [u8]> {
        match rows {
            ColumnSlice::Fixed(fixed) if K::IDENTITY && fixed.width() == self.width() => {
                Some(fixed.bytes())
            }
            _ => None,
        }
    }
}

impl<K: Kind> FixedColumn for Column<K> {
    fn width(&self) -> usize {
        size_of::<K::Plain>()
    }

    fn expects(&self) -> &'static str {
        match size_of::<K::Native>() {
            1 => "1 byte a row",
            2 => "2 bytes a row",
            4 => "4 bytes a row",
            8 => "8 bytes a row",
            16 => "16 bytes a row",
            _ => "32 bytes a row",
        }
    }

    fn start(&mut self) {
        self.page = nothing::<K>();
        self.chunk = nothing::<K>();
        self.order = OrderTracker::default();
        self.rows = Sorted::default();
    }

    fn read(
        &mut self,
        rows: ColumnSlice<'_>,
        bounds: bool,
        validity: &mut Validity,
        plain: &mut Vec<u8>,
    ) -> bool {
        match rows {
            ColumnSlice::Nulls { rows } if self.optional => validity.push_nulls(rows),
            ColumnSlice::Nulls { rows } => {
                // A REQUIRED column has zeros where the table has nothing.
                if rows > 0 && self.mode.bounds && bounds {
                    self.page.add(K::key(K::Native::default()));
                }
                validity.push_valid(rows);
                plain.resize(plain.len() + rows * self.width(), 0);
            }
            ColumnSlice::Fixed(fixed) if fixed.width() == size_of::<K::Native>() => {
                let rows = K::natives(fixed.bytes());
                let mode = Mode {
                    bounds: self.mode.bounds && bounds,
                    ..self.mode
                };
                gather::<K>(rows, mode, validity, &mut self.page, plain);
            }
            _ => return false,
        }
        true
    }

    fn as_plain<'a>(&self, rows: &ColumnSlice<'a>) -> Option<&'a [u8]> {
        let bytes = self.stored(rows)?;
        let has_null = self.mode.nullable && any_null::<K>(K::natives(bytes));
        (!has_null).then_some(bytes)
    }

    fn as_page<'a>(&mut self, rows: &ColumnSlice<'a>) -> Option<&'a [u8]> {
        if !self.mode.bounds {
            return self.as_plain(rows);
        }
        let bytes = self.stored(rows)?;
        let mut bounds = nothing::<K>();
        for block in K::natives(bytes).chunks(BLOCK) {
            let (of_block, has_null) = scan::<K>(block);
            if self.mode.nullable && has_null {
                return None;
            }
            bounds.merge(of_block);
        }
        self.page.merge(bounds);
        Some(bytes)
    }

    fn watch(&mut self, rows: &ColumnSlice<'_>) {
        if !self.mode.order {
            return;
        }
        match rows {
            ColumnSlice::Nulls { rows: 0 } => {}
            ColumnSlice::Nulls { .. } => self.rows.step(K::key(K::Native::default())),
            ColumnSlice::Fixed(fixed) => self.rows.add::<K>(K::natives(fixed.bytes())),
            _ => {}
        }
    }

    fn add_bounds(&mut self, plain: &[u8]) {
        if self.mode.bounds {
            for value in K::plains_of(plain) {
                self.page.add(K::key_of_plain(*value));
            }
        }
    }

    fn end_page(&mut self) -> Option<PageBounds> {
        let page = std::mem::replace(&mut self.page, nothing::<K>());
        self.chunk.merge(page);
        let bounds = plain_bounds::<K>(page);
        if bounds.is_some() {
            self.order.add(page.min, page.max);
        }
        bounds
    }

    fn chunk_bounds(&self) -> Option<PageBounds> {
        plain_bounds::<K>(self.chunk)
    }

    fn bounds_are_exact(&self) -> (bool, bool) {
        let as_it_is = |key| K::lower(key).as_ref() == K::upper(key).as_ref();
        (as_it_is(self.chunk.min), as_it_is(self.chunk.max))
    }

    fn page_order(&self) -> PageOrder {
        self.order.order()
    }

    fn row_order(&self) -> RowOrder {
        if self.mode.order {
            self.rows.order()
        } else {
            RowOrder::default()
        }
    }
}

fn plain_bounds<K: Kind>(bounds: MinMax<K::Key>) -> Option<PageBounds> {
    (bounds.min <= bounds.max).then(|| PageBounds {
        min: K::lower(bounds.min).as_ref().to_vec(),
        max: K::upper(bounds.max).as_ref().to_vec(),
    })
}

/// Watches the bounds of page after page.
#[derive(Debug)]
pub(crate) struct OrderTracker<T> {
    last: Option<(T, T)>,
    rises: bool,
    falls: bool,
}

impl<T> Default for OrderTracker<T> {
    fn default() -> Self {
        Self {
            last: None,
            rises: false,
            falls: false,
        }
    }
}

impl<T: PartialOrd> OrderTracker<T> {
    /// The bounds of the next page that has any.
    pub(crate) fn add(&mut self, min: T, max: T) {
        if let Some((last_min, last_max)) = &self.last {
            self.rises |= min > *last_min || max > *last_max;
            self.falls |= min < *last_min || max < *last_max;
        }
        self.last = Some((min, max));
    }

    /// Equal bounds throughout, and no bounds at all, are ascending.
    pub(crate) fn order(&self) -> PageOrder {
        match (self.rises, self.falls) {
            (_, false) => PageOrder::Ascending,
            (false, true) => PageOrder::Descending,
            (true, true) => PageOrder::Unordered,
        }
    }
}
