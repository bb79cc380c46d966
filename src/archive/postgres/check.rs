//! The examination of a whole archive. The pages are the affair of the server, which has tools for them.

use tokio_postgres::{Client, Error, IsolationLevel};

use super::row::count;
use crate::Checked;

/// What must be zero, and the sentence about it.
const COUNTS: [(&str, &str); 4] = [
    (
        "SELECT count(*) FROM sighting s WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = s.message)",
        "sightings have no message",
    ),
    (
        "SELECT count(*) FROM sighting s WHERE peer IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM peer WHERE id = s.peer)",
        "sightings refer to peers that do not exist",
    ),
    (
        "SELECT count(*) FROM message m
        WHERE times < (SELECT count(*) FROM sighting s WHERE s.message = m.id)",
        "messages have more sightings than they were seen",
    ),
    (
        "SELECT count(*) FROM message m WHERE last_seen < first_seen OR EXISTS
        (SELECT 1 FROM sighting s WHERE s.message = m.id AND (at < first_seen OR at > last_seen))",
        "messages were seen outside the time between first and last",
    ),
];

pub(super) async fn check(client: &mut Client) -> Result<Checked, Error> {
    // One moment of the archive.
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = builder.start().await?;
    let mut checked = Checked::default();
    for (sql, sentence) in COUNTS {
        let found = count(&transaction.query_one(sql, &[]).await?, 0);
        if found > 0 {
            checked.problems.push(format!("{found} {sentence}"));
        }
    }
    for (sql, figure) in [
        ("SELECT count(*) FROM message", &mut checked.messages),
        ("SELECT count(*) FROM sighting", &mut checked.sightings),
        ("SELECT count(*) FROM peer", &mut checked.peers),
        ("SELECT coalesce(sum(times), 0)::bigint FROM message", &mut checked.times),
        ("SELECT value FROM meta WHERE name = 'not_stored'", &mut checked.not_stored),
        ("SELECT value FROM meta WHERE name = 'bytes'", &mut checked.bytes),
    ] {
        *figure = count(&transaction.query_one(sql, &[]).await?, 0);
    }
    Ok(checked)
}
