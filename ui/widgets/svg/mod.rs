//! A screen as an SVG.
//!
//! Each run of text is placed at its column, whatever the reader's font. Characters that have to fill their cell
//! (lines, bars, dots) are drawn as paths.

mod shapes;

use std::fmt::{self, Write};

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use shapes::Shape;
use unicode_width::UnicodeWidthStr;

/// Size of a cell in SVG units.
const WIDTH: usize = 8;
const HEIGHT: usize = 16;
/// With this size most monospace fonts are as wide as a cell.
const FONT_SIZE: f64 = 13.3;
/// Distance from the top of a cell to the baseline.
const BASELINE: usize = 12;
const MARGIN: usize = 10;
/// Pixels per SVG unit at the natural size.
const ZOOM: f64 = 1.25;

const FONTS: &str = "'DejaVu Sans Mono',Menlo,'SF Mono',Consolas,'Liberation Mono',monospace";
const FOREGROUND: Rgb = Rgb(0xd5_d9e0);
const BACKGROUND: Rgb = Rgb(0x12_161c);
/// The sixteen colours, by number.
const PALETTE: [u32; 16] = [
    0x3b_4252, 0xe0_6c75, 0x7e_c27e, 0xd9_b55b, 0x6a_9fe0, 0xc5_86d0, 0x56_b6c2, 0xc3_c8d0, 0x7f_8896,
    0xff_7b84, 0xa3_e0a3, 0xf2_d27c, 0x8e_bcff, 0xe2_a8ec, 0x7f_dbe6, 0xff_ffff,
];
/// The levels of xterm's colour cube (6 x 6 x 6), which follows the sixteen colours.
const LEVELS: [u32; 6] = [0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff];
/// The CSS classes of text attributes. Those of shapes are `f` (filled), `q`, `h` and `t` (opacity in quarters), `l`
/// (lines) and `o` (dots).
const STYLE: &str = "text{white-space:pre;unicode-bidi:bidi-override}\
    rect,.f{shape-rendering:crispEdges}.q{fill-opacity:.25}.h{fill-opacity:.5}.t{fill-opacity:.75}\
    .l,.o{fill:none}.o{stroke-width:2.4;stroke-linecap:round}\
    .b{font-weight:bold}.d{opacity:.6}.i{font-style:italic}\
    .u{text-decoration:underline}.s{text-decoration:line-through}";
const CLASSES: [(Modifier, char); 5] = [
    (Modifier::BOLD, 'b'),
    (Modifier::DIM, 'd'),
    (Modifier::ITALIC, 'i'),
    (Modifier::UNDERLINED, 'u'),
    (Modifier::CROSSED_OUT, 's'),
];

/// Red, green and blue, one byte each.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rgb(u32);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

/// The style of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
struct CellLook {
    ink: Rgb,
    paper: Rgb,
    modifier: Modifier,
}

impl CellLook {
    fn of(cell: &Cell) -> Self {
        let (ink, paper) = (colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND));
        let is_reversed = cell.modifier.contains(Modifier::REVERSED);
        let (ink, paper) = if is_reversed { (paper, ink) } else { (ink, paper) };
        Self { ink, paper, modifier: cell.modifier - Modifier::REVERSED }
    }

    /// Whether the style is visible in spaces.
    fn is_seen_in_spaces(self) -> bool {
        self.modifier.intersects(Modifier::UNDERLINED | Modifier::CROSSED_OUT)
    }

    /// The `class` attribute, with `first` before the other classes.
    fn class(self, first: &str) -> String {
        let classes = CLASSES.iter().filter(|(modifier, _)| self.modifier.contains(*modifier));
        let classes: Vec<String> = classes.map(|(_, class)| class.to_string()).collect();
        let classes = format!("{first} {}", classes.join(" "));
        if classes.trim().is_empty() { String::new() } else { format!(" class=\"{}\"", classes.trim()) }
    }

    /// The attribute with the foreground colour.
    fn ink(self, attribute: &str) -> String {
        // The default fill is the foreground colour.
        if self.ink == FOREGROUND && attribute == "fill" {
            String::new()
        } else {
            format!(" {attribute}=\"{}\"", self.ink)
        }
    }
}

fn colour(colour: Color, usual: Rgb) -> Rgb {
    match (colour, number(colour)) {
        (_, Some(number)) => indexed(number),
        (Color::Rgb(red, green, blue), _) => {
            Rgb(u32::from(red) << 16 | u32::from(green) << 8 | u32::from(blue))
        }
        _ => usual,
    }
}

