//! The state of a node in a recording.

use super::{
    Writer,
    cell::Texts,
    object_in,
    text::{Parts, now, push_plain},
};
use crate::{
    Now,
    json::{Gauges, ListState, MAX_LONG_LINE, MAX_STATE_ROWS, State},
};

/// Bytes that are kept free for the ends of lists.
const RESERVE: usize = 4 << 10;

impl Writer<'_> {
    /// The rows of a node, of at most [`MAX_LONG_LINE`] bytes.
    ///
    /// Each list has at most [`MAX_STATE_ROWS`] rows. Where the line has no room for all rows,
    /// the lists share it, and each leaves out its last rows. Texts are whole: the caller cuts them.
    pub fn state(self, out: &mut Vec<u8>, state: &State) {
        let end = out.len() + MAX_LONG_LINE - RESERVE;
        object_in(out, "state", |object| {
            push_plain(object.field("seq"), &state.seq);
            let mut time = Parts::object(object.field("now"));
            now(&mut time, state.now);
            time.end();
            self.figures(object, &state.gauges, &state.settings, Texts::WHOLE);
            let mut lists = Parts::object(object.field("lists"));
            for (number, list) in state.lists.iter().enumerate() {
                let out = lists.field(self.list_name(list.list));
                let share = end.saturating_sub(out.len()) / (state.lists.len() - number);
                let end = out.len() + share;
                self.list_state(out, list, end);
            }
            lists.end();
        });
    }

    /// Writes rows while the buffer is not longer than `end`.
    fn list_state(self, out: &mut Vec<u8>, state: &ListState, end: usize) {
        let mut object = Parts::object(out);
        push_plain(object.field("total"), &state.total);
        let mut rows = Parts::array(object.field("rows"));
        for row in state.rows.iter().take(MAX_STATE_ROWS) {
            let start = rows.out.len();
            self.row(rows.next(), state.list, row, Texts::WHOLE);
            if rows.out.len() > end {
                rows.out.truncate(start);
                break;
            }
        }
        rows.end();
        object.end();
    }

    /// The values of the gauges, in a recording.
    pub fn gauges(self, out: &mut Vec<u8>, gauges: &Gauges) {
        let mut object = Parts::object(out);
        self.values(object.field("gauges"), &self.description.gauges, &gauges.values, Texts::WHOLE);
        if let Some(time) = gauges.now {
            now(&mut object, time);
        }
        object.end();
    }

    /// The last line of a recording.
    pub fn end(out: &mut Vec<u8>, time: Now) {
        object_in(out, "end", |object| now(object, time));
    }
}
