//! Rules for all built-in themes.

use ratatui::style::{Color, Modifier};

use super::{
    file::File,
    themes::{FILES, Themes},
    words::in_words,
    *,
};
use crate::svg::number;

type Rgb = [f64; 3];

fn all() -> Vec<(&'static str, Theme)> {
    FILES.iter().map(|(name, _)| (*name, Themes::built_in(name).unwrap())).collect()
}

fn theme(name: &str) -> Theme {
    Themes::built_in(name).unwrap()
}

#[test]
fn every_file_is_read_and_names_every_role() {
    for (name, text) in FILES {
        let file: File = clacks_text::toml::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(file.missing(), [""; 0], "{name}");
    }
}

#[test]
fn statuses_differ_in_attributes() {
    for (name, theme) in all() {
        let tones = [Tone::New, Tone::Good, Tone::Doubtful, Tone::Bad, Tone::Off];
        for (index, one) in tones.into_iter().enumerate() {
            for other in &tones[index + 1..] {
                let modifier = |tone| theme.status_tone(tone).add_modifier;
                assert_ne!(modifier(one), modifier(*other), "{name}: {one:?} and {other:?}");
            }
        }
    }
}

#[test]
fn the_selection_is_reversed_without_colour() {
    for (name, theme) in all() {
        for style in [theme.selected, theme.title(true)] {
            assert!(style.add_modifier.contains(Modifier::REVERSED), "{name}");
            assert!(
                [style.fg, style.bg].into_iter().flatten().all(|colour| colour == Color::Reset),
                "{name}"
            );
        }
        assert_ne!(theme.title(true), theme.title(false), "{name}");
    }
}

#[test]
fn success_and_failure_differ_in_attributes() {
    for (name, theme) in all() {
        let (good, bad) = (theme.good, theme.bad);
        let has_ground = good.bg != bad.bg;
        assert!(good.add_modifier != bad.add_modifier || has_ground, "{name}: {}", in_words(bad));
    }
}

#[test]
fn mono_has_no_colour() {
    for (role, style) in theme("mono").roles() {
        assert_eq!((style.fg, style.bg), (None, None), "{role}");
    }
}

#[test]
fn high_contrast_is_never_dim() {
    for (role, style) in theme("high").roles() {
        assert!(!style.add_modifier.contains(Modifier::DIM), "{role}");
    }
}

#[test]
fn charts_never_run_out_of_styles() {
    for (name, theme) in all() {
        assert!(theme.styles.series.len() > 1, "{name}");
        assert_eq!(theme.series(usize::MAX), theme.series(usize::MAX % theme.styles.series.len()));
    }
    assert_eq!(Theme::new(Box::leak(Box::new(Styles::PLAIN))).series(3), Style::new());
}

// === Colours ===

/// The palettes of xterm, which has the lowest contrast of common terminals, and of Visual Studio Code.
const PALETTES: [[u32; 16]; 2] = [
    [
        0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5, 0x7f_7f7f,
        0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
    ],
    [
        0x00_0000, 0xcd_3131, 0x0d_bc79, 0xe5_e510, 0x24_72c8, 0xbc_3fbc, 0x11_a8cd, 0xe5_e5e5, 0x66_6666,
        0xf1_4c4c, 0x23_d18b, 0xf5_f543, 0x3b_8eea, 0xd6_70d6, 0x29_b8db, 0xff_ffff,
    ],
];
const BLACK: Rgb = [0.0; 3];
const WHITE: Rgb = [1.0; 3];

/// Simulation of colour blindness: matrices for linear RGB by Machado, Oliveira and Fernandes (2009).
const PROTANOPIA: [Rgb; 3] = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTERANOPIA: [Rgb; 3] = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const TRITANOPIA: [Rgb; 3] = [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_900],
];

/// The colour in linear RGB, each component from 0 to 1.
fn linear(palette: &[u32; 16], colour: Color) -> Option<Rgb> {
    let rgb = *palette.get(usize::from(number(colour)?))?;
    let channel = |shift: u32| {
        let value = f64::from(rgb >> shift & 0xff) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some([channel(16), channel(8), channel(0)])
}

/// Distance of two colours in CIE L*a*b* for these eyes. From about 10 on they are easy to distinguish.
fn distance(eyes: &[Rgb; 3], one: Rgb, other: Rgb) -> f64 {
    let seen = |colour: Rgb| {
        lab(eyes.map(|row| row.iter().zip(colour).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0)))
    };
    seen(one).iter().zip(seen(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn lab([red, green, blue]: Rgb) -> [f64; 3] {
    let root = |part: f64| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 };
    let xyz = [
        root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505),
        root(luminance([red, green, blue])),
        root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089),
    ];
    [116.0 * xyz[1] - 16.0, 500.0 * (xyz[0] - xyz[1]), 200.0 * (xyz[1] - xyz[2])]
}

fn luminance([red, green, blue]: Rgb) -> f64 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The contrast ratio of the Web Content Accessibility Guidelines, 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    (one / other).max(other / one)
}

