use std::time::Duration;

use super::{super::Indexes, window};
use crate::{
    Window,
    near::memory::{ITEMS, Memory, item},
};

#[test]
fn all_windows_together_have_a_bound() {
    let memory = Memory::new(100);
    memory.put(ITEMS, (0..1000).map(|n| item(&format!("k{n}"), n, Some("a"), None)));
    let mut indexes = Indexes::of_at_most(2500);
    let pages = |indexes: &mut Indexes, windows: &[Window]| {
        indexes.begin_look(&*memory, windows.iter());
        (0..50).for_each(|_| _ = indexes.work(&*memory));
        windows.iter().map(|window| indexes.page(&*memory, window)).collect::<Vec<_>>()
    };
    let windows: Vec<_> = (0..3).map(window).collect();
    assert!(pages(&mut indexes, &windows[..2]).iter().all(|page| page.total == 1000 && page.ready.is_none()));
    // The third one has room in place of one that no window needs.
    assert!(
        pages(&mut indexes, &windows[1..]).iter().all(|page| page.refused.is_none() && page.total == 1000)
    );
    let refused = pages(&mut indexes, &windows).into_iter().filter(|page| page.refused.is_some()).count();
    assert_eq!(refused, 1);
    memory.pass(Duration::from_secs(9));
    assert_eq!(pages(&mut indexes, &windows).into_iter().filter(|page| page.refused.is_some()).count(), 1);
    (0..400).for_each(|n| memory.remove(ITEMS, &format!("k{n}").into()));
    memory.pass(Duration::from_secs(2));
    indexes.record_gap();
    pages(&mut indexes, &windows);
    assert!(pages(&mut indexes, &windows).iter().all(|page| page.refused.is_none() && page.total == 600));
}
