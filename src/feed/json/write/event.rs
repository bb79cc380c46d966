//! Event lines.

use super::{
    Writer,
    cell::{Elsewhere, Same, Texts, push_cut, push_json},
    text::{Parts, now, push_key, push_plain, push_text},
};
use crate::{
    Event, Line, Statuses, Text, Value,
    description::{EventSpec, ListId},
    json::{Change, MAX_LINE, OPEN_TEXT, WINDOW_TEXT, read::own_text, usual::Usual},
};

/// The parts of an event line besides its name, number and time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventParts<'a> {
    /// Whether the network's own fields are written.
    pub bodies: bool,
    /// Whether the line for a person is written.
    pub line: bool,
    /// Maximum bytes of the text of the line. If it is longer, the network's own fields are left out and the text is cut.
    pub text: usize,
    /// What a recording has.
    pub record: Option<Record<'a>>,
}

/// What a recording has of an event: the rows that it touched, as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Record<'a> {
    /// The touched rows.
    pub rows: &'a [Change],
    /// The lengths of the lists that became longer or shorter.
    pub totals: &'a [(ListId, u64)],
    /// The settings, if the event touched them.
    pub settings: Option<&'a [Value]>,
}

/// How much of an event fitted into [`MAX_LINE`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Everything.
    Whole,
    /// The network's own fields are missing, and long texts are cut.
    Cut,
    /// Only the name, the number and the time. What the event touched must be read again.
    Head,
}

impl Default for EventParts<'_> {
    /// The network's own fields and the line, with a text of any length.
    fn default() -> Self {
        Self { bodies: true, line: true, text: usize::MAX, record: None }
    }
}

