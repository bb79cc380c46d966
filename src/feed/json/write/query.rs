//! Views and their answers.

use super::{
    Writer,
    cell::{Texts, push_order},
    text::{Parts, now, push_key, push_plain, push_str, push_text},
};
use crate::{
    Anchor, Look, Page, View, Window,
    json::{MAX_LINE, OPEN_TEXT, WINDOW_TEXT},
};

/// How much of a look is written.
#[derive(Clone, Copy)]
struct Extent {
    /// Maximum bytes of a text in a window.
    window_text: usize,
    /// Maximum bytes of a text in an open row.
    open_text: usize,
    /// Maximum rows on either side of an anchor.
    rows: usize,
}

/// The extents, the widest first. The first that fits into a line is used.
const EXTENTS: [Extent; 6] = [
    Extent { window_text: WINDOW_TEXT, open_text: OPEN_TEXT, rows: usize::MAX },
    Extent { window_text: WINDOW_TEXT, open_text: WINDOW_TEXT, rows: usize::MAX },
    Extent { window_text: 64, open_text: WINDOW_TEXT, rows: usize::MAX },
    Extent { window_text: 64, open_text: WINDOW_TEXT, rows: 128 },
    Extent { window_text: 64, open_text: 64, rows: 16 },
    Extent { window_text: 0, open_text: 0, rows: 0 },
];

impl Writer<'_> {
    /// A request for the rows of a new view. A node skips a line of more than [`MAX_LINE`] bytes;
    /// only keys and filters can be that long.
    pub fn view(self, out: &mut Vec<u8>, view: &View) {
        let mut object = Parts::object(out);
        push_plain(object.field("look"), &view.number);
        let mut windows = Parts::array(object.field("windows"));
        view.windows.iter().for_each(|window| self.window(windows.next(), window));
        windows.end();
        if !view.rows.is_empty() {
            self.items(object.field("rows"), &view.rows);
        }
        if !view.marks.is_empty() {
            self.items(object.field("marks"), &view.marks);
        }
        if view.settings {
            push_plain(object.field("settings"), &true);
        }
        object.end();
    }

    /// A request for the rows of the last view, under a new number.
    pub fn same_view(out: &mut Vec<u8>, number: u64) {
        let mut object = Parts::object(out);
        push_plain(object.field("look"), &number);
        object.end();
    }

    /// The answer to a request for the last view, if a newer one has replaced it.
    pub fn look_replaced(out: &mut Vec<u8>, number: u64) {
        let mut object = Parts::object(out);
        push_plain(object.field("look"), &number);
        push_plain(object.field("replaced"), &true);
        object.end();
    }

    fn window(self, out: &mut Vec<u8>, window: &Window) {
        let mut object = Parts::object(out);
        self.list(object.field("list"), window.list);
        if let Some(under) = &window.under {
            push_key(object.field("under"), under);
        }
        match &window.at {
            Anchor::First => {}
            Anchor::Last => push_plain(object.field("at"), "last"),
            Anchor::At(order, key) => {
                let mut at = Parts::array(object.field("at"));
                push_order(at.next(), order);
                push_key(at.next(), key);
                at.end();
            }
        }
        push_plain(object.field("before"), &window.before);
        push_plain(object.field("after"), &window.after);
        if let Some(sort) = &window.sort {
            let mut sorted = Parts::object(object.field("sort"));
            push_plain(sorted.field("column"), &sort.column);
            if sort.descending {
                push_plain(sorted.field("descending"), &true);
            }
            sorted.end();
        }
        if let Some(filter) = &window.filter {
            push_str(object.field("filter"), filter);
        }
        object.end();
    }

    /// The answer to a view, of at most [`MAX_LINE`] bytes. `view` names the lists of the open
    /// rows.
    ///
    /// Texts are cut after [`WINDOW_TEXT`] bytes in windows and after
    /// [`OPEN_TEXT`] bytes in open rows. If the line is still too long, texts are cut further,
    /// and then rows far from the anchors are left out.
    pub fn look(self, out: &mut Vec<u8>, view: &View, look: &Look) {
        let start = out.len();
        for extent in EXTENTS {
            out.truncate(start);
            self.look_within(out, view, look, extent);
            if out.len() - start <= MAX_LINE {
                return;
            }
        }
        // Only keys are left that can be this long.
        out.truncate(start);
        let pages = look.pages.iter().map(without_rows).collect();
        let rows = look.rows.iter().map(|_| None).collect();
        self.look_within(out, view, &Look { pages, rows, gone: Vec::new(), ..look.clone() }, EXTENTS[5]);
    }

    fn look_within(self, out: &mut Vec<u8>, view: &View, look: &Look, extent: Extent) {
        let end = out.len() + MAX_LINE;
        let mut object = Parts::object(out);
        push_plain(object.field("look"), &look.view);
        push_plain(object.field("seq"), &look.seq);
        now(&mut object, look.now);
        let mut pages = Parts::array(object.field("pages"));
        look.pages.iter().for_each(|page| self.page(pages.next(), page, extent, end));
        pages.end();
        if !look.rows.is_empty() {
            let mut rows = Parts::array(object.field("rows"));
            let lists = view.rows.iter().map(|(list, _)| *list);
            for (row, list) in look.rows.iter().zip(lists) {
                match row {
                    Some(row) => self.listed_row(rows.next(), list, row, Texts::at_most(extent.open_text)),
                    None => rows.next().extend_from_slice(b"null"),
                }
            }
            rows.end();
        }
        if !look.gone.is_empty() {
            self.items(object.field("gone"), &look.gone);
        }
        self.figures(&mut object, &look.gauges, &look.settings, Texts::at_most(extent.window_text));
        object.end();
    }

    /// Writes a page. It stops where the buffer is longer than `end`, because the line is not used then.
    fn page(self, out: &mut Vec<u8>, page: &Page, extent: Extent, end: usize) {
        let from = page.anchor.saturating_sub(extent.rows).min(page.rows.len());
        let to = page.anchor.saturating_add(extent.rows).clamp(from, page.rows.len());
        let mut object = Parts::object(out);
        self.list(object.field("list"), page.list);
        if let Some(under) = &page.under {
            push_key(object.field("under"), under);
        }
        if let Some(first) = page.first {
            push_plain(object.field("first"), &(first + from as u64));
        }
        push_plain(object.field("total"), &page.total);
        if !page.counts.is_empty() {
            push_plain(object.field("counts"), &page.counts);
        }
        push_plain(object.field("anchor"), &(page.anchor - from));
        if let Some(ready) = page.ready {
            push_plain(object.field("ready"), &ready);
        }
        if let Some(reason) = &page.refused {
            push_text(object.field("refused"), reason);
        }
        let mut rows = Parts::array(object.field("rows"));
        let texts = Texts::at_most(extent.window_text);
        for row in &page.rows[from..to] {
            if rows.out.len() > end {
                break;
            }
            self.row(rows.next(), page.list, row, texts);
        }
        rows.end();
        object.end();
    }
}

fn without_rows(page: &Page) -> Page {
    Page { under: None, rows: Vec::new(), anchor: 0, ..page.clone() }
}
