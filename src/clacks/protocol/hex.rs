//! Bytes as lowercase hexadecimal digits.

use std::fmt;

/// Writes 32 bytes as 64 digits at once. Formatting each byte by itself takes ten times as long, and every frame of a
/// monitor shows identifiers.
pub(crate) fn write_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0; 64];
    for (byte, digits) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

/// The digit of a number below 16.
fn digit(number: u8) -> u8 {
    if number < 10 { b'0' + number } else { b'a' + number - 10 }
}