#[test]
fn good_and_bad_differ_for_colour_blind_eyes() {
    for (name, eyes) in
        [("deuter", DEUTERANOPIA), ("deuter", PROTANOPIA), ("trit", TRITANOPIA), ("light", DEUTERANOPIA)]
    {
        let theme = theme(name);
        for palette in &PALETTES {
            let colour = |style: Style| style.fg.and_then(|colour| linear(palette, colour)).unwrap();
            let distance = distance(&eyes, colour(theme.good), colour(theme.bad));
            assert!(distance > 40.0, "{name}: {distance}");
        }
    }
}

#[test]
fn colour_blind_themes_have_distinguishable_colours() {
    for (name, eyes) in [("deuter", DEUTERANOPIA), ("deuter", PROTANOPIA), ("trit", TRITANOPIA)] {
        for palette in &PALETTES {
            let mut colours: Vec<Color> =
                theme(name).roles().iter().filter_map(|(_, style)| style.fg).collect();
            colours.sort_by_key(|colour| format!("{colour}"));
            colours.dedup();
            let seen: Vec<Rgb> = colours.iter().filter_map(|colour| linear(palette, *colour)).collect();
            assert!(seen.len() > 1, "{name}");
            for (index, one) in seen.iter().enumerate() {
                for other in &seen[index + 1..] {
                    let distance = distance(&eyes, *one, *other);
                    assert!(distance > 25.0, "{name}: {colours:?}: {distance}");
                }
            }
        }
    }
}

/// Large or bold text needs a contrast of at least 3. The colours of xterm just reach it.
#[test]
fn colours_have_contrast_on_their_background() {
    let either = |name| [(name, BLACK), (name, WHITE)];
    for (name, background) in [either("auto"), either("high"), [("dark", BLACK), ("light", WHITE)]].concat() {
        for (role, style) in theme(name).roles() {
            for palette in &PALETTES {
                let Some(front) = style.fg.and_then(|colour| linear(palette, colour)) else { continue };
                let back = style.bg.and_then(|colour| linear(palette, colour)).unwrap_or(background);
                let contrast = contrast(front, back);
                let wanted = if name == "high" { 4.5 } else { 3.0 };
                assert!(contrast > wanted, "{name}: {role}: {contrast}");
            }
        }
    }
}

/// The grey text of a row is as readable as the rest while the row is selected. A contrast of 4.5 is that of small text.
#[test]
fn a_selected_row_has_contrast_whatever_its_text_is() {
    for (name, background) in FILES.iter().flat_map(|(name, _)| [(name, BLACK), (name, WHITE)]) {
        let theme = theme(name);
        let foreground = if background == BLACK { WHITE } else { BLACK };
        for (role, style) in theme.roles() {
            let mut cell = ratatui::buffer::Cell::default();
            cell.set_style(style).set_style(theme.selected);
            assert!(!cell.modifier.contains(Modifier::DIM), "{name}: {role} is dim");
            assert!(cell.modifier.contains(Modifier::REVERSED), "{name}: {role}");
            for palette in &PALETTES {
                let front = linear(palette, cell.fg).unwrap_or(foreground);
                let back = linear(palette, cell.bg).unwrap_or(background);
                assert!(contrast(front, back) >= 4.5, "{name}: {role}: {}", contrast(front, back));
            }
        }
    }
}

#[test]
fn a_user_theme_is_based_on_auto_and_replaces_one_of_the_same_name() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("mine.toml", "good = 'bold blue'\nselected = 'black on yellow'\n");
    write("dark.toml", "strong = 'underlined'");
    write("broken.toml", "strong = 'bold'\n\nquiet = 'purple'");
    write("worse.toml", "stronk = 'bold'");
    write("auto.toml", "strong = 'bold'");
    write("notes.txt", "strong = 'purple'");
    let (themes, complaints) = Themes::with_directory(directory.path());
    let mine = themes.find("mi").unwrap().1;
    assert_eq!((in_words(mine.good), mine.bad), ("bold blue".to_owned(), Theme::default().bad));
    assert!(mine.selected.add_modifier.contains(Modifier::REVERSED), "whatever the file says");
    assert_eq!(in_words(themes.find("dark").unwrap().1.strong), "underlined");
    let names: Vec<_> = themes.names().collect();
    assert_eq!(names, ["auto", "dark", "light", "mono", "high", "deuter", "trit", "mine"]);
    let reasons = [
        "auto.toml: no theme of your own can be called auto",
        "broken.toml: line 3: \"purple\" is no colour and no attribute; colours are default,",
        "worse.toml: line 1: unknown field `stronk`, expected one of `strong`, `quiet`,",
    ];
    assert_eq!(complaints.len(), reasons.len(), "{complaints:?}");
    for (complaint, reason) in complaints.iter().zip(reasons) {
        assert!(complaint.contains(reason), "{complaint}");
    }
}

#[test]
fn without_a_directory_there_are_the_built_in_themes() {
    let (themes, complaints) = Themes::with_directory(std::path::Path::new("/nowhere/at/all"));
    assert_eq!(themes.names().count(), FILES.len());
    assert!(complaints.is_empty());
}
