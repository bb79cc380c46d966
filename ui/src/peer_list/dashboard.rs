//! Lists of peers as the dashboard reads them.

use std::pin::Pin;

use clacks_dashboard::{run::peer_lists, state::peer_lists::ListsRead};
use clacks_language::list_source::ListSource;

use super::{PeerLists, PeerListsError, Reading, summary, why_not};

impl peer_lists::PeerLists for PeerLists {
    fn is_configured(&self) -> bool {
        !self.configured().is_empty()
    }

    fn why_not(&self) -> Option<String> {
        Self::why_not(self).map(|error| error.to_string())
    }

    fn why_not_file(&self, list: &ListSource) -> Option<String> {
        why_not(list)
    }

    fn read(&self, list: Option<ListSource>) -> Pin<Box<dyn Future<Output = ListsRead> + Send>> {
        let lists = self.clone();
        Box::pin(async move { lists_read(lists.read_all(list).await) })
    }
}

fn lists_read(read: Result<Vec<Reading>, PeerListsError>) -> ListsRead {
    let readings = match read {
        Ok(readings) => readings,
        Err(error) => return ListsRead { rows: Vec::new(), summary: Err(error.to_string()) },
    };
    let rows = readings.iter().flat_map(|reading| {
        let failed = reading.summary().err().map(|error| error.to_string());
        reading.bad_lines().into_iter().chain(failed)
    });
    ListsRead { rows: rows.collect(), summary: summary(&readings).map_err(|error| error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer_list::{
        Contents, ReadError,
        parse::{BadLine, LineError},
    };

    #[test]
    fn bad_lines_and_unread_lists_are_rows_of_the_traffic() {
        let reported = vec![BadLine { line: 4, reason: LineError::NotText }];
        let read = Contents { read: 12, new: 3, bad: 1, reported };
        let reading = |name: &str, result| Reading { source: ListSource::File(name.into()), result };
        let one = lists_read(Ok(vec![reading("peers.txt", Ok(read.clone()))]));
        assert_eq!(one.summary, Ok("peers.txt: 12 addresses read, 3 new, 1 bad line".to_owned()));
        assert_eq!(one.rows, ["line 4: this is not UTF-8 text (peers.txt)"]);
        let missing = reading("other", Err(ReadError::NotAFile));
        let both = lists_read(Ok(vec![reading("peers.txt", Ok(read)), missing]));
        let unread = "other was not read: this is no regular file";
        let summary = format!("1 of 2 lists: 12 addresses read, 3 new, 1 bad line; {unread}");
        assert_eq!((both.summary, both.rows.last().map(String::as_str)), (Err(summary), Some(unread)));
    }
}
