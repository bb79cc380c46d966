use super::*;

#[test]
fn unverified_alive_peers_are_counted_separately() {
    for (claimed, texts) in [
        (0, "13 peers: 2 new, 10 alive, 1 lost."),
        (4, "13 peers: 2 new, 10 alive (4 by their word alone), 1 lost."),
    ] {
        let mut counts = PeerCounts::from([(Status::New, 2), (Status::Alive, 10), (Status::Lost, 1)]);
        counts.unverified = claimed;
        assert_eq!(peers(&counts), texts);
    }
}

#[test]
fn a_sentence_ends_once_however_a_text_ends() {
    for (text, sentence) in [
        ("Hello there", "Hello there."),
        ("Hello there.", "Hello there."),
        ("Who?", "Who?"),
        ("Oh!", "Oh!"),
        ("And so on...", "And so on..."),
        ("", "."),
    ] {
        assert_eq!(as_sentence(text), sentence);
    }
    for (text, within) in [("Hello.", "Hello"), ("Well...", "Well..."), ("Who?", "Who?"), (".", "")] {
        assert_eq!(inline_text(&Message::text(text), Charset::Unicode), within);
    }
}
