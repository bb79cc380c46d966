//! Bytes to lines.

use proptest::{collection::vec, prelude::*};

use super::*;

/// The lines and errors of these pieces of bytes.
fn divided<'a>(
    buffer: &mut LineBuffer,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<String, JsonError>> {
    let mut lines = Vec::new();
    for mut piece in pieces {
        while let Some(line) = buffer.next_line(&mut piece) {
            lines.push(line.map(str::to_owned));
        }
        assert!(piece.is_empty());
    }
    lines.extend(buffer.rest().map(|line| line.map(str::to_owned)));
    lines
}

#[test]
fn a_line_of_the_maximum_length_passes_and_one_more_byte_does_not() {
    for (start, for_face, most) in [
        ("{", false, MAX_LINE),
        (r#"{"state":"#, false, MAX_LINE),
        ("{", true, MAX_LINE),
        (r#"{"state":"#, true, MAX_LONG_LINE),
        (r#"{"id":"#, true, MAX_LONG_LINE),
    ] {
        let buffer = || if for_face { LineBuffer::for_face() } else { LineBuffer::for_node() };
        let longest = start.to_owned() + &"x".repeat(most - start.len());
        let text = format!("{longest}\n{longest}x\nnext\n");
        let expected = [Ok(longest), Err(JsonError::TooLong(most)), Ok("next".to_owned())];
        for piece in [1000, 1 << 16, text.len()] {
            assert!(divided(&mut buffer(), text.as_bytes().chunks(piece)) == expected, "{start} {piece}");
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_reported_at_once_and_not_kept() {
    let mut buffer = LineBuffer::for_node();
    let piece = vec![b'x'; 1 << 16];
    let mut errors = 0;
    for _ in 0..100 {
        let mut bytes = &piece[..];
        errors += usize::from(buffer.next_line(&mut bytes).is_some());
        assert!(buffer.len() <= MAX_LINE);
    }
    assert_eq!((errors, buffer.len(), buffer.is_empty()), (1, 0, false));
    assert_eq!(divided(&mut buffer, [&b"\nnext\n"[..]]), [Ok("next".to_owned())]);
    assert!(buffer.is_empty());
}

#[test]
fn bytes_that_are_no_utf8_are_an_error_and_the_next_line_is_read() {
    let lines = divided(&mut LineBuffer::for_node(), [&b"ab\xff\n\xc3"[..], b"\xa9\r\n\r\n", b"end\xc3"]);
    let expected = [Err(JsonError::NotUtf8(2)), Ok("é".to_owned()), Err(JsonError::NotUtf8(3))];
    assert_eq!(lines, expected);
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_where_the_bytes_are_divided(
        bytes in vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..60), piece in 1..9_usize
    ) {
        let whole = divided(&mut LineBuffer::for_node(), [&bytes[..]]);
        prop_assert_eq!(&divided(&mut LineBuffer::for_node(), bytes.chunks(piece)), &whole);
        let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
        // The last line has no line end, so a `\r` at its end belongs to it.
        let (last, ended) = lines.split_last().unwrap();
        let ended = ended.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = ended.chain([*last]);
        let expected: Vec<_> = lines.filter(|line| !line.is_empty()).map(|line| {
            String::from_utf8(line.to_vec()).map_err(|e| JsonError::NotUtf8(e.utf8_error().valid_up_to()))
        }).collect();
        prop_assert_eq!(whole, expected);
    }
}
