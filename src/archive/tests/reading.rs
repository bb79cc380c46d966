use super::{Place, assert_is_whole, enqueued, hash, peer, received, search, texts, writing};
use crate::{
    Access, ArchiveError, HashPrefix, Life, Order, Peer, PeerQuery, Query, Seen, Sighting, SightingKind,
    Store, Unseen,
};

pub(super) fn sightings_of_one_message_are_counted(place: &dyn Place) {
    let mut store = writing(place);
    store.append(&[received("\"a\"", 30), enqueued("\"b\"", 20), received("\"a\"", 10)], 0).unwrap();
    store.append(&[received("\"a\"", 20)], 0).unwrap();
    let found = store.find(&Query::default()).unwrap();
    let figures: Vec<_> =
        found.iter().map(|found| (found.first_seen, found.last_seen, found.times)).collect();
    assert_eq!(texts(&found), ["\"a\"", "\"b\""]);
    assert_eq!(figures, [(10, 30, 3), (20, 20, 1)]);
    assert_eq!(found[0].hash, hash("\"a\""));
    let checked = store.check().unwrap();
    assert_eq!((checked.messages, checked.sightings, checked.times, checked.peers), (2, 4, 4, 1));
    assert_is_whole(&mut *store);
}

pub(super) fn a_peer_has_its_latest_status(place: &dyn Place) {
    let mut store = writing(place);
    let seen = |at, status: &str| Sighting { peer: Some(peer("tower", status)), ..received("1", at) };
    store.append(&[seen(20, "alive"), seen(30, "lost"), seen(10, "new")], 0).unwrap();
    let status = |store: &mut dyn Store| {
        let life = store.life(&hash("1"), 10).unwrap().unwrap();
        life.sightings[0].peer.as_ref().unwrap().status.clone().unwrap()
    };
    assert_eq!(status(&mut *store).untrusted(), "lost");
    // An older sighting that comes later says nothing about now, and one without a status says nothing either.
    let silent = Sighting { peer: Some(Peer { status: None, ..peer("tower", "") }), ..received("1", 90) };
    store.append(&[seen(25, "dead")], 0).unwrap();
    store.append(&[silent], 0).unwrap();
    assert_eq!(status(&mut *store).untrusted(), "lost");
    store.append(&[seen(95, "dead")], 0).unwrap();
    assert_eq!(status(&mut *store).untrusted(), "dead");
}

pub(super) fn messages_are_found_by_words(place: &dyn Place) {
    let mut store = writing(place);
    let messages = [
        r#""strong wind at the tower""#,
        r#"{"class":"weather","text":"wind and strong rain","at":"towers.example:8080"}"#,
        r#"{"class":"names","names":["GNU Jos\u00e9","don't"]}"#,
        r#"["semaphore", "STRONG", "wind"]"#,
        "17",
    ];
    let batch: Vec<_> = messages.iter().zip(1..).map(|(json, at)| received(json, at)).collect();
    store.append(&batch, 0).unwrap();
    // The newest first, by their numbers.
    for (words, found) in [
        ("wind", &[3, 1, 0][..]),
        ("WIND strong", &[3, 1, 0]),
        ("\"strong wind\"", &[0]),
        ("tow*", &[1, 0]),
        ("tower", &[0]),
        ("wind -rain", &[3, 0]),
        ("rain OR semaphore", &[3, 1]),
        ("semaphore OR wind -strong", &[3]),
        ("jose", &[2]),
        ("José", &[2]),
        ("JOSÉ", &[2]),
        ("don't", &[2]),
        ("towers.example:8080", &[1]),
        ("\"towers exam\"*", &[1]),
        ("class", &[]),
        ("weather -\"strong rain\"", &[]),
        ("17", &[]),
        ("x'); DROP TABLE message; --x", &[]),
        ("NEAR(wind)", &[]),
    ] {
        let expected: Vec<_> = found.iter().map(|at: &usize| messages[*at]).collect();
        assert_eq!(search(&mut *store, words), expected, "{words}");
    }
    assert_is_whole(&mut *store);
}

