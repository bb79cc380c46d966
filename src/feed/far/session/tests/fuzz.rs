//! Bytes of a client, given any.

use super::*;

/// The first byte says in which pieces the others come, and how much the client reads.
#[test]
fn feed_session() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..50).map(|n| item(&format!("k{n:05}"), n, Some("Text \u{202e}"), Some(n))));
    memory.put(ROOMS, [row("hall", 1, [Value::None])]);
    memory.put(TOYS, [under("hall", "ball", 1)]);
    clacks_fuzz::fuzz("feed_session", 3_000, |bytes| {
        let Some((kind, bytes)) = bytes.split_first() else { return };
        let mut session = Session::new(memory.clone(), None);
        let mut cx = Context::from_waker(Waker::noop());
        let mut now = Duration::ZERO;
        let mut read = Vec::new();
        for piece in bytes.chunks(1 << (kind & 7)) {
            let mut piece = piece;
            // A session that does not take bytes takes them after the client has read.
            for _ in 0..4 {
                session.read(&mut piece);
                let _ = session.poll(&mut cx, now);
                now += Duration::from_millis(11);
                if kind & 8 == 0 || !session.wants_input() {
                    take_all(&mut session, &mut read, now);
                }
            }
            memory.put(ITEMS, [item("k00007", 7, Some("changed"), Some(now.as_millis() as u64))]);
            assert!(session.output().len() < MAX_BEHIND + (8 << 20));
        }
        session.end_input();
        for _ in 0..200 {
            let _ = session.poll(&mut cx, now);
            take_all(&mut session, &mut read, now);
        }
        check(&String::from_utf8(read).unwrap(), session.network.description());
    });
}

fn take_all(session: &mut Session, read: &mut Vec<u8>, now: Duration) {
    read.extend_from_slice(session.output());
    session.written(session.output().len(), now);
}

/// Every line is one that a client can read and that a terminal may show.
fn check(text: &str, description: &crate::description::Description) {
    assert!(text.is_empty() || text.ends_with('\n'));
    for line in text.lines() {
        assert_eq!(escaped_json(line), line);
        let read = Reader::new(description).node_line(line);
        assert!(!matches!(read, Ok(NodeLine::Other) | Err(_)), "{read:?}: {line}");
    }
}
