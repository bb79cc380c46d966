//! Requests and their answers.

use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Reader,
    cell::{Each, Known, OrNull, RowSeed},
    form::{Bounded, ItemForm, KeyForm, NameForm, TextForm},
    object::Object,
};
use crate::{
    Answer, Call, Check, Draft, Find, Label, MAX_ITEMS, Name, Outcome, Refusal, Request, Run,
    description::bounds,
    json::{FaceLine, JsonError, NodeLine, RequestError},
};

#[derive(Deserialize)]
struct CallForm {
    run: Run,
    command: Name,
    list: Option<String>,
    #[serde(default)]
    on: Bounded<KeyForm, MAX_ITEMS>,
    #[serde(default)]
    text: TextForm,
}

#[derive(Deserialize)]
struct FindForm {
    list: String,
    #[serde(default)]
    only: Bounded<Name, { bounds::STATUSES }>,
    #[serde(default)]
    typed: TextForm,
}

#[derive(Deserialize)]
struct RowsForm {
    list: String,
    keys: Bounded<KeyForm, MAX_ITEMS>,
}

#[derive(Deserialize)]
struct OutcomeForm<'a> {
    text: TextForm,
    undo: Option<CallForm>,
    #[serde(borrow)]
    opens: Option<ItemForm<'a>>,
    draft: Option<DraftForm>,
    #[serde(default)]
    left: Bounded<KeyForm, MAX_ITEMS>,
}

#[derive(Deserialize)]
struct DraftForm {
    text: TextForm,
    send: CallForm,
    cancel: Option<CallForm>,
}

#[derive(Deserialize)]
struct RefusalForm {
    text: TextForm,
    #[serde(default)]
    offers: Bounded<(Label, CallForm), { bounds::OTHERS }>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CheckForm {
    Works,
    Begun,
    Wrong(TextForm),
}

impl Reader<'_> {
    /// Reads a request, which has an `id`.
    pub(super) fn request(self, object: &Object<'_>) -> Result<FaceLine, RequestError> {
        let id = object.required("id").map_err(|error| RequestError { id: None, error })?;
        self.request_body(id, object).map_err(|error| RequestError { id: Some(id), error })
    }

    fn request_body(self, id: u64, object: &Object<'_>) -> Result<FaceLine, JsonError> {
        if object.get("line").is_some() {
            let TextForm(line) = object.required("line")?;
            return Ok(FaceLine::Typed(Some(id), line));
        }
        let request = if let Some(value) = object.get("call") {
            Request::Call(self.read_call(object, value)?)
        } else if let Some(value) = object.get("check") {
            Request::Check(self.read_call(object, value)?)
        } else if let Some(value) = object.get("find") {
            let FindForm { list, only, typed } = object.read(value, PhantomData)?;
            let list = self.list(&list).map_err(|reason| object.wrong(value, reason))?.0;
            let names = only.0.iter().map(|name| NameForm(name.as_str().into())).collect();
            self.statuses(names).map_err(|reason| object.wrong(value, reason))?;
            Request::Find(Find { list, only: only.0, typed: typed.0 })
        } else if let Some(value) = object.get("rows") {
            let RowsForm { list, keys } = object.read(value, PhantomData)?;
            let list = self.list(&list).map_err(|reason| object.wrong(value, reason))?.0;
            Request::Rows { list, keys: keys.0.into_iter().map(|KeyForm(key)| key).collect() }
        } else {
            return Err(JsonError::UnknownRequest);
        };
        Ok(FaceLine::Request(id, request))
    }

    fn read_call<'l>(self, object: &Object<'l>, value: &'l RawValue) -> Result<Call, JsonError> {
        self.call(object.read(value, PhantomData)?).map_err(|reason| object.wrong(value, reason))
    }

    fn call(self, form: CallForm) -> Result<Call, String> {
        let CallForm { run, command, list, on, text } = form;
        let list = list.map(|list| self.list(&list)).transpose()?.map(|(list, _)| list);
        let on = on.0.into_iter().map(|KeyForm(key)| key).collect();
        Ok(Call { run, command, on, list, text: text.0 })
    }

    /// Reads an answer, which has an `id`.
    pub(super) fn answer(self, object: &Object<'_>) -> Result<NodeLine, JsonError> {
        let id = object.required("id")?;
        let answer = if let Some(value) = object.get("ok") {
            let form = object.read(value, PhantomData)?;
            let outcome = self.outcome(form).map_err(|reason| object.wrong(value, reason))?;
            Answer::Called(Box::new(Ok(outcome)))
        } else if let Some(value) = object.get("refused") {
            let form = object.read(value, PhantomData)?;
            let refusal = self.refusal(form).map_err(|reason| object.wrong(value, reason))?;
            Answer::Called(Box::new(Err(refusal)))
        } else if let Some(value) = object.get("check") {
            Answer::Checked(match object.read(value, PhantomData)? {
                CheckForm::Works => Check::Works,
                CheckForm::Begun => Check::Begun,
                CheckForm::Wrong(TextForm(reason)) => Check::Wrong(reason),
            })
        } else if let Some(value) = object.get("found") {
            let rows = object.read(value, Each(self.rows_of(object)?))?;
            Answer::Found { rows, more: object.optional("more")? }
        } else if let Some(value) = object.get("rows") {
            Answer::Rows(object.read(value, Each(OrNull(self.rows_of(object)?)))?)
        } else if object.get("error").is_some() {
            let TextForm(reason) = object.required("error")?;
            Answer::Refused(reason)
        } else if object.get("replaced").is_some() {
            Answer::Replaced
        } else if object.get("lost").is_some() {
            Answer::Lost
        } else {
            return Ok(NodeLine::Other);
        };
        Ok(NodeLine::Answer(id, answer))
    }

    /// How rows of the list that an answer names are read.
    fn rows_of(&self, object: &Object<'_>) -> Result<RowSeed<'_>, JsonError> {
        let name: String = object.required("list")?;
        let value = object.needed("list")?;
        let (_, spec) = self.list(&name).map_err(|reason| object.wrong(value, reason))?;
        Ok(RowSeed { reader: *self, spec, known: Known::default(), kept: None })
    }

    fn outcome(self, form: OutcomeForm<'_>) -> Result<Outcome, String> {
        let OutcomeForm { text, undo, opens, draft, left } = form;
        let undo = undo.map(|call| self.call(call)).transpose()?;
        let opens =
            opens.map(|ItemForm(NameForm(list), KeyForm(key))| Ok::<_, String>((self.list(&list)?.0, key)));
        let draft = draft.map(|DraftForm { text, send, cancel }| {
            let cancel = cancel.map(|call| self.call(call)).transpose()?;
            Ok::<_, String>(Draft { text: text.0, send: self.call(send)?, cancel })
        });
        let left = left.0.into_iter().map(|KeyForm(key)| key).collect();
        Ok(Outcome { text: text.0, undo, opens: opens.transpose()?, draft: draft.transpose()?, left })
    }

    fn refusal(self, form: RefusalForm) -> Result<Refusal, String> {
        let offers = form.offers.0.into_iter().map(|(words, call)| Ok((words, self.call(call)?)));
        Ok(Refusal { text: form.text.0, offers: offers.collect::<Result<_, String>>()? })
    }
}
