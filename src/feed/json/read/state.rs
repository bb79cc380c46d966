//! The state of a node in a recording.

use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Reader,
    cell::{Each, Known, RowSeed, Values},
    form::NowForm,
    object::{Member, Object},
};
use crate::{
    Value,
    json::{JsonError, ListState, MAX_STATE_ROWS, State},
};

#[derive(Deserialize)]
struct ListForm<'a> {
    total: u64,
    #[serde(borrow)]
    rows: &'a RawValue,
}

impl Reader<'_> {
    /// Reads the object that is the value of `state`.
    pub(super) fn state(self, object: &Object<'_>) -> Result<State, JsonError> {
        let lists = object.inner(object.needed("lists")?)?;
        let now: NowForm = object.required("now")?;
        let gauges = object.get("gauges").map(|values| self.gauges(object, values));
        let settings = object.get("settings").map(|values| self.settings(object, values));
        Ok(State {
            seq: object.required("seq")?,
            now: now.into(),
            lists: lists
                .fields
                .iter()
                .map(|field| self.list_state(&lists, field))
                .collect::<Result<_, _>>()?,
            gauges: gauges.transpose()?.unwrap_or_default(),
            settings: settings.transpose()?.unwrap_or_default(),
        })
    }

    fn list_state<'l>(self, lists: &Object<'l>, field: &Member<'l>) -> Result<ListState, JsonError> {
        let (list, spec) = self.list(&field.name).map_err(|reason| lists.wrong(field.value, reason))?;
        let ListForm { total, rows: value } = lists.read(field.value, PhantomData)?;
        let rows =
            lists.read(value, Each(RowSeed { reader: self, spec, known: Known::default(), kept: None }))?;
        if rows.len() > MAX_STATE_ROWS {
            let reason = format_args!("{} has more than {MAX_STATE_ROWS} rows here", spec.name);
            return Err(lists.wrong(value, reason));
        }
        Ok(ListState { list, total, rows })
    }

    /// Reads the values of the gauges.
    pub(super) fn gauges<'l>(
        self,
        object: &Object<'l>,
        value: &'l RawValue,
    ) -> Result<Vec<Value>, JsonError> {
        let fields = &mut self.description.gauges.iter();
        object
            .read(value, Values { reader: self, of: "`gauges`", fields, known: Known::default(), kept: None })
    }

    /// Reads the values of the settings.
    pub(super) fn settings<'l>(
        self,
        object: &Object<'l>,
        value: &'l RawValue,
    ) -> Result<Vec<Value>, JsonError> {
        let fields = &mut self.description.settings.iter().map(|setting| &setting.field);
        object.read(
            value,
            Values { reader: self, of: "`settings`", fields, known: Known::default(), kept: None },
        )
    }
}
