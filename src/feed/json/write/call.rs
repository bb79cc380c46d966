//! Requests and their answers.

use super::{
    Writer,
    cell::Texts,
    text::{Parts, push_key, push_plain, push_text},
};
use crate::{
    Answer, Call, Check, Find, Key, Outcome, Refusal, Request, Row,
    description::ListId,
    json::{MAX_LONG_LINE, WINDOW_TEXT},
};

impl Writer<'_> {
    /// A request with its number.
    ///
    /// A node skips a line of more than [`MAX_LINE`](crate::json::MAX_LINE) bytes and can't answer it, so the caller refuses
    /// such a request itself.
    pub fn request(self, out: &mut Vec<u8>, id: u64, request: &Request) {
        let mut object = Parts::object(out);
        push_plain(object.field("id"), &id);
        match request {
            Request::Call(call) => self.call(object.field("call"), call),
            Request::Check(call) => self.call(object.field("check"), call),
            Request::Find(Find { list, only, typed }) => {
                let mut find = Parts::object(object.field("find"));
                self.list(find.field("list"), *list);
                push_text(find.field("typed"), typed);
                if !only.is_empty() {
                    push_plain(find.field("only"), only);
                }
                find.end();
            }
            Request::Rows { list, keys } => {
                let mut rows = Parts::object(object.field("rows"));
                self.list(rows.field("list"), *list);
                push_keys(rows.field("keys"), keys);
                rows.end();
            }
        }
        object.end();
    }

    fn call(self, out: &mut Vec<u8>, call: &Call) {
        let mut object = Parts::object(out);
        push_plain(object.field("run"), &call.run);
        push_plain(object.field("command"), &call.command);
        if let Some(list) = call.list {
            self.list(object.field("list"), list);
        }
        if !call.on.is_empty() {
            push_keys(object.field("on"), &call.on);
        }
        if !call.text.is_empty() {
            push_text(object.field("text"), &call.text);
        }
        object.end();
    }

    /// The answer to the request with this number. `list` is the list of the rows in [`Answer::Found`] and
    /// [`Answer::Rows`].
    ///
    /// Found rows have texts of at most [`WINDOW_TEXT`] bytes. [`Answer::Rows`] has whole
    /// texts, as long as the line has at most [`MAX_LONG_LINE`] bytes; those of the rows
    /// after them are cut.
    pub fn answer(self, out: &mut Vec<u8>, id: u64, list: ListId, answer: &Answer) {
        let most = out.len() + MAX_LONG_LINE;
        let mut object = Parts::object(out);
        push_plain(object.field("id"), &id);
        match answer {
            Answer::Called(result) => match &**result {
                Ok(outcome) => self.outcome(object.field("ok"), outcome),
                Err(refusal) => self.refusal(object.field("refused"), refusal),
            },
            Answer::Checked(Check::Works) => push_plain(object.field("check"), "works"),
            Answer::Checked(Check::Begun) => push_plain(object.field("check"), "begun"),
            Answer::Checked(Check::Wrong(reason)) => {
                let mut wrong = Parts::object(object.field("check"));
                push_text(wrong.field("wrong"), reason);
                wrong.end();
            }
            Answer::Found { rows, more } => {
                self.list(object.field("list"), list);
                let mut found = Parts::array(object.field("found"));
                rows.iter().for_each(|row| self.row(found.next(), list, row, Texts::at_most(WINDOW_TEXT)));
                found.end();
                push_plain(object.field("more"), more);
            }
            Answer::Rows(rows) => {
                self.list(object.field("list"), list);
                self.whole_rows(object.field("rows"), list, rows, most);
            }
            Answer::Refused(reason) => push_text(object.field("error"), reason),
            Answer::Replaced => push_plain(object.field("replaced"), &true),
            Answer::Lost => push_plain(object.field("lost"), &true),
        }
        object.end();
    }

    /// Writes rows with whole texts, up to this length of the buffer; then with cut ones.
    fn whole_rows(self, out: &mut Vec<u8>, list: ListId, rows: &[Option<Row>], most: usize) {
        let mut array = Parts::array(out);
        let mut has_room = true;
        for (number, row) in rows.iter().enumerate() {
            let Some(row) = row else {
                array.next().extend_from_slice(b"null");
                continue;
            };
            // Room for the rows after this one.
            let most = most.saturating_sub((rows.len() - number) * 4 * WINDOW_TEXT);
            let out = array.next();
            let start = out.len();
            if has_room {
                self.row(out, list, row, Texts::WHOLE);
                has_room = out.len() <= most;
            }
            if !has_room {
                out.truncate(start);
                self.row(out, list, row, Texts::at_most(WINDOW_TEXT));
            }
        }
        array.end();
    }

    fn outcome(self, out: &mut Vec<u8>, outcome: &Outcome) {
        let mut object = Parts::object(out);
        push_text(object.field("text"), &outcome.text);
        if let Some(undo) = &outcome.undo {
            self.call(object.field("undo"), undo);
        }
        if let Some((list, key)) = &outcome.opens {
            self.item(object.field("opens"), *list, key);
        }
        if let Some(draft) = &outcome.draft {
            let mut written = Parts::object(object.field("draft"));
            push_text(written.field("text"), &draft.text);
            self.call(written.field("send"), &draft.send);
            if let Some(cancel) = &draft.cancel {
                self.call(written.field("cancel"), cancel);
            }
            written.end();
        }
        if !outcome.left.is_empty() {
            push_keys(object.field("left"), &outcome.left);
        }
        object.end();
    }

    fn refusal(self, out: &mut Vec<u8>, refusal: &Refusal) {
        let mut object = Parts::object(out);
        push_text(object.field("text"), &refusal.text);
        let mut offers = Parts::array(object.field("offers"));
        for (words, call) in &refusal.offers {
            let mut offer = Parts::array(offers.next());
            push_plain(offer.next(), words);
            self.call(offer.next(), call);
            offer.end();
        }
        offers.end();
        object.end();
    }
}

fn push_keys(out: &mut Vec<u8>, keys: &[Key]) {
    let mut array = Parts::array(out);
    keys.iter().for_each(|key| push_key(array.next(), key));
    array.end();
}
