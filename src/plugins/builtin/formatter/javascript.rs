//! JSON as JavaScript reads it and writes it again.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Write as _},
};

/// Deepest nesting that is read. A node accepts less.
const MAX_DEPTH: usize = 512;

/// A value that `JSON.parse` returned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Js {
    Undefined,
    Null,
    Flag(bool),
    Number(f64),
    Text(JsText),
    Array(Vec<Self>),
    Object(JsObject),
}

/// A string of JavaScript: UTF-16 units, which need not be valid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct JsText(Vec<u16>);

/// The own properties of an object in the order of `Object.keys`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct JsObject(Vec<(JsText, Js)>);

/// Why a text is not read: it is no JSON, or nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotRead;

impl Js {
    /// As `JSON.parse`: of several properties with one name the last one counts, and integers beyond 2^53 are rounded.
    pub(super) fn parse(json: &str) -> Result<Self, NotRead> {
        let mut reader = Reader { text: json, at: 0 };
        let value = reader.value(0)?;
        reader.skip_space();
        if reader.at == json.len() { Ok(value) } else { Err(NotRead) }
    }

    /// `!!value`.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Flag(flag) => *flag,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.0.is_empty(),
            Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// `Object.keys(value)` of an array or an object. They are made one by one, because there can be very many.
    pub(super) fn keys(&self) -> Box<dyn Iterator<Item = String> + '_> {
        match self {
            Self::Array(items) => Box::new((0..items.len()).map(|index| index.to_string())),
            Self::Object(object) => Box::new(object.0.iter().map(|(key, _)| key.to_string())),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The property of an object with this name. [`Js::Undefined`] without one.
    pub(super) fn property(&self, name: &str) -> &Self {
        let Self::Object(object) = self else { return &Self::Undefined };
        object.0.iter().find(|(key, _)| key.is(name)).map_or(&Self::Undefined, |(_, value)| value)
    }

    /// As `String(value)` for the values that are false in JavaScript.
    pub(super) fn false_text(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Flag(_) => "false",
            Self::Number(_) => "0",
            _ => "",
        }
    }

    /// Writes as `JSON.stringify`.
    pub(super) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Undefined => out.write_str("undefined"),
            Self::Null => out.write_str("null"),
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Number(number) => out.write_str(&number_text(*number)),
            Self::Text(text) => text.write_json(out),
            Self::Array(items) => {
                out.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    item.write(out)?;
                }
                out.write_char(']')
            }
            Self::Object(JsObject(properties)) => {
                out.write_char('{')?;
                for (index, (key, value)) in properties.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    key.write_json(out)?;
                    out.write_char(':')?;
                    value.write(out)?;
                }
                out.write_char('}')
            }
        }
    }
}

impl JsObject {
    /// Properties in the order in which they were set: array indexes come first, in ascending order.
    pub(super) fn new(set: impl IntoIterator<Item = (JsText, Js)>) -> Self {
        let mut indexes: BTreeMap<u32, (JsText, Js)> = BTreeMap::new();
        let mut named: Vec<(JsText, Js)> = Vec::new();
        let mut places: HashMap<JsText, usize> = HashMap::new();
        for (key, value) in set {
            if let Some(index) = key.index() {
                indexes.insert(index, (key, value));
            } else if let Some(place) = places.get(&key) {
                named[*place].1 = value;
            } else {
                places.insert(key.clone(), named.len());
                named.push((key, value));
            }
        }
        Self(indexes.into_values().chain(named).collect())
    }

    /// The object after one more property was set.
    pub(super) fn with(self, name: &str, value: Js) -> Self {
        Self::new(self.0.into_iter().chain([(JsText::from(name), value)]))
    }
}

impl JsText {
    fn is(&self, text: &str) -> bool {
        self.0.iter().copied().eq(text.encode_utf16())
    }

    /// The number, if this is an array index as JavaScript writes it: 0 to 2^32 - 2.
    fn index(&self) -> Option<u32> {
        let is_canonical = match self.0.as_slice() {
            [] => false,
            [zero, ..] if *zero == u16::from(b'0') => self.0.len() == 1,
            digits => digits.len() <= 10 && digits.iter().all(|digit| (48..58).contains(digit)),
        };
        let number = is_canonical.then(|| self.to_string().parse::<u32>().ok())??;
        (number < u32::MAX).then_some(number)
    }

    fn write_json(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_char('"')?;
        for character in char::decode_utf16(self.0.iter().copied()) {
            match character {
                Ok('"') => out.write_str("\\\"")?,
                Ok('\\') => out.write_str("\\\\")?,
                Ok('\u{8}') => out.write_str("\\b")?,
                Ok('\u{c}') => out.write_str("\\f")?,
                Ok('\n') => out.write_str("\\n")?,
                Ok('\r') => out.write_str("\\r")?,
                Ok('\t') => out.write_str("\\t")?,
                Ok(control) if control < ' ' => write!(out, "\\u{:04x}", u32::from(control))?,
                Ok(character) => out.write_char(character)?,
                Err(alone) => write!(out, "\\u{:04x}", alone.unpaired_surrogate())?,
            }
        }
        out.write_char('"')
    }
}