pub(super) fn messages_are_found_by_peer_kind_and_time(place: &dyn Place) {
    let mut store = writing(place);
    let other = |at, port| Sighting {
        peer: Some(Peer { port, ..peer("other", "new") }),
        kind: SightingKind::Delivered,
        ..received("\"b\"", at)
    };
    store
        .append(&[received("\"a\"", 10), other(20, 1), received("\"b\"", 30), enqueued("\"c\"", 40)], 0)
        .unwrap();
    let by = |hostname: &str, port| Some(PeerQuery { hostname: hostname.into(), port });
    let all = Query::default();
    let kind = Some(SightingKind::Delivered);
    for (query, found) in [
        (Query { peer: by("tower", None), ..all.clone() }, &["\"b\"", "\"a\""][..]),
        (Query { peer: by("other", None), ..all.clone() }, &["\"b\""]),
        (Query { peer: by("other", Some(1)), ..all.clone() }, &["\"b\""]),
        (Query { peer: by("other", Some(2)), ..all.clone() }, &[]),
        (Query { peer: by("tow", None), ..all.clone() }, &[]),
        (Query { kind, ..all.clone() }, &["\"b\""]),
        // The same sighting has both.
        (Query { kind, peer: by("tower", None), ..all.clone() }, &[]),
        (Query { since: Some(30), ..all.clone() }, &["\"c\"", "\"b\""]),
        (Query { until: Some(40), ..all.clone() }, &["\"b\"", "\"a\""]),
        (Query { since: Some(15), until: Some(25), ..all.clone() }, &["\"b\""]),
        (Query { search: Some("a OR c".parse().unwrap()), since: Some(40), ..all.clone() }, &["\"c\""]),
    ] {
        assert_eq!(texts(&store.find(&query).unwrap()), found, "{query:?}");
    }
}

pub(super) fn the_best_match_comes_first(place: &dyn Place) {
    let mut store = writing(place);
    let long = format!("\"wind {}\"", "and much else ".repeat(50));
    store.append(&[received("\"wind wind wind\"", 1), received(&long, 2)], 0).unwrap();
    let query = Query { search: Some("wind".parse().unwrap()), order: Order::Best, ..Query::default() };
    assert_eq!(texts(&store.find(&query).unwrap()), ["\"wind wind wind\"", &long]);
    let any = Query { order: Order::Best, ..Query::default() };
    assert_eq!(texts(&store.find(&any).unwrap()), [&long, "\"wind wind wind\""]);
}

pub(super) fn answers_are_limited(place: &dyn Place) {
    let mut store = writing(place);
    let batch: Vec<_> = (0..60).map(|n| received(&format!("\"word {n}\""), n)).collect();
    store.append(&batch, 0).unwrap();
    assert_eq!(store.find(&Query::default()).unwrap().len(), 50);
    let three = Query { limit: 3, search: Some("word".parse().unwrap()), ..Query::default() };
    assert_eq!(texts(&store.find(&three).unwrap()), ["\"word 59\"", "\"word 58\"", "\"word 57\""]);
    assert_eq!(store.find(&Query { limit: usize::MAX, ..Query::default() }).unwrap().len(), 60);
}

pub(super) fn a_life_has_the_newest_sightings_in_order(place: &dyn Place) {
    let mut store = writing(place);
    let batch: Vec<_> =
        [3, 1, 2].into_iter().map(|at| received("\"a\"", at)).chain([enqueued("\"a\"", 9)]).collect();
    store.append(&batch, 0).unwrap();
    let Life { message, sightings, more } = store.life(&hash("\"a\""), 3).unwrap().unwrap();
    assert_eq!((message.times, more), (4, true));
    let tower = Some(peer("tower", "alive"));
    let at = |at| Seen { at, kind: SightingKind::Received, peer: tower.clone() };
    assert_eq!(sightings, [at(2), at(3), Seen { at: 9, kind: SightingKind::Enqueued, peer: None }]);
    assert!(!store.life(&hash("\"a\""), 4).unwrap().unwrap().more);
    assert_eq!(store.life(&hash("\"b\""), 4).unwrap(), None);
    assert_eq!(store.last_seen(&hash("\"a\"")).unwrap(), Some(9));
    assert_eq!(store.last_seen(&hash("\"b\"")).unwrap(), None);
}

pub(super) fn a_message_is_named_by_the_start_of_its_hash(place: &dyn Place) {
    let mut store = writing(place);
    let batch: Vec<_> = (0..50).map(|n| received(&n.to_string(), n)).collect();
    store.append(&batch, 0).unwrap();
    let whole = hash("7").to_string();
    for digits in [8, 63, 64] {
        let prefix: HashPrefix = whole[..digits].to_uppercase().parse().unwrap();
        assert_eq!(texts(&store.named(&prefix, 10).unwrap()), ["7"]);
    }
    let digit = &whole[..1];
    let expected = (0..50).filter(|n| hash(&n.to_string()).to_string().starts_with(digit)).count();
    assert_eq!(store.named(&digit.parse().unwrap(), 100).unwrap().len(), expected);
    assert!(expected > 1);
    for wrong in ["", "g", &format!("{whole}0"), "é"] {
        assert!(wrong.parse::<HashPrefix>().is_err(), "{wrong}");
    }
}

