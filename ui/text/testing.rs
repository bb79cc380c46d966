//! Hostile text for tests of other rooms.

use proptest::{collection::vec, prelude::*, sample::select};

/// Characters that no cell can contain, independent of the tables that the code uses: bidirectional controls,
/// zero-width and other invisible characters, selectors, tags, fillers, private use.
pub(crate) const HIDDEN: [(u32, u32); 25] = [
    (0x00, 0x1f),
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0xfffe, 0xffff),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
    (0xf0000, 0x10_ffff),
];

pub fn is_hidden(c: char) -> bool {
    HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
}

/// Text with a high share of characters that are hard to sanitize.
pub fn hostile() -> impl Strategy<Value = String> {
    let fragments = select(vec![
        "\x1b[2J",
        "\x1b]0;x\x07",
        "\u{9b}",
        "\n",
        "\r\n",
        "\t",
        " ",
        "  ",
        "word",
        "\\x1b",
        "…",
        "\u{202e}",
        "\u{2067}",
        "\u{200b}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{301}",
        "\u{301}\u{302}\u{303}\u{304}\u{305}",
        "\u{20e3}",
        "\u{1f469}",
        "\u{1f3fd}",
        "\u{2764}",
        "\u{1f1e9}",
        "\u{1100}",
        "\u{1161}",
        "\u{11a8}",
        "가",
        "字",
        "\u{915}",
        "\u{94d}",
        "\u{903}",
        "\u{1780}\u{17d2}",
        "\u{e33}",
        "\u{600}",
        "\u{d4e}",
        "\u{644}",
        "\u{627}",
        "\u{ff76}",
        "\u{ff9e}",
        "\u{e0041}",
        "\u{feff}",
        "\u{17d8}",
        "\u{fdfd}",
        "\u{5d0}",
        "\u{a4f8}",
        "\u{a4fc}",
        "\u{2d31}",
        "\u{2d7f}",
        "\u{16d63}",
        "\u{16d67}",
    ])
    .prop_map(str::to_owned);
    // The vt100 crate takes U+FFFD for broken UTF-8 and does not draw it.
    let any_character = any::<char>().prop_filter("U+FFFD", |c| *c != '\u{fffd}').prop_map(|c| c.to_string());
    vec(prop_oneof![4 => fragments, 1 => any_character], 0..30).prop_map(|parts| parts.concat())
}