impl Writer<'_> {
    /// The form of a pipe: the name, the time, and the network's own fields as the network gives them.
    pub fn bare_event(self, out: &mut Vec<u8>, event: &Event) {
        let mut object = Parts::object(out);
        if let Some(spec) = self.description.event(event.kind) {
            push_plain(object.field("event"), &spec.name);
        }
        push_plain(object.field("time"), &event.now.unix_ms);
        object.fields_of(&event.json());
        object.end();
    }

    /// An event line of at most [`MAX_LINE`] bytes.
    pub fn event(self, out: &mut Vec<u8>, event: &Event, parts: &EventParts<'_>) -> Fit {
        let start = out.len();
        let line = if parts.line { event.line() } else { None };
        let text = line.as_ref().and_then(|line| line.text.as_ref()).map_or(0, Text::len);
        let whole = (text <= parts.text).then_some((Fit::Whole, *parts, usize::MAX));
        // With a whole text, the second attempt would hardly be shorter than the first.
        let cut = [parts.text, OPEN_TEXT].map(|text| EventParts { bodies: false, text, ..*parts });
        let cut = cut.into_iter().skip(usize::from(text <= parts.text));
        for (fit, parts, cells) in whole.into_iter().chain(cut.map(|parts| (Fit::Cut, parts, WINDOW_TEXT))) {
            self.event_within(out, event, line.as_ref(), &parts, cells);
            if out.len() - start <= MAX_LINE {
                return fit;
            }
            out.truncate(start);
        }
        let head = EventParts { bodies: false, line: false, record: None, ..*parts };
        self.event_within(out, &Event { by: None, ..event.clone() }, None, &head, 0);
        Fit::Head
    }

    fn event_within(
        self,
        out: &mut Vec<u8>,
        event: &Event,
        line: Option<&Line>,
        parts: &EventParts<'_>,
        most: usize,
    ) {
        let spec = self.description.event(event.kind);
        let mut object = Parts::object(out);
        match spec {
            Some(spec) => push_plain(object.field("event"), &spec.name),
            // Its name is in its own fields.
            None if parts.bodies => {}
            None => push_plain(object.field("event"), "unknown"),
        }
        push_plain(object.field("seq"), &event.seq);
        now(&mut object, event.now);
        if let Some(by) = &event.by {
            push_text(object.field("caused_by"), by);
        }
        let own_fields = parts.bodies.then(|| event.json());
        if let Some(own) = &own_fields {
            object.fields_of(own);
        }
        if let Some(line) = line {
            self.line(object.field("line"), spec, line, parts);
        }
        if let Some(record) = &parts.record {
            let of_line = line.and_then(|line| line.text.as_ref());
            let own = || own_text(spec?, own_fields.as_ref()?.get());
            let own = if of_line.is_none() { own() } else { None };
            let text = of_line.or(own.as_ref()).filter(|text| text.len() <= parts.text);
            let own_fields = own_fields.as_ref().map(|own| own.get());
            let elsewhere = Some(Elsewhere { key: "", own: own_fields });
            let texts = Texts { most, same: same(spec, text), kept: 0, elsewhere };
            self.record(&mut object, record, texts);
        }
        object.end();
    }

    /// Writes the line for a person. Fields with their usual value are left out, and in a recording a peer in a touched row
    /// is the number of that row, from 0.
    fn line(self, out: &mut Vec<u8>, spec: Option<&EventSpec>, line: &Line, parts: &EventParts<'_>) {
        let mut object = Parts::object(out);
        let usual = Usual::of(self.description, spec.filter(|_| parts.record.is_some()));
        if usual.direction != Some(line.direction) {
            push_plain(object.field("direction"), &line.direction);
        }
        if usual.types != line.types {
            let mut array = Parts::array(object.field("types"));
            let types = line.types.iter().filter_map(|id| self.description.types.get(usize::from(id.0)));
            types.for_each(|name| push_plain(array.next(), name));
            array.end();
        }
        if let Some(peer) = &line.peer {
            let rows = parts.record.map_or(&[][..], |record| record.rows);
            match rows.iter().position(|change| change.key == *peer) {
                Some(row) => push_plain(object.field("peer"), &row),
                None => push_key(object.field("peer"), peer),
            }
        }
        if line.status != Statuses::NONE {
            self.statuses(object.field("status"), line.status);
        }
        if let Some((list, key)) = &line.item {
            self.item(object.field("item"), *list, key);
        }
        if let Some(remote) = &line.remote {
            push_plain(object.field("remote"), remote);
        }
        line_text(&mut object, spec, line.text.as_ref(), parts);
        for (name, words, usual) in
            [("what", &line.what, usual.what), ("outcome", &line.outcome, usual.outcome)]
        {
            if words.untrusted() != usual {
                push_text(object.field(name), words);
            }
        }
        if line.tone != usual.tone {
            push_plain(object.field("tone"), &line.tone);
        }
        let fields = spec.map_or(&[][..], |spec| &spec.fields);
        let whole = line.text.as_ref().filter(|text| text.len() <= parts.text);
        let texts = Texts { same: same(spec, whole), ..Texts::WHOLE };
        for (field, value) in fields.iter().zip(&line.values) {
            if *value != Value::None {
                self.value(object.field(field.name.as_str()), &field.kind, value, texts);
            }
        }
        object.end();
    }

    /// Writes the fields of a recording. It stops where they are longer than a line, because the line is not used then.
    fn record(self, object: &mut Parts<'_>, record: &Record<'_>, texts: Texts<'_>) {
        let end = object.out.len() + MAX_LINE;
        let mut rows = Parts::array(object.field("rows"));
        for Change { list, key, row, kept } in record.rows {
            if rows.out.len() > end {
                break;
            }
            if let Some(row) = row {
                self.listed_row(rows.next(), *list, row, Texts { kept: *kept, ..texts });
            } else {
                let mut gone = Parts::array(rows.next());
                self.list(gone.next(), *list);
                push_key(gone.next(), key);
                gone.next().extend_from_slice(b"null");
                gone.end();
            }
        }
        rows.end();
        if !record.totals.is_empty() {
            let mut totals = Parts::object(object.field("totals"));
            for (list, total) in record.totals {
                push_plain(totals.field(self.list_name(*list)), total);
            }
            totals.end();
        }
        if let Some(settings) = record.settings {
            let fields = self.description.settings.iter().map(|setting| &setting.field);
            // A setting is not read together with the event, so it refers to nothing in it.
            let texts = Texts { same: None, elsewhere: None, ..texts };
            self.values(object.field("settings"), fields, settings, texts);
        }
    }
}

/// Writes the text of a line, unless it stands in the network's own fields.
fn line_text(object: &mut Parts<'_>, spec: Option<&EventSpec>, text: Option<&Text>, parts: &EventParts<'_>) {
    let is_in_body = parts.bodies && spec.is_some_and(|spec| spec.text.is_some());
    match text {
        Some(_) if is_in_body => {}
        Some(text) if text.len() > parts.text => push_cut(object.field("text"), text, 0, parts.text),
        Some(text) if spec.is_some_and(|spec| spec.is_json) => push_json(object.field("text"), text, false),
        Some(text) => push_text(object.field("text"), text),
        None if is_in_body => object.field("text").extend_from_slice(b"null"),
        None => {}
    }
}

/// The text of an event, for cells with the same text.
fn same<'a>(spec: Option<&EventSpec>, text: Option<&'a Text>) -> Option<Same<'a>> {
    text.map(|text| Same { text, is_json: spec.is_some_and(|spec| spec.is_json) })
}