pub(super) fn unseen_messages_come_oldest_first_and_in_pages(place: &dyn Place) {
    let mut store = writing(place);
    // Pairs are seen at one time.
    let batch: Vec<_> = (0..10).map(|n| received(&n.to_string(), n / 2)).collect();
    store.append(&batch, 0).unwrap();
    store.append(&[received("0", 7)], 0).unwrap();
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let page = store.unseen_for(&Unseen { before: 4, after, limit: 3 }).unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.last_seen, last.hash));
        all.extend(page);
    }
    let times: Vec<_> = all.iter().map(|found| found.last_seen).collect();
    assert_eq!(times, [0, 1, 1, 2, 2, 3, 3]);
    let mut names = texts(&all);
    names.sort_unstable();
    assert_eq!(names, ["1", "2", "3", "4", "5", "6", "7"]);
}

pub(super) fn hostile_texts_come_back_as_they_were(place: &dyn Place) {
    let mut store = writing(place);
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let words = format!("[{}]", vec!["\"many words\""; 20_000].join(","));
    let hostile = [
        "\"\u{1b}[2J\u{202e}\"",
        "'; DROP TABLE message; --",
        "\"\\u0000\\ud800\"",
        "not JSON",
        "",
        "\"\u{1f5fc}\u{0301}\"",
        &long,
        &deep,
        &words,
    ];
    let name = "\u{1b}]0;x\u{7}'\"\\";
    let of = |json: &&str| Sighting { peer: Some(peer(name, "\u{7}")), ..received(json, 1) };
    let batch: Vec<_> = hostile.iter().map(of).collect();
    store.append(&batch, 0).unwrap();
    for json in hostile {
        let life = store.life(&hash(json), 1).unwrap().unwrap();
        assert_eq!(life.message.json.untrusted(), json);
        assert_eq!(life.sightings[0].peer, Some(peer(name, "\u{7}")));
    }
    // The number of bytes of a hostname that are kept.
    let endless = Sighting { peer: Some(peer(&"ä".repeat(10_000), "new")), ..received("1", 1) };
    store.append(&[endless], 0).unwrap();
    let life = store.life(&hash("1"), 1).unwrap().unwrap();
    assert_eq!(life.sightings[0].peer, Some(peer(&"ä".repeat(512), "new")));
    let latest = Sighting { at: u64::MAX, ..received("2", 0) };
    store.append(&[latest], 0).unwrap();
    assert_eq!(store.last_seen(&hash("2")).unwrap(), Some(i64::MAX as u64));
    assert_is_whole(&mut *store);
}

pub(super) fn an_archive_is_still_there_after_it_was_closed(place: &dyn Place) {
    writing(place).append(&[received("\"a\"", 1)], 0).unwrap();
    let mut store = writing(place);
    store.append(&[received("\"a\"", 2)], 0).unwrap();
    drop(store);
    let mut store = place.open(Access::Read).unwrap();
    assert_eq!(store.find(&Query::default()).unwrap()[0].times, 2);
    assert_is_whole(&mut *store);
}

pub(super) fn readers_see_what_a_writer_writes_and_write_nothing(place: &dyn Place) {
    let mut writer = writing(place);
    let mut reader = place.open(Access::Read).unwrap();
    assert_eq!(reader.find(&Query::default()).unwrap(), []);
    writer.append(&[received("\"a\"", 1)], 0).unwrap();
    assert_eq!(search(&mut *reader, "a"), ["\"a\""]);
    let read_only = Err(ArchiveError::ReadOnly);
    assert_eq!(reader.append(&[], 0), read_only);
    assert_eq!(reader.mark(&hash("\"a\""), true), Err(ArchiveError::ReadOnly));
    assert_eq!(reader.prune(&super::keep("1m"), 0), Err(ArchiveError::ReadOnly));
    assert_is_whole(&mut *reader);
}

pub(super) fn uncounted_sightings_are_counted_and_leave_no_message(place: &dyn Place) {
    let mut store = writing(place);
    store.append(&[received("\"a\"", 1)], 2).unwrap();
    store.append(&[], 3).unwrap();
    let checked = store.check().unwrap();
    assert_eq!((checked.not_stored, checked.sightings), (5, 1));
}
