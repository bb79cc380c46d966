use super::{Place, assert_is_whole, enqueued, hash, keep, received, search, texts, writing};
use crate::{Access, MAX_STEP, Pruned, Query, Retention, Size, Store, prune_all};

const DAY: u64 = 86_400_000;

/// Prunes to the end, at the end of the tenth day.
fn prune(store: &mut dyn Store, retention: &Retention) -> Pruned {
    prune_all(store, retention, 10 * DAY, |_| true).unwrap()
}

pub(super) fn what_is_older_than_keep_goes_and_newer_stays(place: &dyn Place) {
    let mut store = writing(place);
    let both = [received("\"old\"", DAY), received("\"both\"", DAY), enqueued("\"both\"", 9 * DAY)];
    store.append(&both, 0).unwrap();
    let pruned = prune(&mut *store, &keep("2d"));
    assert_eq!(pruned, Pruned { sightings: 2, messages: 1, peers: 1, more: false });
    let found = store.find(&Query::default()).unwrap();
    assert_eq!((texts(&found), found[0].times, found[0].first_seen), (vec!["\"both\""], 2, DAY));
    let life = store.life(&hash("\"both\""), 9).unwrap().unwrap();
    assert_eq!(life.sightings.iter().map(|seen| seen.at).collect::<Vec<_>>(), [9 * DAY]);
    // At exactly this age it is kept.
    assert_eq!(prune_all(&mut *store, &keep("1d"), 10 * DAY, |_| true).unwrap(), Pruned::default());
    assert_is_whole(&mut *store);
}

pub(super) fn marked_messages_stay(place: &dyn Place) {
    let mut store = writing(place);
    store.append(&[received("\"a\"", 1), received("\"b\"", 1)], 0).unwrap();
    assert!(store.mark(&hash("\"a\""), true).unwrap());
    assert!(!store.mark(&hash("\"no\""), true).unwrap());
    prune(&mut *store, &keep("1d"));
    let found = store.find(&Query::default()).unwrap();
    assert_eq!((texts(&found), found[0].keep), (vec!["\"a\""], true));
    assert!(store.mark(&hash("\"a\""), false).unwrap());
    prune(&mut *store, &keep("1d"));
    assert_eq!(store.find(&Query::default()).unwrap(), []);
}

pub(super) fn steps_are_small_and_readers_go_on(place: &dyn Place) {
    let mut store = writing(place);
    let batch: Vec<_> = (0..2_500).map(|n| received(&(n % 100).to_string(), n)).collect();
    store.append(&batch, 0).unwrap();
    let mut reader = place.open(Access::Read).unwrap();
    let (mut left, mut steps) = (2_500, 0);
    loop {
        let step = store.prune(&keep("1d"), 10 * DAY).unwrap();
        assert!(step.sightings + step.messages <= MAX_STEP as u64, "{step:?}");
        left -= step.sightings;
        steps += 1;
        assert_eq!(reader.check().unwrap().sightings, left);
        if !step.more {
            break;
        }
    }
    assert_eq!((left, steps), (0, 3));
    assert_eq!(reader.check().unwrap().messages, 0);
    assert_is_whole(&mut *store);
}

pub(super) fn counts_survive_their_sightings(place: &dyn Place) {
    let mut store = writing(place);
    store.append(&[received("\"a\"", 1), received("\"a\"", 9 * DAY)], 0).unwrap();
    store.mark(&hash("\"a\""), true).unwrap();
    prune(&mut *store, &keep("1h"));
    store.append(&[received("\"a\"", 10 * DAY)], 0).unwrap();
    let life = store.life(&hash("\"a\""), 9).unwrap().unwrap();
    assert_eq!((life.message.times, life.message.first_seen, life.sightings.len()), (3, 1, 1));
    assert_eq!(search(&mut *store, "a"), ["\"a\""]);
    assert_is_whole(&mut *store);
}

pub(super) fn a_large_archive_loses_its_oldest_sightings_first(place: &dyn Place) {
    let mut store = writing(place);
    for at in 0..30 {
        let batch: Vec<_> =
            (0..1_000).map(|n| received(&format!("\"message {n}\""), at * 1_000 + n)).collect();
        store.append(&batch, 0).unwrap();
    }
    let before = store.check().unwrap();
    let half = Retention { keep: None, max_size: Some(Size(before.bytes / 2)) };
    let pruned = prune(&mut *store, &half);
    let after = store.check().unwrap();
    assert!(after.bytes <= before.bytes / 2, "{} of {}", after.bytes, before.bytes);
    assert!(after.sightings > 1_000 && pruned.messages == 0, "{after:?} {pruned:?}");
    assert_eq!(after.sightings + pruned.sightings, 30_000);
    assert_eq!((after.messages, after.times), (1_000, 30_000));
    let oldest = store.life(&hash("\"message 0\""), 100).unwrap().unwrap().sightings[0].at;
    assert!(oldest >= pruned.sightings / 1_000 * 1_000, "{oldest}");

    // Less than the messages need: they go too, the oldest first.
    store.mark(&hash("\"message 3\""), true).unwrap();
    let nothing = Retention { keep: None, max_size: Some(Size(1)) };
    prune(&mut *store, &nothing);
    assert_eq!(texts(&store.find(&Query::default()).unwrap()), ["\"message 3\""]);
    assert_is_whole(&mut *store);
}

pub(super) fn removed_messages_are_found_no_more_and_can_come_again(place: &dyn Place) {
    let mut store = writing(place);
    let batch: Vec<_> = (0..500).map(|n| received(&format!("\"wind {n}\""), n)).collect();
    for _ in 0..3 {
        store.append(&batch, 0).unwrap();
        assert_eq!(search(&mut *store, "wind").len(), 50);
        prune(&mut *store, &keep("1d"));
        assert_eq!(search(&mut *store, "wind OR 7"), [""; 0]);
        assert_is_whole(&mut *store);
    }
    store.append(&batch, 0).unwrap();
    assert_eq!(search(&mut *store, "7"), ["\"wind 7\""]);
}

pub(super) fn without_a_retention_nothing_goes(place: &dyn Place) {
    let mut store = writing(place);
    store.append(&[received("1", 0)], 0).unwrap();
    assert_eq!(prune(&mut *store, &Retention::default()), Pruned::default());
    assert_eq!(
        prune(&mut *store, &Retention { max_size: Some(Size(1 << 40)), ..Retention::default() }),
        Pruned::default()
    );
    assert_eq!(store.check().unwrap().sightings, 1);
}
