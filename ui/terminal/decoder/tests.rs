use crossterm::event::{KeyEventState, MouseButton, MouseEvent, MouseEventKind};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Responses to every query in use, each without its ESC.
const ANSWERS: &[&str] = &[
    // Identification of the terminal: DA1, DA2, DA3, XTVERSION, terminfo, the answerback of a tertiary device.
    "[?1;2c",
    "[?62;1;6;9;15;22c",
    "[>41;390;0c",
    "[>0;276;0c",
    "[=0c",
    "P!|00000000\x1b\\",
    "P>|XTerm(390)\x1b\\",
    "P1+r544e=787465726d\x1b\\",
    "P0+r\x1b\\",
    // Status, cursor position, window size.
    "[0n",
    "[?13n",
    "[24;80R",
    "[1;1R",
    "[?24;80;1R",
    "[8;24;80t",
    "[4;600;800t",
    // Modes, and a setting.
    "[?2026;2$y",
    "[4;1$y",
    "P1$r0m\x1b\\",
    "P0$r\x1b\\",
    // Colours and the clipboard, with each terminator.
    "]11;rgb:1e1e/2e2e/3e3e\x1b\\",
    "]10;rgb:ffff/ffff/ffff\x07",
    "]4;1;rgb:cdcd/0000/0000\x07",
    "]52;c;aGVsbG8gd29ybGQ=\x07",
    "]52;c;aGVsbG8gd29ybGQ=\x1b\\",
    // The key protocol, the mouse, graphics.
    "[?1u",
    "[?0u",
    "[<0;10;10M",
    "[<0;10;10m",
    "[<64;3;4M",
    "_Gi=31;OK\x1b\\",
];

/// Responses that end with ST and that nothing but their introducer identifies.
const OTHERS: &[&str] =
    &["^private\x1b\\", "Xstart of string\x1b\\", "_any command\x1b\\", "]l a title\x1b\\"];

const START: Duration = Duration::from_secs(1000);

/// The decoder with a virtual clock.
struct Typist {
    decoder: Decoder,
    zero: Instant,
    now: Duration,
}

impl Typist {
    fn new() -> Self {
        Self { decoder: Decoder::default(), zero: Instant::now(), now: START }
    }

    fn types(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.decoder.decode(bytes.as_ref(), self.zero + self.now);
        self
    }

    /// Advances the clock, and calls the decoder at each of its deadlines.
    fn waits(&mut self, time: Duration) -> &mut Self {
        let until = self.zero + self.now + time;
        while let Some(deadline) = self.decoder.deadline().filter(|deadline| *deadline <= until) {
            self.decoder.expire(deadline);
        }
        self.now += time;
        self
    }

