//! Lines of a node and of a face, given any bytes.

use std::sync::Arc;

use serde::Deserialize;

use super::{events::messages, *};
use crate::{Answer, Look, View, description::ListId};

/// A `hello` gives the description for the lines after it.
#[test]
fn feed_json() {
    clacks_fuzz::fuzz("feed_json", 2_000, |mut bytes| {
        let mut description = Arc::new(messages());
        let mut buffer = LineBuffer::for_face();
        while let Some(line) = buffer.next_line(&mut bytes) {
            check_line(line, &mut description);
        }
        buffer.rest().into_iter().for_each(|line| check_line(line, &mut description));
    });
}

fn check_line(line: Result<&str, JsonError>, description: &mut Arc<Description>) {
    match line {
        Ok(line) => {
            check_node_line(line, description);
            check_face_line(line, description);
            if let Ok(hello) = read_hello(line) {
                *description = hello.description;
            }
        }
        Err(error) => check_error(&error),
    }
}

/// An error is one line that a terminal may show.
fn check_error(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert_eq!(escaped_json(&text), text);
    assert!(text.len() < 3000);
}

/// What was read is written, and reading and writing that changes nothing.
fn check_node_line(line: &str, description: &Description) {
    let reader = Reader::new(description);
    match reader.node_line(line) {
        Err(error) => check_error(&error),
        Ok(read) => {
            let Some(once) = node_line_written(&read, line, description) else { return };
            let again = reader.node_line(&once).unwrap_or_else(|error| panic!("{error}: {once}"));
            assert_eq!(node_line_written(&again, &once, description), Some(once));
        }
    }
}

fn check_face_line(line: &str, description: &Description) {
    let reader = Reader::new(description);
    match reader.face_line(line) {
        Err(error) => check_error(&error),
        Ok(FaceLine::Typed(None, _)) => {}
        Ok(read) => {
            let once = face_line_written(&read, description);
            let again = reader.face_line(&once).unwrap_or_else(|error| panic!("{error}: {once}"));
            assert_eq!(again, read, "{once}");
        }
    }
}

fn face_line_written(line: &FaceLine, description: &Description) -> String {
    let writer = Writer::new(description);
    written(|out| match line {
        FaceLine::Watch(watch) => Writer::watch(out, watch),
        FaceLine::View(view) => writer.view(out, view),
        FaceLine::SameView(number) => Writer::same_view(out, *number),
        FaceLine::Request(id, request) => writer.request(out, *id, request),
        FaceLine::Typed(id, text) => Writer::typed(out, id.unwrap_or_default(), text),
    })
}

/// `None` for a line that has no writer, or whose lists are not known.
fn node_line_written(read: &NodeLine, line: &str, description: &Description) -> Option<String> {
    let writer = Writer::new(description);
    let list = match read {
        NodeLine::Answer(_, Answer::Found { .. } | Answer::Rows(_)) => list_of(line, description)?,
        NodeLine::Other => return None,
        _ => ListId(0),
    };
    Some(written(|out| match read {
        NodeLine::Hello(hello) => Writer::hello(out, hello),
        NodeLine::Watching(seq) => Writer::watching(out, *seq),
        NodeLine::Event(event) => event_written(writer, out, event),
        // Its open rows do not say of which lists they are.
        NodeLine::Look(look) => {
            writer.look(out, &View::default(), &Look { rows: Vec::new(), ..look.clone() });
        }
        NodeLine::LookReplaced(number) => Writer::look_replaced(out, *number),
        NodeLine::Answer(id, answer) => writer.answer(out, *id, list, answer),
        NodeLine::Lagged { missed, seq } => Writer::lagged(out, *missed, *seq),
        NodeLine::Away(reason) => Writer::away(out, reason),
        NodeLine::State(state) => writer.state(out, state),
        NodeLine::Gauges(gauges) => writer.gauges(out, gauges),
        NodeLine::End(now) => Writer::end(out, *now),
        NodeLine::Other => {}
    }))
}

fn event_written(writer: Writer<'_>, out: &mut Vec<u8>, line: &EventLine) {
    let EventLine { event, rows, totals, settings } = line;
    let record = Record { rows, totals, settings: settings.as_deref() };
    writer.event(out, event, &EventParts { record: Some(record), ..EventParts::default() });
}

fn list_of(line: &str, description: &Description) -> Option<ListId> {
    #[derive(Deserialize)]
    struct Form {
        list: String,
    }
    description.list_id(&serde_json::from_str::<Form>(line).ok()?.list)
}
