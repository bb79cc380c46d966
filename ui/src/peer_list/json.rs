//! The JSON lines of lists of peers that were read.

use serde::Serialize;

use crate::json::Record;

use super::{Contents, Reading, parse::BadLine};

/// The result of reading a peer list: its reported bad lines, then the totals; or the reason why it was not read. `time`
/// is Unix time in milliseconds.
pub(crate) fn peers_read(time: u64, reading: &Reading) -> Vec<Record> {
    #[derive(Serialize)]
    struct RefusedLine<'a> {
        source: &'a str,
        line: usize,
        reason: String,
    }
    #[derive(Serialize)]
    struct InAll<'a> {
        source: &'a str,
        read: usize,
        new: usize,
        bad: usize,
    }
    #[derive(Serialize)]
    struct NotRead<'a> {
        source: &'a str,
        reason: String,
    }
    let source = &*reading.source.to_string();
    let contents = match &reading.result {
        Ok(contents) => contents,
        Err(error) => {
            let reason = error.to_string();
            return vec![Record::new("peers_not_read", time, NotRead { source, reason })];
        }
    };
    let refused = |bad: &BadLine| {
        let (line, reason) = (bad.line, bad.reason.to_string());
        Record::new("peers_refused_line", time, RefusedLine { source, line, reason })
    };
    let Contents { read, new, bad, .. } = *contents;
    let all = Record::new("peers_read", time, InAll { source, read, new, bad });
    contents.reported.iter().map(refused).chain([all]).collect()
}

#[cfg(test)]
mod tests {
    use clacks_language::list_source::ListSource;
    use clacks_text::testing::{hostile, is_hidden};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::peer_list::{ReadError, parse::LineError};

    proptest! {
        #[test]
        fn the_name_of_a_list_is_in_one_harmless_line_and_reads_back_the_same(name in hostile()) {
            let reported = vec![BadLine { line: 1, reason: LineError::NotText }];
            let contents = Ok(Contents { bad: 1, reported, ..Contents::default() });
            let readings = [contents, Err(ReadError::NotAFile)]
                .map(|result| Reading { source: ListSource::File((&*name).into()), result });
            let records: Vec<_> = readings.iter().flat_map(|reading| peers_read(0, reading)).collect();
            prop_assert_eq!(records.len(), 3);
            for record in records {
                let line = record.into_line();
                let is_harmful = |c: char| is_hidden(c) && !('\u{fe00}'..='\u{fe0f}').contains(&c);
                prop_assert!(!line.contains(is_harmful), "{:?}", line);
                let value: Value = serde_json::from_str(&line).unwrap();
                prop_assert_eq!(value["source"].as_str(), Some(&*name));
            }
        }
    }
}