/// The index of a colour among the 256 indexed ones; `None` for RGB colours and the terminal's default.
pub(crate) fn number(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Indexed(number) => number,
        Color::Reset | Color::Rgb(..) => return None,
    })
}

fn indexed(number: u8) -> Rgb {
    let place = usize::from(number);
    match number {
        0..16 => Rgb(PALETTE[place]),
        16..232 => {
            let level = |times: usize| LEVELS[(place - 16) / times % 6];
            Rgb(level(36) << 16 | level(6) << 8 | level(1))
        }
        // The greys.
        232.. => Rgb((8 + 10 * (u32::from(number) - 232)) * 0x01_0101),
    }
}

/// A cell at its column.
struct Placed<'a> {
    column: usize,
    symbol: &'a str,
    look: CellLook,
    shape: Option<Shape>,
}

impl Placed<'_> {
    /// Whether the text can be drawn together with its neighbours: every font has it, one column wide, from left to
    /// right.
    fn is_plain(&self) -> bool {
        self.shape.is_none()
            && self.symbol.chars().all(|character| character < '\u{590}')
            && self.symbol.width() == 1
    }

    /// Whether both cells can be drawn as one element.
    fn joins(&self, other: &Self) -> bool {
        let are_alike = match (self.shape, other.shape) {
            (Some(one), Some(other)) => one.kind() == other.kind(),
            _ => self.is_plain() && other.is_plain(),
        };
        are_alike && self.look == other.look
    }
}

/// The cells of a row, without those that a wide character covers.
fn placed(cells: &[Cell]) -> Vec<Placed<'_>> {
    let mut placed = Vec::with_capacity(cells.len());
    let mut column = 0;
    while let Some(cell) = cells.get(column) {
        let symbol = cell.symbol();
        placed.push(Placed { column, symbol, look: CellLook::of(cell), shape: shapes::of(symbol) });
        column += symbol.width().max(1);
    }
    placed
}

/// Renders a buffer as an SVG document.
pub fn of(buffer: &Buffer) -> String {
    let columns = usize::from(buffer.area.width);
    let mut svg = head(columns, usize::from(buffer.area.height));
    // Writing to a string cannot fail.
    let _ = draw(&mut svg, buffer, columns);
    svg + "</svg>\n"
}

fn draw(svg: &mut String, buffer: &Buffer, columns: usize) -> fmt::Result {
    for (row, cells) in buffer.content().chunks(columns.max(1)).enumerate() {
        let cells = placed(cells);
        writeln!(svg, "<g transform=\"translate({MARGIN} {})\">", MARGIN + row * HEIGHT)?;
        draw_papers(svg, &cells, columns)?;
        for run in cells.chunk_by(Placed::joins) {
            match run[0].shape {
                Some(_) => draw_shapes(svg, run)?,
                None => write_text(svg, run)?,
            }
        }
        svg.push_str("</g>\n");
    }
    Ok(())
}

fn head(columns: usize, rows: usize) -> String {
    let (width, height) = (columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN);
    let (wide, high) = (width as f64 * ZOOM, height as f64 * ZOOM);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" \
         viewBox=\"0 0 {width} {height}\" xml:space=\"preserve\" font-family=\"{FONTS}\" \
         font-size=\"{FONT_SIZE}\" fill=\"{FOREGROUND}\">\n<style>{STYLE}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" style=\"shape-rendering:auto\" fill=\"{BACKGROUND}\"/>\n"
    )
}

