//! Every line except events.

use std::sync::Arc;

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{generate::*, *};
use crate::{
    Answer, Check, Find, Look, Name, Page, Request, Run, View,
    description::{Level, ListId},
};

/// Gives a description, and something that fits it.
fn with<S: Strategy>(
    make: impl Fn(&Description) -> S + 'static,
) -> impl Strategy<Value = (Description, S::Value)> {
    description().prop_flat_map(move |description| {
        let fitting = make(&description);
        (Just(description), fitting)
    })
}

fn columns(description: &Description, list: ListId) -> &[Field] {
    &description.list(list).unwrap().columns
}

fn view(description: &Description) -> BoxedStrategy<View> {
    let parts = (vec(window(description), 0..4), items(description, 8), items(description, 9));
    (any::<u64>(), parts, any::<bool>())
        .prop_map(|(number, (windows, rows, marks), settings)| View {
            number,
            windows,
            rows,
            marks,
            settings,
        })
        .boxed()
}

/// A look and the lists of its open rows.
fn look(description: &Description) -> BoxedStrategy<(Look, Vec<ListId>)> {
    let all = description.clone();
    let open = vec(list(description), 0..4).prop_flat_map(move |lists| {
        let rows: Vec<_> = lists.iter().map(|list| option::of(row(&all, *list))).collect();
        (rows, Just(lists))
    });
    let statuses = description.statuses.len();
    let figures = (
        option::of(values(&description.gauges, statuses)),
        option::of(values(settings(description), statuses)),
    );
    let parts = (vec(page(description), 0..4), open, items(description, 4), figures);
    ((any::<u64>(), any::<u64>(), now()), parts)
        .prop_map(|((view, seq, now), (pages, (rows, lists), gone, (gauges, settings)))| {
            let (gauges, settings) = (gauges.unwrap_or_default(), settings.unwrap_or_default());
            (Look { view, seq, now, pages, rows, gone, gauges, settings }, lists)
        })
        .boxed()
}

fn look_read_back(description: &Description, look: &Look, lists: &[ListId]) -> Look {
    let page = |page: &Page| {
        let row = |row: &Row| row_read_back(columns(description, page.list), row, WINDOW_TEXT);
        Page { rows: page.rows.iter().map(row).collect(), ..page.clone() }
    };
    let open = |(row, list): (&Option<Row>, &ListId)| {
        row.as_ref().map(|row| row_read_back(columns(description, *list), row, OPEN_TEXT))
    };
    Look {
        pages: look.pages.iter().map(page).collect(),
        rows: look.rows.iter().zip(lists).map(open).collect(),
        gauges: values_read_back(&description.gauges, &look.gauges, WINDOW_TEXT),
        settings: values_read_back(settings(description), &look.settings, WINDOW_TEXT),
        ..look.clone()
    }
}

fn request(description: &Description) -> BoxedStrategy<Request> {
    let all = description.clone();
    let only = vec(0..all.statuses.len(), 0..3)
        .prop_map(move |ids| ids.into_iter().map(|id| all.statuses[id].name.clone()).collect::<Vec<Name>>());
    let find = (list(description), only, text());
    prop_oneof![
        call(description).prop_map(Request::Call),
        call(description).prop_map(Request::Check),
        find.prop_map(|(list, only, typed)| Request::Find(Find { list, only, typed })),
        (list(description), vec(key(), 0..4)).prop_map(|(list, keys)| Request::Rows { list, keys }),
    ]
    .boxed()
}

fn answer(description: &Description) -> BoxedStrategy<(ListId, Answer)> {
    let all = description.clone();
    let answers = (outcome(description), refusal(description));
    list(description)
        .prop_flat_map(move |list| {
            let rows = vec(option::of(row(&all, list)), 0..4);
            let found = (vec(row(&all, list), 0..4), any::<bool>());
            let answer = prop_oneof![
                answers.0.clone().prop_map(|outcome| Answer::Called(Box::new(Ok(outcome)))),
                answers.1.clone().prop_map(|refusal| Answer::Called(Box::new(Err(refusal)))),
                select(vec![Check::Works, Check::Begun]).prop_map(Answer::Checked),
                text().prop_map(|reason| Answer::Checked(Check::Wrong(reason))),
                found.prop_map(|(rows, more)| Answer::Found { rows, more }),
                rows.prop_map(Answer::Rows),
                text().prop_map(Answer::Refused),
                select(vec![Answer::Replaced, Answer::Lost]),
            ];
            (Just(list), answer)
        })
        .boxed()
}

fn answer_read_back(description: &Description, list: ListId, answer: &Answer) -> Answer {
    let row = |row: &Row, most| row_read_back(columns(description, list), row, most);
    match answer {
        Answer::Found { rows, more } => {
            Answer::Found { rows: rows.iter().map(|found| row(found, WINDOW_TEXT)).collect(), more: *more }
        }
        Answer::Rows(rows) => Answer::Rows(
            rows.iter().map(|whole| whole.as_ref().map(|whole| row(whole, usize::MAX))).collect(),
        ),
        answer => answer.clone(),
    }
}

