//! The form of recordings of version 2: the JSON lines of the feed.

use std::sync::Arc;

use clacks_feed::{
    description::Description,
    json::{Hello, MAX_LINE, MAX_LONG_LINE, NodeLine, Reader, read_hello},
    mirror::{Decoder, Format},
};

use crate::files::BEGINNING;

pub(super) struct Version2;

struct Lines(Arc<Description>);

impl Format for Version2 {
    fn is_begun_by(&self, line: &str) -> bool {
        // A later version begins in the same way, and the error names it.
        BEGINNING.strip_suffix("2,").is_some_and(|start| line.starts_with(start))
    }

    fn max_line(&self) -> usize {
        MAX_LONG_LINE
    }

    fn open(&self, line: &str) -> Result<(Hello, Box<dyn Decoder>), String> {
        let hello = read_hello(line).map_err(|error| error.to_string())?;
        let decoder = Box::new(Lines(Arc::clone(&hello.description)));
        Ok((hello, decoder))
    }
}

impl Decoder for Lines {
    fn lines(&mut self, line: &str) -> Result<Vec<NodeLine>, String> {
        if line.len() > MAX_LINE && !line.starts_with(r#"{"state":"#) {
            return Err(format!("the line is longer than {} MiB", MAX_LINE >> 20));
        }
        let line = Reader::new(&self.0).node_line(line).map_err(|error| error.to_string())?;
        Ok(vec![line])
    }

    fn jump(&mut self, _: u64) {}
}
