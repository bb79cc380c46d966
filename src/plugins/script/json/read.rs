use clacks_feed::json_text::characters;
use mlua::{Lua, Table, Value};

use super::{MAX_DEPTH, Problem};
use crate::script::{budget::Budget, time_exceeded};

/// Reads JSON text. A surrogate without a partner becomes U+FFFD. Of equal keys the last counts.
pub(in crate::script) fn read(
    lua: &Lua,
    text: &str,
    arrays: &Table,
    budget: &Budget,
) -> Result<Value, Problem> {
    let mut reader = Reader { lua, text, at: 0, arrays, budget, depth: 0, items: 0 };
    let value = reader.value()?;
    reader.skip_space();
    if reader.at < text.len() { reader.wrong("the text goes on after its value") } else { Ok(value) }
}

struct Reader<'a> {
    lua: &'a Lua,
    text: &'a str,
    at: usize,
    arrays: &'a Table,
    budget: &'a Budget,
    depth: usize,
    items: u32,
}

/// Items between two looks at the time.
const BETWEEN_LOOKS: u32 = 256;

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, Problem> {
        self.items += 1;
        if self.items.is_multiple_of(BETWEEN_LOOKS) && self.budget.is_exceeded() {
            return Err(time_exceeded(self.budget).into());
        }
        self.skip_space();
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b't') => self.word("true", Value::Boolean(true)),
            Some(b'f') => self.word("false", Value::Boolean(false)),
            Some(b'n') => self.word("null", Value::NULL),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.wrong("expected a value"),
            None => self.wrong("the text ends where a value should be"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Table, Problem>) -> Result<Value, Problem> {
        if self.depth == MAX_DEPTH {
            return self.wrong("nested too deeply");
        }
        self.depth += 1;
        self.at += 1;
        let table = read(self)?;
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn object(&mut self) -> Result<Table, Problem> {
        let table = self.lua.create_table()?;
        if self.takes(b'}') {
            return Ok(table);
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.wrong("expected a key");
            }
            let key = self.string()?;
            self.expect(b':', "expected a colon")?;
            let value = self.value()?;
            table.raw_set(key, value)?;
            if self.takes(b'}') {
                return Ok(table);
            }
            self.expect(b',', "expected a comma or a closing brace")?;
        }
    }

    fn array(&mut self) -> Result<Table, Problem> {
        let table = self.lua.create_table()?;
        table.set_metatable(Some(self.arrays.clone()))?;
        if self.takes(b']') {
            return Ok(table);
        }
        loop {
            let value = self.value()?;
            table.raw_push(value)?;
            if self.takes(b']') {
                return Ok(table);
            }
            self.expect(b',', "expected a comma or a closing bracket")?;
        }
    }

    fn string(&mut self) -> Result<mlua::LuaString, Problem> {
        let start = self.at;
        let mut end = start + 1;
        let bytes = self.text.as_bytes();
        let mut is_escaped = false;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_escaped = true;
                    end += 2;
                }
                Some(b' '..) => end += 1,
                Some(_) => return self.wrong("a string has a control character"),
                None => return self.wrong("a string has no end"),
            }
        }
        self.at = end + 1;
        if !is_escaped {
            return Ok(self.lua.create_string(&self.text[start + 1..end])?);
        }
        match characters(&self.text[start..=end], false) {
            Some(text) => Ok(self.lua.create_string(&text)?),
            None => self.wrong("a string has a wrong escape"),
        }
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let starts_with_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (starts_with_zero && digits > 1) {
            return self.wrong("a number is wrong");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.wrong("a number is wrong");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return self.wrong("a number is wrong");
            }
        }
        match self.text[start..self.at].parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Number(number)),
            _ => self.wrong("a number is too large"),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Problem> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        self.wrong("expected a value")
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8, or: &str) -> Result<(), Problem> {
        if self.takes(byte) { Ok(()) } else { self.wrong(or) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong<T>(&self, reason: &str) -> Result<T, Problem> {
        Problem::wrong(format!("{reason}, at byte {} of the JSON text", self.at + 1))
    }
}