fn draw_papers(svg: &mut String, cells: &[Placed<'_>], columns: usize) -> fmt::Result {
    let mut end = columns;
    let runs: Vec<_> = cells.chunk_by(|one, other| one.look.paper == other.look.paper).collect();
    for run in runs.into_iter().rev() {
        let (x, width, paper) = (run[0].column * WIDTH, (end - run[0].column) * WIDTH, run[0].look.paper);
        end = run[0].column;
        if paper != BACKGROUND {
            writeln!(svg, "<rect x=\"{x}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>")?;
        }
    }
    Ok(())
}

fn draw_shapes(svg: &mut String, run: &[Placed<'_>]) -> fmt::Result {
    let look = run[0].look;
    let mut path = String::new();
    for same in run.chunk_by(|one, other| one.shape == other.shape) {
        let Some(shape) = same[0].shape else { continue };
        shape.draw(&mut path, same[0].column * WIDTH, same.len())?;
    }
    let (class, attribute) = match run[0].shape.map(Shape::kind) {
        Some(shapes::Kind::Lines) => ("l", "stroke"),
        Some(shapes::Kind::Dots) => ("o", "stroke"),
        Some(shapes::Kind::Shades(1)) => ("f q", "fill"),
        Some(shapes::Kind::Shades(2)) => ("f h", "fill"),
        Some(shapes::Kind::Shades(_)) => ("f t", "fill"),
        _ => ("f", "fill"),
    };
    writeln!(svg, "<path{}{} d=\"{path}\"/>", look.class(class), look.ink(attribute))
}

fn write_text(svg: &mut String, run: &[Placed<'_>]) -> fmt::Result {
    let look = run[0].look;
    let is_seen = |cell: &Placed<'_>| cell.symbol != " " || look.is_seen_in_spaces();
    let (Some(first), Some(last)) = (run.iter().position(is_seen), run.iter().rposition(is_seen)) else {
        return Ok(());
    };
    let run = &run[first..=last];
    let x = run[0].column * WIDTH;
    let (class, ink) = (look.class(""), look.ink("fill"));
    write!(svg, "<text x=\"{x}\" y=\"{BASELINE}\"{class}{ink}")?;
    if run.len() > 1 {
        write!(svg, " textLength=\"{}\"", run.len() * WIDTH)?;
    }
    let text: String = run.iter().map(|cell| cell.symbol).collect();
    writeln!(svg, ">{}</text>", escaped(&text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    fn drawn(text: &str, style: Style) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, text, style);
        let svg = of(&buffer);
        let (_, row) = svg.split_once("translate(10 10)\">\n").unwrap();
        row.strip_suffix("</g>\n</svg>\n").unwrap().to_owned()
    }

    #[test]
    fn text_is_placed_at_its_column_and_escaped() {
        assert_eq!(
            drawn("  a<b>&c", Style::new()),
            "<text x=\"16\" y=\"12\" textLength=\"48\">a&lt;b&gt;&amp;c</text>\n"
        );
    }

    #[test]
    fn text_after_a_wide_character_is_placed_at_its_column() {
        assert_eq!(
            drawn("\u{5854}\u{306e}ab", Style::new()),
            "<text x=\"0\" y=\"12\">\u{5854}</text>\n<text x=\"16\" y=\"12\">\u{306e}</text>\n\
             <text x=\"32\" y=\"12\" textLength=\"16\">ab</text>\n"
        );
    }

    #[test]
    fn reversed_text_has_a_background() {
        assert_eq!(
            drawn("ab", Style::new().fg(Color::Green).bold().reversed()),
            format!(
                "<rect x=\"0\" width=\"16\" height=\"16\" fill=\"{}\"/>\n\
                 <text x=\"0\" y=\"12\" class=\"b\" fill=\"{BACKGROUND}\" textLength=\"16\">ab</text>\n",
                Rgb(PALETTE[2])
            )
        );
    }

    #[test]
    fn colours_are_those_of_a_terminal() {
        for (named, drawn) in [
            (Color::Reset, "#d5d9e0"),
            (Color::Green, "#7ec27e"),
            (Color::Indexed(2), "#7ec27e"),
            (Color::Indexed(16), "#000000"),
            (Color::Indexed(208), "#ff8700"),
            (Color::Indexed(232), "#080808"),
            (Color::Indexed(255), "#eeeeee"),
            (Color::Rgb(1, 2, 255), "#0102ff"),
        ] {
            assert_eq!(colour(named, FOREGROUND).to_string(), drawn, "{named}");
        }
    }

    #[test]
    fn lines_bars_and_dots_are_drawn() {
        assert_eq!(
            drawn("\u{2500}\u{2524}\u{2584}\u{2841}\u{2592}\u{2593}", Style::new().dim()),
            format!(
                "<path class=\"l d\" stroke=\"{FOREGROUND}\" d=\"M0 8h8M8 8h4M12 0v16\"/>\n\
                 <path class=\"f d\" d=\"M16 8h8v8h-8z\"/>\n\
                 <path class=\"o d\" stroke=\"{FOREGROUND}\" d=\"M26 2h0M26 14h0\"/>\n\
                 <path class=\"f h d\" d=\"M32 0h8v16h-8z\"/>\n\
                 <path class=\"f t d\" d=\"M40 0h8v16h-8z\"/>\n"
            )
        );
    }
}
