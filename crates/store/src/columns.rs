//! The columns of a row, whatever database it came from.
#![expect(
    clippy::option_option,
    reason = "a column of another shape is something else than NULL"
)]

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A row that can be asked for its columns. `None` on the outside is a column of another shape
/// than the one asked for; on the inside it is NULL.
pub(crate) trait Columns {
    /// A number.
    fn number(&self, at: usize) -> Option<Option<i64>>;
    /// A text.
    fn text(&self, at: usize) -> Option<Option<&str>>;
    /// Bytes.
    fn bytes(&self, at: usize) -> Option<Option<&[u8]>>;
    /// Yes or no.
    fn truth(&self, at: usize) -> Option<bool>;

    /// A number that is there, in the range of its type.
    fn integer<T: TryFrom<i64>>(&self, at: usize) -> Option<T> {
        T::try_from(self.number(at)??).ok()
    }

    /// Bytes that are there, of a length that is known.
    fn digest<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes(at)??.try_into().ok()
    }
}

macro_rules! columns {
    ($($row:ty),*) => {
        $(impl Columns for $row {
            fn number(&self, at: usize) -> Option<Option<i64>> {
                self.try_get(at).ok()
            }

            fn text(&self, at: usize) -> Option<Option<&str>> {
                self.try_get(at).ok()
            }

            fn bytes(&self, at: usize) -> Option<Option<&[u8]>> {
                self.try_get(at).ok()
            }

            fn truth(&self, at: usize) -> Option<bool> {
                self.try_get(at).ok()
            }
        })*
    };
}

columns!(SqliteRow, PgRow);