    /// All inputs after every wait has expired.
    fn came(&mut self) -> Vec<Input> {
        self.waits(Duration::from_secs(5));
        assert_eq!(self.decoder.deadline(), None, "it waits for ever");
        std::iter::from_fn(|| self.decoder.next()).collect()
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

fn plain(c: char) -> Input {
    key(KeyCode::Char(c), KeyModifiers::NONE)
}

fn ctrl(c: char) -> Input {
    key(KeyCode::Char(c), KeyModifiers::CONTROL)
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// Types bytes in pieces with pauses between them.
fn in_pieces(typist: &mut Typist, bytes: &[u8], cuts: &[(prop::sample::Index, u64)]) {
    let mut places: Vec<_> = cuts.iter().map(|(at, pause)| (at.index(bytes.len()), *pause)).collect();
    places.sort_unstable();
    let mut from = 0;
    for (at, pause) in places {
        typist.types(&bytes[from..at]).waits(ms(pause));
        from = at;
    }
    typist.types(&bytes[from..]);
}

fn cuts(longest: u64) -> impl Strategy<Value = Vec<(prop::sample::Index, u64)>> {
    vec((any::<prop::sample::Index>(), 0..longest), 0..4)
}

fn with_escape() -> impl Strategy<Value = String> {
    let all: Vec<_> = ANSWERS.iter().chain(OTHERS).filter(|answer| !answer.starts_with("[<")).collect();
    select(all).prop_map(|answer| format!("\x1b{answer}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_response_is_removed_however_it_is_split(answer in with_escape(), cuts in cuts(40), apart in 0_u64..200) {
        let mut typist = Typist::new();
        typist.types("j").waits(ms(apart));
        in_pieces(&mut typist, answer.as_bytes(), &cuts);
        typist.waits(ms(apart)).types("k");
        prop_assert_eq!(typist.came(), [plain('j'), plain('k')]);
    }

    #[test]
    fn consecutive_responses_are_removed(answers in vec(with_escape(), 1..5), cuts in cuts(40)) {
        let mut typist = Typist::new();
        in_pieces(&mut typist, answers.concat().as_bytes(), &cuts);
        prop_assert_eq!(typist.came(), []);
    }

    #[test]
    fn a_response_without_its_escape_is_removed(answer in select(ANSWERS), cuts in cuts(12), apart in 101_u64..200) {
        let mut typist = Typist::new();
        typist.types("j").waits(ms(apart));
        in_pieces(&mut typist, answer.as_bytes(), &cuts);
        typist.types("k").waits(ms(200)).types("l");
        let came = typist.came();
        prop_assert_eq!(came, [plain('j'), plain('k'), plain('l')]);
    }

    #[test]
    fn a_response_with_c1_controls_is_removed(answer in with_escape(), as_character in any::<bool>()) {
        let byte = answer.as_bytes()[1] + 0x40;
        let introducer = if as_character { char::from(byte).to_string().into_bytes() } else { vec![byte] };
        let mut typist = Typist::new();
        typist.types([&introducer[..], &answer.as_bytes()[2..], b"k"].concat());
        prop_assert_eq!(typist.came(), [plain('k')]);
    }

    #[test]
    fn a_key_is_decoded_after_any_input(bytes in vec(prop_oneof![any::<u8>(), select(&b"\x1b[]P_0;~\x07\\"[..])], 0..80)) {
        let mut typist = Typist::new();
        typist.types(&bytes);
        drop(typist.came());
        typist.types(b"\x03");
        prop_assert_eq!(typist.came(), [ctrl('c')]);
    }

    #[test]
    fn a_paste_with_any_content_is_one_paste(
        parts in vec(select(vec!["\x1b[201~", "q", "\r", ":quit!\r", "\x03", "\x1b", "\x1b[A", "text", "\u{5b57}", "\x1b]11;x\x07"]), 0..12),
        cuts in cuts(40),
    ) {
        let text = parts.concat();
        let mut typist = Typist::new();
        in_pieces(&mut typist, format!("\x1b[200~{text}\x1b[201~").as_bytes(), &cuts);
        let came = typist.came();
        prop_assert!(matches!(&came[..], [Input::Paste(_)]), "{came:?}");
        if !text.contains("\x1b[201~") {
            prop_assert_eq!(came, [Input::Paste(text)]);
        }
    }
}

#[test]
fn a_response_is_removed_without_more_of_its_start() {
    for rest in [
        "41;390;0c",
        ";390;0c",
        "?62;1;6c",
        ">41;390;0c",
        "24;80R",
        "?2026;2$y",
        "<0;10;10M",
        "11;rgb:1e1e/2e2e/3e3e\x1b\\",
        "1e1e/2e2e/3e3e\x1b\\",
        "3e\x07",
        "c;aGVsbG8=\x07",
        "\\",
    ] {
        let rest = if rest == "\\" { "\x1b\\" } else { rest };
        let mut typist = Typist::new();
        typist.types(rest);
        assert_eq!(typist.came(), [], "{rest:?}");
    }
}

#[test]
fn text_typed_letter_by_letter_is_no_response() {
    for text in ["[?1;2c", "41;390;0c", "]11;x", "P>|x", "24;80R", "[I"] {
        let mut typist = Typist::new();
        for c in text.chars() {
            typist.types(c.to_string()).waits(ms(60));
        }
        assert_eq!(
            typist.came(),
            text.chars()
                .map(|c| {
                    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
                    key(KeyCode::Char(c), shift)
                })
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn text_similar_to_a_response_is_text() {
    for text in [
        "[1, 2, 3]",
        "array[10]",
        "1;2;3",
        "see [RFC 1149]",
        "{\"a\": [1;2c]}",
        "x > 3; y < 4",
        "10:30 h",
        "[x] done",
    ] {
        let mut typist = Typist::new();
        typist.types(text);
        let came = typist.came();
        let written: String = came
            .iter()
            .flat_map(|input| match input {
                Input::Key(key) => vec![*key],
                Input::Burst(keys) => keys.clone(),
                _ => Vec::new(),
            })
            .filter_map(text_of)
            .collect();
        assert_eq!(written, text);
    }
}

#[test]
fn keys_are_decoded_in_every_encoding_and_split() {
    use KeyCode::{
        BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, F, Home, Insert, Left, PageDown, PageUp,
        Right, Tab, Up,
    };
    use KeyModifiers as Held;
    for (bytes, code, held) in [
        ("x", Char('x'), Held::NONE),
        ("X", Char('X'), Held::SHIFT),
        ("\u{e9}", Char('\u{e9}'), Held::NONE),
        ("\u{1f5fc}", Char('\u{1f5fc}'), Held::NONE),
        ("\x03", Char('c'), Held::CONTROL),
        ("\x1a", Char('z'), Held::CONTROL),
        ("\0", Char(' '), Held::CONTROL),
        ("\x1f", Char('7'), Held::CONTROL),
        ("\r", Enter, Held::NONE),
        ("\t", Tab, Held::NONE),
        ("\x7f", Backspace, Held::NONE),
        ("\x1b", Esc, Held::NONE),
        ("\x1bb", Char('b'), Held::ALT),
        ("\x1b\x7f", Backspace, Held::ALT),
        ("\x1b\r", Enter, Held::ALT),
        ("\x1b]", Char(']'), Held::ALT),
        ("\x1b[", Char('['), Held::ALT),
        ("\x1bO", Char('O'), Held::ALT),
        ("\x1b[A", Up, Held::NONE),
        ("\x1bOB", Down, Held::NONE),
        ("\x1b[1;5C", Right, Held::CONTROL),
        ("\x1b[1;2D", Left, Held::SHIFT),
        ("\x1b[1;3H", Home, Held::ALT),
        ("\x1b[F", End, Held::NONE),
        ("\x1b[Z", BackTab, Held::SHIFT),
        ("\x1b[2~", Insert, Held::NONE),
        ("\x1b[3;5~", Delete, Held::CONTROL),
        ("\x1b[5~", PageUp, Held::NONE),
        ("\x1b[6~", PageDown, Held::NONE),
        ("\x1bOP", F(1), Held::NONE),
        ("\x1bOR", F(3), Held::NONE),
        ("\x1b[[B", F(2), Held::NONE),
        ("\x1b[15~", F(5), Held::NONE),
        ("\x1b[24~", F(12), Held::NONE),
        ("\x1b[34~", F(20), Held::NONE),
        ("\x1b[97;5u", Char('a'), Held::CONTROL),
        ("\x1b[27u", Esc, Held::NONE),
        ("\x1b[97:65;2:1u", Char('A'), Held::SHIFT),
        ("\x1b[27;5;97~", Char('a'), Held::CONTROL),
        ("\u{9b}A", Up, Held::NONE),
    ] {
        for at in 0..bytes.len() {
            let mut typist = Typist::new();
            // The wait is shorter if the start is a key of its own.
            typist.types(&bytes.as_bytes()[..at]).waits(ms(40)).types(&bytes.as_bytes()[at..]);
            assert_eq!(typist.came(), [key(code, held)], "{bytes:?} cut at {at}");
        }
    }
}

#[test]
fn releases_and_unknown_keys_are_ignored() {
    for bytes in
        ["\x1b[97;1:3u", "\x1b[1;1:3A", "\x1b[57358u", "\x1b[99~", "\x1b[M!!", "\x1b[9;9;9;9q", "\x1bOj"]
    {
        let mut typist = Typist::new();
        typist.types(bytes);
        assert_eq!(typist.came(), [], "{bytes:?}");
    }
}

#[test]
fn letters_with_control_and_alt_are_ignored() {
    for letter in (1..=26_u8).filter(|letter| ![3, 9, 13].contains(letter)) {
        for bytes in [
            vec![0x1b, letter],
            format!("\x1b[{};7u", 96 + letter).into(),
            format!("\x1b[27;7;{}~", 96 + letter).into(),
        ] {
            let mut typist = Typist::new();
            typist.types(&bytes);
            assert_eq!(typist.came(), [], "{bytes:?}");
        }
    }
}

#[test]
fn escape_and_control_c_in_one_read_are_two_keys() {
    for pause in [0, 1, 10, 60] {
        let mut typist = Typist::new();
        typist.types("\x1b").waits(ms(pause)).types("\x03");
        assert_eq!(typist.came(), [key(KeyCode::Esc, KeyModifiers::NONE), ctrl('c')], "{pause}");
    }
    let mut typist = Typist::new();
    typist.types("\x1b\x1b\x1b[A");
    let escape = key(KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(typist.came(), [escape.clone(), escape, key(KeyCode::Up, KeyModifiers::NONE)]);
}

#[test]
fn mouse_and_focus_reports_keep_their_order() {
    let mouse =
        |kind, column, row| Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let mut typist = Typist::new();
    typist.types("a\x1b[<0;3;4M\x1b[<0;3;4m\x1b[<65;1;1Mb\x1b[Ic\x1b[O\x1b[M !!");
    assert_eq!(
        typist.came(),
        [
            plain('a'),
            mouse(MouseEventKind::Down(MouseButton::Left), 2, 3),
            mouse(MouseEventKind::Up(MouseButton::Left), 2, 3),
            mouse(MouseEventKind::ScrollDown, 0, 0),
            plain('b'),
            Input::Focus(true),
            plain('c'),
            Input::Focus(false),
            mouse(MouseEventKind::Down(MouseButton::Left), 0, 0),
        ]
    );
}

#[test]
fn an_unfinished_paste_times_out_and_later_keys_are_keys() {
    let mut typist = Typist::new();
    typist.types("\x1b[200~abc").waits(PASTE_WAIT.saturating_sub(ms(1)));
    assert_eq!(typist.decoder.next(), None, "more may come");
    typist.types("def").waits(PASTE_WAIT);
    assert_eq!(typist.decoder.next(), Some(Input::Paste("abcdef".to_owned())));
    typist.types("\x03");
    assert_eq!(typist.came(), [ctrl('c')]);
    // Later input of the same read is no key either.
    typist.types("the rest:quit!\r\x1b[201~");
    assert_eq!(typist.came(), [Input::Paste("the rest:quit!\r".to_owned())]);
    typist.types("q\x1b[201~").types("j");
    assert_eq!(typist.came(), [Input::Paste("q".to_owned()), plain('j')]);
}

#[test]
fn two_consecutive_pastes_are_two() {
    let mut typist = Typist::new();
    typist.types("\x1b[200~one\x1b[201~\x1b[200~two\x1b[201~").waits(ms(100)).types("j");
    let paste = |text: &str| Input::Paste(text.to_owned());
    assert_eq!(typist.came(), [paste("one"), paste("two"), plain('j')]);
}

#[test]
fn an_endless_paste_uses_bounded_memory() {
    let mut typist = Typist::new();
    typist.types("\x1b[200~");
    for _ in 0..3 * (MAX_PASTE >> 20) {
        typist.types(vec![b'x'; 1 << 20]);
    }
    typist.types("\x1b[201~");
    assert!(matches!(&typist.came()[..], [Input::Paste(text)] if text.len() <= MAX_PASTE));
}

#[test]
fn keys_that_arrive_at_once_are_a_burst() {
    for text in ["quit n", ":q\r", ":quit!\r", "one\ntwo\n", "ab\r"] {
        let mut typist = Typist::new();
        typist.types(text);
        let came = typist.came();
        assert!(matches!(&came[..], [Input::Burst(keys)] if keys.len() == text.len()), "{text:?}: {came:?}");
    }
    for (keys, count) in [
        ("j", 1),
        ("jj", 2),
        ("j\r", 2),
        ("\x03\x03\x03\x03\x03\x03\x03", 7),
        ("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A", 7),
    ] {
        let mut typist = Typist::new();
        typist.types(keys);
        let came = typist.came();
        assert!(
            came.len() == count && came.iter().all(|input| matches!(input, Input::Key(_))),
            "{keys:?}: {came:?}"
        );
    }
}

#[test]
fn a_burst_in_pieces_is_one_burst_and_a_single_key_is_not_delayed() {
    let mut typist = Typist::new();
    typist.types("qui").waits(ms(14)).types("t n").waits(ms(14)).types("ow\r");
    assert!(matches!(&typist.came()[..], [Input::Burst(keys)] if keys.len() == 9));
    typist.types("j").waits(KEY_PAUSE);
    assert_eq!(typist.decoder.next(), Some(plain('j')));
}

#[test]
fn an_endless_burst_is_cut_without_leftover_keys() {
    let mut typist = Typist::new();
    typist.types(vec![b'y'; MAX_BURST + 3]);
    assert!(matches!(&typist.came()[..], [Input::Burst(keys)] if keys.len() == MAX_BURST));
    assert_eq!(KeyEventState::NONE, KeyEvent::from(KeyCode::Enter).state);
}
