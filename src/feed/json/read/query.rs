//! Views and their answers.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Reader,
    cell::{Each, Known, ListedRow, OrNull, RowSeed},
    form::{Bounded, ItemForm, KeyForm, NameForm, NowForm, OrderForm, TextForm},
    object::Object,
};
use crate::{
    Anchor, Key, Look, MAX_ITEMS, MAX_OPEN, MAX_ROWS, MAX_WINDOWS, Name, Page, Sort, View, Window,
    description::ListId,
    json::{FaceLine, JsonError},
};

#[derive(Deserialize)]
struct WindowForm {
    list: String,
    under: Option<KeyForm>,
    #[serde(default)]
    at: AnchorForm,
    #[serde(default)]
    before: u16,
    #[serde(default)]
    after: u16,
    sort: Option<SortForm>,
    filter: Option<String>,
}

#[derive(Deserialize)]
struct SortForm {
    column: Name,
    #[serde(default)]
    descending: bool,
}

#[derive(Default)]
struct AnchorForm(Anchor);

impl<'de> Deserialize<'de> for AnchorForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;
        impl<'de> Visitor<'de> for Place {
            type Value = AnchorForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`first`, `last`, or an array of order and key")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AnchorForm, E> {
                match text {
                    "first" => Ok(AnchorForm(Anchor::First)),
                    "last" => Ok(AnchorForm(Anchor::Last)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AnchorForm, A::Error> {
                let short = |length| A::Error::invalid_length(length, &self);
                let OrderForm(order) = seq.next_element()?.ok_or_else(|| short(0))?;
                let KeyForm(key) = seq.next_element()?.ok_or_else(|| short(1))?;
                Ok(AnchorForm(Anchor::At(order, key)))
            }
        }
        deserializer.deserialize_any(Place)
    }
}

#[derive(Deserialize)]
struct PageForm<'a> {
    list: String,
    under: Option<KeyForm>,
    first: Option<u64>,
    total: u64,
    #[serde(default)]
    counts: Vec<u64>,
    #[serde(borrow)]
    rows: &'a RawValue,
    #[serde(default)]
    anchor: usize,
    ready: Option<u8>,
    refused: Option<TextForm>,
}

impl Reader<'_> {
    /// Reads a view, or a request for the same one.
    pub(super) fn view(self, object: &Object<'_>) -> Result<FaceLine, JsonError> {
        let number = object.required("look")?;
        let Some(value) = object.get("windows") else { return Ok(FaceLine::SameView(number)) };
        let Bounded::<_, MAX_WINDOWS>(windows) = object.read(value, PhantomData)?;
        let window = |form| self.window(form).map_err(|reason| object.wrong(value, reason));
        Ok(FaceLine::View(View {
            number,
            windows: windows.into_iter().map(window).collect::<Result<_, _>>()?,
            rows: self.items::<MAX_OPEN>(object, "rows")?,
            marks: self.items::<MAX_ITEMS>(object, "marks")?,
            settings: object.optional("settings")?,
        }))
    }

    fn window(self, form: WindowForm) -> Result<Window, String> {
        let WindowForm { list, under, at, before, after, sort, filter } = form;
        let (list, _) = self.list(&list)?;
        if before.max(after) > MAX_ROWS {
            return Err(format!("a window has at most {MAX_ROWS} rows on either side, ask for fewer"));
        }
        let sort = sort.map(|SortForm { column, descending }| Sort { column, descending });
        let under = under.map(|KeyForm(key)| key);
        Ok(Window { list, under, at: at.0, before, after, sort, filter: filter.map(Into::into) })
    }

    /// Reads items of lists. None if there is no such field.
    fn items<const MOST: usize>(
        self,
        object: &Object<'_>,
        name: &str,
    ) -> Result<Vec<(ListId, Key)>, JsonError> {
        let Some(value) = object.get(name) else { return Ok(Vec::new()) };
        let Bounded::<ItemForm, MOST>(items) = object.read(value, PhantomData)?;
        let item = |ItemForm(NameForm(list), KeyForm(key))| Ok((self.list(&list)?.0, key));
        items
            .into_iter()
            .map(item)
            .collect::<Result<_, _>>()
            .map_err(|reason: String| object.wrong(value, reason))
    }

    /// Reads the answer to a view.
    pub(super) fn look<'l>(self, object: &Object<'l>) -> Result<Look, JsonError> {
        let pages: Bounded<PageForm<'l>, MAX_WINDOWS> = object.optional("pages")?;
        let open = Each(OrNull(ListedRow { reader: self, known: Known::default() }));
        let rows = object.get("rows").map(|rows| object.read(rows, open)).transpose()?.unwrap_or_default();
        let gauges = object.get("gauges").map(|values| self.gauges(object, values)).transpose()?;
        let settings = object.get("settings").map(|values| self.settings(object, values)).transpose()?;
        Ok(Look {
            view: object.required("look")?,
            seq: object.required("seq")?,
            now: NowForm::of(object)?.into(),
            pages: pages.0.into_iter().map(|form| self.page(object, form)).collect::<Result<_, _>>()?,
            rows: rows.into_iter().map(|row| row.and_then(|change| change.row)).collect(),
            gone: self.items::<MAX_ITEMS>(object, "gone")?,
            gauges: gauges.unwrap_or_default(),
            settings: settings.unwrap_or_default(),
        })
    }

    fn page<'l>(self, object: &Object<'l>, form: PageForm<'l>) -> Result<Page, JsonError> {
        let PageForm { list, under, first, total, counts, rows, anchor, ready, refused } = form;
        let (list, spec) = self.list(&list).map_err(|reason| object.wrong(rows, reason))?;
        let read =
            object.read(rows, Each(RowSeed { reader: self, spec, known: Known::default(), kept: None }))?;
        // Without rows from the anchor on, the anchor is behind the last row.
        if anchor > read.len() {
            return Err(object.wrong(rows, format_args!("there is no row {anchor}, which is the anchor")));
        }
        let under = under.map(|KeyForm(key)| key);
        let refused = refused.map(|TextForm(reason)| reason);
        Ok(Page { list, under, first, total, counts, rows: read, anchor, ready, refused })
    }
}
