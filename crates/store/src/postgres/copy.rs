//! Citizens in the binary form of COPY, in the order of their numbers.

use dancu_domain::Citizen;

use crate::record;

/// What every stream of the binary form begins with: a mark, no flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];
/// Room for a row, so that most of a run is written into memory that is asked for once.
const ROW: usize = 224;

/// Rows that are sent together, sorted: the table grows in few sweeps, and the index is made of
/// what is nearly in order.
#[derive(Default)]
pub(super) struct Run {
    rows: Vec<u8>,
    /// Each number with the piece of `rows` that is its row.
    order: Vec<(i64, u32, u32)>,
    record: Vec<u8>,
}

impl Run {
    /// Makes room for so many.
    pub(super) fn reserve(&mut self, citizens: usize) {
        self.rows.reserve(ROW * citizens);
        self.order.reserve(citizens);
    }

    /// How many citizens it has.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Adds a citizen.
    pub(super) fn push(&mut self, citizen: &Citizen) {
        self.record.clear();
        record::encode(citizen, &mut self.record);
        let start = self.rows.len();
        let id = citizen.personal_id.digits().cast_signed();
        let out = &mut self.rows;
        out.extend_from_slice(&4_i16.to_be_bytes());
        field(out, &id.to_be_bytes());
        match citizen.legacy_id {
            Some(legacy) => field(out, &legacy.digits().to_be_bytes()),
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
        field(out, &citizen.version.to_be_bytes());
        field(out, &self.record);
        let length = out.len() - start;
        self.order.push((id, start as u32, length as u32));
    }

    /// Sorts what it has by number.
    pub(super) fn sort(&mut self) {
        self.order.sort_unstable_by_key(|(id, ..)| *id);
    }

    /// The rows, in order once they are sorted.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> + Send {
        let rows = &self.rows;
        self.order.iter().map(|(_, start, length)| {
            let start = *start as usize;
            &rows[start..start + *length as usize]
        })
    }

    /// Forgets what it has and keeps the room.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.order.clear();
    }
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    out.extend_from_slice(bytes);
}