/// A surrogate that has no partner becomes U+FFFD.
impl fmt::Display for JsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::decode_utf16(self.0.iter().copied())
            .try_for_each(|character| f.write_char(character.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl From<&str> for JsText {
    fn from(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }
}

/// As `Number.prototype.toString`, and `null` for what JSON has no number for.
fn number_text(number: f64) -> String {
    if !number.is_finite() {
        return "null".to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    // A double has at most 17.
    let count = i32::try_from(digits.len()).unwrap_or_default();
    // The position of the decimal point, counted from the first digit.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let written = if (count..=21).contains(&point) {
        format!("{digits}{}", "0".repeat((point - count) as usize))
    } else if (1..=21).contains(&point) {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else {
        let rest = if count == 1 { String::new() } else { format!(".{}", &digits[1..]) };
        format!("{}{rest}e{:+}", &digits[..1], point - 1)
    };
    format!("{}{written}", if number < 0.0 { "-" } else { "" })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space is this one.
    fn takes(&mut self, wanted: u8) -> bool {
        self.skip_space();
        let is_there = self.byte() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &str, value: Js) -> Result<Js, NotRead> {
        if !self.text[self.at..].starts_with(word) {
            return Err(NotRead);
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Js, NotRead> {
        if depth > MAX_DEPTH {
            return Err(NotRead);
        }
        self.skip_space();
        match self.byte() {
            Some(b'n') => self.word("null", Js::Null),
            Some(b't') => self.word("true", Js::Flag(true)),
            Some(b'f') => self.word("false", Js::Flag(false)),
            Some(b'"') => Ok(Js::Text(self.string()?)),
            Some(b'[') => self.array(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(NotRead),
        }
    }

    fn number(&mut self) -> Result<Js, NotRead> {
        let rest = &self.text[self.at..];
        let is_of_number = |byte: u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let end = rest.bytes().position(|byte| !is_of_number(byte)).unwrap_or(rest.len());
        self.at += end;
        rest[..end].parse().map(Js::Number).map_err(|_| NotRead)
    }

    fn array(&mut self, depth: usize) -> Result<Js, NotRead> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Js::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes(b']') {
                return Ok(Js::Array(items));
            }
            if !self.takes(b',') {
                return Err(NotRead);
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Js, NotRead> {
        self.at += 1;
        let mut properties = Vec::new();
        if self.takes(b'}') {
            return Ok(Js::Object(JsObject::default()));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            if !self.takes(b':') {
                return Err(NotRead);
            }
            properties.push((key, self.value(depth + 1)?));
            if self.takes(b'}') {
                return Ok(Js::Object(JsObject::new(properties)));
            }
            if !self.takes(b',') {
                return Err(NotRead);
            }
        }
    }

    fn string(&mut self) -> Result<JsText, NotRead> {
        if self.byte() != Some(b'"') {
            return Err(NotRead);
        }
        self.at += 1;
        let mut units = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(['"', '\\']).ok_or(NotRead)?;
            units.extend(rest[..end].encode_utf16());
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Ok(JsText(units));
            }
            units.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<u16, NotRead> {
        let byte = self.byte().ok_or(NotRead)?;
        self.at += 1;
        let unit = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 0x8,
            b'f' => 0xc,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or(NotRead)?;
                self.at += 4;
                return u16::from_str_radix(digits, 16).map_err(|_| NotRead);
            }
            _ => return Err(NotRead),
        };
        Ok(u16::from(unit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rewritten(json: &str) -> String {
        let mut written = String::new();
        Js::parse(json).expect("JSON").write(&mut written).expect("a string takes everything");
        written
    }

    /// The second column is what `JSON.stringify(JSON.parse(text))` gives in Node.js 20.
    #[test]
    fn json_is_written_as_javascript_writes_it() {
        for (json, written) in [
            (r#" { "b" : 1 , "a" : [ ] } "#, r#"{"b":1,"a":[]}"#),
            (
                r#"{"b":1,"10":2,"a":3,"9":4,"01":5,"4294967295":6}"#,
                r#"{"9":4,"10":2,"b":1,"a":3,"01":5,"4294967295":6}"#,
            ),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (r#"{"__proto__":{"x":1}}"#, r#"{"__proto__":{"x":1}}"#),
            (
                "[1e2,1E400,-0,0.1,1e21,123456789012345680000,1e-7,0.000001,-1.5e-10]",
                "[100,null,0,0.1,1e+21,123456789012345680000,1e-7,0.000001,-1.5e-10]",
            ),
            (
                "[9007199254740993,12345678901234567890123,5e-324]",
                "[9007199254740992,1.2345678901234568e+22,5e-324]",
            ),
            (r#""\ud800\u00e9\/\u007f\u001f\b\ud83d\ude42""#, "\"\\ud800\u{e9}/\u{7f}\\u001f\\b\u{1f642}\""),
            ("true", "true"),
            ("null", "null"),
        ] {
            assert_eq!(rewritten(json), written, "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_the_same(value in any_value()) {
            let mut written = String::new();
            value.write(&mut written).expect("a string takes everything");
            prop_assert_eq!(Js::parse(&written), Ok(value.clone()));
            // serde_json rejects surrogates without a partner.
            if !written.contains("\\ud") {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok(), "{}", written);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:\\\\u0-9a-fn \u{e9}+.-]{0,40}") {
            let _ = Js::parse(&text);
        }
    }

    fn any_value() -> impl Strategy<Value = Js> {
        let text = || prop::collection::vec(any::<u16>(), 0..6).prop_map(JsText);
        let leaf = prop_oneof![
            Just(Js::Null),
            any::<bool>().prop_map(Js::Flag),
            any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Js::Number),
            text().prop_map(Js::Text),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let key = prop_oneof![text(), "[0-9]{1,3}".prop_map(|key| JsText::from(key.as_str()))];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Js::Array),
                prop::collection::vec((key, inner), 0..5).prop_map(|set| Js::Object(JsObject::new(set))),
            ]
        })
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_read() {
        for text in ["", "{", "[1,]", "{\"a\"}", "{a:1}", "\"\\x\"", "nul", "1 2", "\"\\u12\"", "--1"] {
            assert_eq!(Js::parse(text), Err(NotRead), "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Js::parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(Js::parse(&nested(100_000)), Err(NotRead));
    }
}
