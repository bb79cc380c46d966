//! A list of peers, given any bytes.

use super::parse::{BadLine, MAX_ADDRESSES, MAX_REPORTED, parse};

#[test]
fn peer_list() {
    clacks_fuzz::fuzz("peer_list", 3_000, |text| {
        let Ok(parsed) = parse(text) else {
            assert!(text.contains(&0));
            return;
        };
        let lines = text.split(|byte| *byte == b'\n').count();
        assert!(parsed.addresses.len() <= MAX_ADDRESSES && parsed.addresses.len() + parsed.bad <= lines);
        assert_eq!(parsed.reported.len(), parsed.bad.min(MAX_REPORTED));
        assert!(parsed.reported.is_sorted_by(|one: &BadLine, two| one.line < two.line));
        assert!(parsed.reported.iter().all(|bad| (1..=lines).contains(&bad.line)));
        let with_crlf = text.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        assert_eq!(parse(&with_crlf).as_ref(), Ok(&parsed));
        let written: Vec<_> = parsed.addresses.iter().map(ToString::to_string).collect();
        let again = parse(written.join("\n").as_bytes()).unwrap_or_default();
        assert_eq!((again.addresses, again.bad), (parsed.addresses, 0));
    });
}
