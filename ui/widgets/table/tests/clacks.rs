//! The lists of clacks as a person sees them.

use clacks_feed::{Row, Sort};

use super::fixture::{Shown, lines, peer, queued};

fn peers() -> [Row; 5] {
    [
        peer("tower-9.example.org:8080", &[0], 1, None),
        peer("grand-trunk.example.org:443", &[1], 9, Some(12_000)),
        peer("tower-3:8443", &[1, 8], 4, Some(400)),
        peer("sto-lat:8080", &[2], 360, Some(31_000)),
        peer("rude-tower:8081", &[4], 90_000, Some(5_000)),
    ]
}

fn messages() -> [Row; 4] {
    [
        queued(11, r#""GNU Terry Pratchett""#, 42, 40),
        queued(12, r#""has anyone seen the lamp oil?""#, 1, 12),
        queued(13, r#"{"kind":"chess","move":"e4","board":[1,2,3,4,5,6,7]}"#, 2, 5),
        queued(14, "\"\\u001b]52;c;aGk=\\u0007 hostile stuff\"", 1, 3),
    ]
}

#[test]
fn peers_in_a_narrow_pane() {
    let peers = peers();
    let shown = Shown { counts: &[1, 2, 1, 1, 0, 1], selected: Some(1), ..Shown::of(&peers) };
    assert_eq!(
        lines("peers", &shown, 42, 6),
        [
            " PEERS  5  1N 1A 1? 1L 1I ────────────────",
            "  N new     tower-9.….org:8080  1 s       ",
            "> A alive   grand-tr…e.org:443  9 s  12 ms",
            "  A alive?  tower-3:8443        4 s 0.4 ms",
            "  L lost    sto-lat:8080        6 m  31 ms",
            "  I ignored rude-tower:8081     1 d 5.0 ms",
        ]
    );
    assert!(lines("peers", &shown, 40, 6)[2].ends_with(" 12 ms"), "the round trip is there at 40 columns");
    let tiny = [" PEERS  5  1N 1A ─", "  N tower…org:8080", "> A grand-…org:443"];
    assert_eq!(lines("peers", &shown, 18, 5)[..3], tiny);
}

#[test]
fn peers_in_a_wide_pane_have_a_header_and_every_column() {
    let peers = peers();
    let shown = Shown { counts: &[1, 2, 1, 1, 0, 1], ..Shown::of(&peers) };
    assert_eq!(
        lines("peers", &shown, 80, 10)[..4],
        [
            " PEERS  5  1N 1A 1? 1L 1I ──────────────────────────────────────────────────────",
            "  status    address                             age   took failed  sent received",
            "  N new     tower-9.example.org:8080            1 s             0    12        3",
            "  A alive   grand-trunk.example.org:443         9 s  12 ms      0    12        3",
        ]
    );
}

#[test]
fn a_number_is_shown_only_with_its_whole_title() {
    let peers = peers();
    let shown = Shown { counts: &[1, 2, 1, 1, 0, 1], ..Shown::of(&peers) };
    for width in 40..100 {
        let header = lines("peers", &shown, width, 10)[1].clone();
        let titles = ["status", "address", "age", "took", "failed", "sent", "received"];
        assert!(header.split_whitespace().all(|title| titles.contains(&title)), "{width}: {header}");
    }
}

#[test]
fn a_queue_that_is_longer_than_its_pane() {
    let queue = messages();
    let sort = Sort { column: "size".into(), descending: true };
    let shown = Shown { total: 64, first: Some(11), sort: Some(&sort), ..Shown::of(&queue) };
    assert_eq!(
        lines("queue", &shown, 46, 5),
        [
            " QUEUE  12–15 of 64  by size ▼ ───────────────",
            "  11 GNU Terry Pratchett    40 s   21 B     42",
            "  12 has anyone seen the l… 12 s   31 B      1",
            "  13 {\"kind\":\"chess\",\"move…  5 s   52 B      2",
            "  14 \\x1b]52;c;aGk=\\x07 ho…  3 s   38 B      1",
        ]
    );
    assert_eq!(
        lines("queue", &shown, 60, 12)[..3],
        [
            " QUEUE  12–15 of 64 ────────────────────────────────────────",
            "   # text                                  age  size▼ visits",
            "  11 GNU Terry Pratchett                  40 s   21 B     42",
        ]
    );
    assert!(lines("queue", &Shown { first: None, ..shown }, 46, 5)[0].starts_with(" QUEUE  4 of 64  by"));
}

#[test]
fn the_title_of_a_filtered_list_counts_its_rows_once() {
    let queue = messages();
    let title = |total, width, height, filter: &str| {
        let shown = Shown { total, filter: Some((64, filter)), ..Shown::of(&queue) };
        lines("queue", &shown, width, height).swap_remove(0).trim_end_matches([' ', '─']).to_owned()
    };
    assert_eq!(title(4, 46, 6, "gnu"), " QUEUE  4 of 64 match  /gnu");
    assert_eq!(title(12, 46, 5, "gnu"), " QUEUE  1–4 of 12 match, 64 in all  /gnu");
    assert_eq!(title(12, 39, 5, "gnu"), " QUEUE  4 of 12 match, 64 in all  /gnu");
    assert_eq!(title(12, 34, 5, "gnu"), " QUEUE  12 of 64 match  /gnu");
    let long = "gnu ".repeat(20);
    assert_eq!(title(4, 46, 6, &long), " QUEUE  4 of 64 match  /gnu gnu gnu gnu gnu g…");
    assert_eq!(title(0, 46, 6, "gnu"), " QUEUE  0 of 64 match  /gnu");
}

#[test]
fn the_number_that_names_a_message_has_all_digits() {
    let rows = [queued(1_234_567, "1", 1, 1), queued(89, "2", 1_234_567, 1)];
    let shown = lines("queue", &Shown::of(&rows), 80, 4);
    assert!(shown[1].starts_with("  1234567 1 "), "{shown:?}");
    assert!(shown[2].starts_with("       89 2 ") && shown[2].contains(" 1.2M "), "{shown:?}");
}
