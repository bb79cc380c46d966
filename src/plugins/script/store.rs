//! What a script keeps: keys with JSON values.

use std::{collections::BTreeMap, time::Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Maximum number of keys.
pub(super) const MAX_KEYS: usize = 1000;
/// Maximum bytes of all keys and values.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// What a script keeps.
#[derive(Debug, Default)]
pub(super) struct Store {
    values: BTreeMap<String, Box<RawValue>>,
    bytes: usize,
    is_read: bool,
    /// When it was changed for the first time since it was written.
    pub(super) changed: Option<Instant>,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    values: BTreeMap<String, Box<RawValue>>,
}

impl Store {
    /// Reads the store at its first use.
    pub(super) fn load(
        &mut self,
        read: impl FnOnce() -> Result<Option<String>, String>,
    ) -> Result<(), String> {
        if self.is_read {
            return Ok(());
        }
        if let Some(text) = read()? {
            let written: Written =
                serde_json::from_str(&text).map_err(|error| format!("the store is damaged: {error}"))?;
            if written.version != 1 {
                return Err(format!("the store has version {}, only 1 is known", written.version));
            }
            self.bytes = written.values.iter().map(|(key, value)| size(key, value)).sum();
            self.values = written.values;
        }
        self.is_read = true;
        Ok(())
    }

    /// The JSON text of a value.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|value| value.get())
    }

    /// Keeps a value, given as JSON text.
    pub(super) fn set(&mut self, key: &str, json: String) -> Result<(), String> {
        let value = RawValue::from_string(json).map_err(|error| error.to_string())?;
        let former = self.values.get(key).map(|value| size(key, value));
        if former.is_none() && self.values.len() >= MAX_KEYS {
            return Err(format!("the store has {MAX_KEYS} keys already"));
        }
        let bytes = self.bytes - former.unwrap_or_default() + size(key, &value);
        if bytes > MAX_BYTES {
            return Err("the store would be larger than 1 MiB".to_owned());
        }
        self.bytes = bytes;
        self.values.insert(key.to_owned(), value);
        self.changed.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Removes a value. Returns whether there was one.
    pub(super) fn delete(&mut self, key: &str) -> bool {
        let Some(value) = self.values.remove(key) else { return false };
        self.bytes -= size(key, &value);
        self.changed.get_or_insert_with(Instant::now);
        true
    }

    /// The keys, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text of the file.
    pub(super) fn to_json(&self) -> String {
        let written = Written { version: 1, values: self.values.clone() };
        serde_json::to_string(&written).unwrap_or_default()
    }
}

fn size(key: &str, value: &RawValue) -> usize {
    key.len() + value.get().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_has_at_most_a_thousand_keys_and_a_mebibyte() {
        let mut store = Store::default();
        for key in 0..MAX_KEYS {
            store.set(&key.to_string(), "1".to_owned()).unwrap();
        }
        assert!(store.set("one more", "1".to_owned()).unwrap_err().contains("1000 keys"));
        store.set("0", "2".to_owned()).unwrap();
        assert!(store.delete("0") && !store.delete("0"));
        let large = format!("\"{}\"", "x".repeat(MAX_BYTES));
        assert!(store.set("large", large).unwrap_err().contains("1 MiB"));
        store.set("one more", "[null]".to_owned()).unwrap();

        let mut again = Store::default();
        again.load(|| Ok(Some(store.to_json()))).unwrap();
        assert_eq!((again.get("one more"), again.get("0"), again.bytes), (Some("[null]"), None, store.bytes));
        assert!(again.keys().eq(store.keys()));
    }

    #[test]
    fn a_damaged_store_is_an_error_each_time() {
        let mut store = Store::default();
        for text in ["", "[]", "{\"version\":2,\"values\":{}}"] {
            assert!(store.load(|| Ok(Some(text.to_owned()))).is_err(), "{text}");
        }
        assert!(!store.is_read);
    }
}