fn state(description: &Description) -> BoxedStrategy<State> {
    let ids = (0..description.lists.len()).map(|list| ListId(list as u8));
    let list = |list: ListId| {
        (any::<u64>(), vec(row(description, list), 0..3)).prop_map(move |(total, rows)| ListState {
            list,
            total,
            rows,
        })
    };
    let lists: Vec<_> = ids.map(list).collect();
    let statuses = description.statuses.len();
    let figures = (values(&description.gauges, statuses), values(settings(description), statuses));
    (any::<u64>(), now(), lists, figures)
        .prop_map(|(seq, now, lists, (gauges, settings))| State { seq, now, lists, gauges, settings })
        .boxed()
}

fn state_read_back(description: &Description, state: &State) -> State {
    let list = |list: &ListState| {
        let row = |row: &Row| row_read_back(columns(description, list.list), row, usize::MAX);
        ListState { rows: list.rows.iter().map(row).collect(), ..list.clone() }
    };
    State {
        lists: state.lists.iter().map(list).collect(),
        gauges: values_read_back(&description.gauges, &state.gauges, usize::MAX),
        settings: values_read_back(settings(description), &state.settings, usize::MAX),
        ..state.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_hello_is_read_back(description in description(), run: u64, process: Option<u32>, now in now()) {
        let hello = Hello { run: Run(run), process, now, description: Arc::new(description) };
        let line = written(|out| Writer::hello(out, &hello));
        prop_assert_eq!(&read_hello(&line).unwrap(), &hello);
        let read = Reader::new(&hello.description).node_line(&line).unwrap();
        prop_assert!(matches!(read, NodeLine::Hello(read) if read == hello));
    }

    #[test]
    fn a_request_for_events_is_read_back(
        level in select(vec![Level::Debug, Level::Info, Level::Warning]),
        bodies: bool, rows: bool, filter in option::of(text()), seq: u64, missed: u64, reason in text(),
    ) {
        let description = Description::new("toy".into(), "a toy".into());
        let reader = Reader::new(&description);
        let watch = WatchRequest { level, bodies, rows, filter: filter.map(|text| text.untrusted().into()) };
        let line = written(|out| Writer::watch(out, &watch));
        prop_assert_eq!(reader.face_line(&line).unwrap(), FaceLine::Watch(watch));
        let line = written(|out| Writer::watching(out, seq));
        prop_assert!(matches!(reader.node_line(&line).unwrap(), NodeLine::Watching(read) if read == seq));
        let line = written(|out| Writer::lagged(out, missed, seq));
        let read = reader.node_line(&line).unwrap();
        let NodeLine::Lagged { missed: read, seq: last } = read else { panic!("{line}") };
        prop_assert_eq!((read, last), (missed, seq));
        let line = written(|out| Writer::away(out, &reason));
        prop_assert!(matches!(reader.node_line(&line).unwrap(), NodeLine::Away(read) if read == reason));
    }

    #[test]
    fn a_view_is_read_back((description, view) in with(view), number: u64) {
        let reader = Reader::new(&description);
        let line = written(|out| Writer::new(&description).view(out, &view));
        prop_assert_eq!(reader.face_line(&line).unwrap(), FaceLine::View(view));
        let line = written(|out| Writer::same_view(out, number));
        prop_assert_eq!(reader.face_line(&line).unwrap(), FaceLine::SameView(number));
    }

    #[test]
    fn a_look_is_read_back((description, (look, lists)) in with(look)) {
        let view = View { rows: lists.iter().map(|list| (*list, "x".into())).collect(), ..View::default() };
        let line = written(|out| Writer::new(&description).look(out, &view, &look));
        let NodeLine::Look(read) = Reader::new(&description).node_line(&line).unwrap() else { panic!("{line}") };
        prop_assert_eq!(read, look_read_back(&description, &look, &lists));
    }

    #[test]
    fn a_request_is_read_back((description, request) in with(request), id: u64, typed in text()) {
        let reader = Reader::new(&description);
        let line = written(|out| Writer::new(&description).request(out, id, &request));
        prop_assert_eq!(reader.face_line(&line).unwrap(), FaceLine::Request(id, request));
        let line = written(|out| Writer::typed(out, id, &typed));
        prop_assert_eq!(reader.face_line(&line).unwrap(), FaceLine::Typed(Some(id), typed));
    }

    #[test]
    fn an_answer_is_read_back((description, (list, answer)) in with(answer), id: u64) {
        let line = written(|out| Writer::new(&description).answer(out, id, list, &answer));
        let read = Reader::new(&description).node_line(&line).unwrap();
        let NodeLine::Answer(read_id, read) = read else { panic!("{line}") };
        prop_assert_eq!((read_id, read), (id, answer_read_back(&description, list, &answer)));
    }

    #[test]
    fn a_state_is_read_back((description, state) in with(state)) {
        let line = written(|out| Writer::new(&description).state(out, &state));
        let NodeLine::State(read) = Reader::new(&description).node_line(&line).unwrap() else { panic!("{line}") };
        prop_assert_eq!(read, state_read_back(&description, &state));
        for now in [None, Some(state.now)] {
            let gauges = Gauges { now, values: state.gauges.clone() };
            let line = written(|out| Writer::new(&description).gauges(out, &gauges));
            let NodeLine::Gauges(read) = Reader::new(&description).node_line(&line).unwrap() else { panic!("{line}") };
            let values = values_read_back(&description.gauges, &state.gauges, usize::MAX);
            prop_assert_eq!(read, Gauges { now, values });
        }
        let line = written(|out| Writer::end(out, state.now));
        let read = Reader::new(&description).node_line(&line).unwrap();
        prop_assert!(matches!(read, NodeLine::End(now) if now == state.now));
    }
}
