//! Saved filters ("stations"): filters stored under a number from 1 to 9, with an optional bell for new matches.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::Context;
use clacks_text::{file_error, toml::LARGEST_FILE};
use clacks_transport::files;
use serde::{Deserialize, Deserializer, de::Error};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use clacks_feed::filter::FilterError;

use super::traffic_filter::{FilterNetworks, FilterText};

/// The word before a filter that asks for the bell.
const BELL: &str = "bell";
/// The word in place of a filter that frees the number.
const CLEAR: &str = "clear";

/// Maximum time to wait for the last write.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// The number of a station, 1 to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u8);

/// A saved filter and its bell setting. Parsed from `FILTER` or `bell FILTER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// The rows of the traffic that the station shows.
    pub filter: FilterText,
    /// Rings the terminal's bell for each new match.
    pub bell: bool,
}

/// Saved filters by number. `None` marks a number that the user freed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stations(BTreeMap<Number, Option<Station>>);

/// The argument of `:station` after the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StationCommand {
    /// Shows only this station's traffic. While the station is shown already, shows all traffic again.
    Tune,
    /// Saves the station under the number.
    Save(Station),
    /// Frees the number.
    Clear,
}

/// Reason why a `:station` line is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StationError {
    /// The number is missing or not from 1 to 9.
    #[error("a station has a number from 1 to 9, as in :station 3 from:tower")]
    Number,
    /// The filter is invalid.
    #[error("{0}")]
    Filter(#[from] FilterError),
}

impl Number {
    /// Zero-based index of the number, 0 to 8.
    pub fn index(self) -> usize {
        usize::from(self.0 - 1)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Number {
    type Err = StationError;

    fn from_str(text: &str) -> Result<Self, StationError> {
        match text.as_bytes() {
            [digit @ b'1'..=b'9'] => Ok(Self(digit - b'0')),
            _ => Err(StationError::Number),
        }
    }
}

/// Parses `bell FILTER` or `FILTER`. To search for the word bell first, put that word in quotes.
impl FromStr for Station {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        let behind =
            text.strip_prefix(BELL).filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        let filter = behind.unwrap_or(text).parse::<FilterText>().map_err(|error| {
            let offset = text.len() - behind.unwrap_or(text).len();
            FilterError { span: error.span.start + offset..error.span.end + offset, ..error }
        })?;
        Ok(Self { filter, bell: behind.is_some() })
    }
}

/// The form that [`Station::from_str`] parses.
impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bell = if self.bell { "bell " } else { "" };
        write!(f, "{bell}{}", self.filter.as_str())
    }
}

/// Parses the argument of `:station`.
pub(crate) fn parse_station(text: &str) -> Result<(Number, StationCommand), StationError> {
    let (number, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let number = number.parse()?;
    Ok(match rest.trim() {
        "" => (number, StationCommand::Tune),
        CLEAR => (number, StationCommand::Clear),
        station => (number, StationCommand::Save(station.parse()?)),
    })
}

impl Stations {
    /// The station of this number; `None` if the number is free.
    pub fn get(&self, number: Number) -> Option<&Station> {
        self.0.get(&number)?.as_ref()
    }

    /// All saved stations in order of their numbers, without freed numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Number, &Station)> {
        self.0.iter().filter_map(|(number, station)| Some((*number, station.as_ref()?)))
    }

    /// Stores a station under the number; `None` frees it.
    pub fn set(&mut self, number: Number, station: Option<Station>) {
        self.0.insert(number, station);
    }

    /// The first station whose filter is invalid in these networks, and the error.
    pub fn first_error(&self, networks: &FilterNetworks) -> Option<(Number, FilterError)> {
        self.iter().find_map(|(number, station)| Some((number, networks.read(&station.filter).err()?)))
    }

    /// Merges two sets: entries of `self` take precedence over those of `other`, freed numbers included.
    pub fn or(mut self, other: Self) -> Self {
        for (number, station) in other.0 {
            self.0.entry(number).or_insert(station);
        }
        self
    }
}

/// Deserializes a table of strings: `1 = "from:tower"`, `2 = "bell chess"`, and `3 = ""` for a freed number.
impl<'de> Deserialize<'de> for Stations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = BTreeMap::<String, String>::deserialize(deserializer)?;
        let read = |(number, station): (String, String)| {
            let number: Number = number
                .parse()
                .map_err(|_| D::Error::custom(format!("station {number}: the numbers are 1 to 9")))?;
            if station.is_empty() {
                return Ok((number, None));
            }
            let station =
                station.parse().map_err(|error| D::Error::custom(format!("station {number}: {error}")))?;
            Ok((number, Some(station)))
        };
        table.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// The file `stations.toml`, which stores the stations changed at run time.
#[derive(Debug, Clone)]
pub struct StationFile {
    path: PathBuf,
}

impl StationFile {
    /// The file in a data directory. It does not have to exist.
    pub fn in_directory(directory: &Path) -> Self {
        Self { path: directory.join("stations.toml") }
    }

    /// Reads the stored stations, for the traffic of these networks. A missing file gives an empty set.
    ///
    /// Errors if the file is unreadable, larger than the limit of a TOML file, or invalid, or if a filter is invalid in
    /// these networks.
    pub fn read(&self, networks: &FilterNetworks) -> anyhow::Result<Stations> {
        let text = match files::read_regular_text(&self.path, LARGEST_FILE) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stations::default()),
            Err(error) => {
                return Err(file_error::reading(error))
                    .with_context(|| format!("cannot read {}", self.path.display()));
            }
        };
        let read = clacks_text::toml::parse(&text).and_then(|stations: Stations| {
            let Some((number, error)) = stations.first_error(networks) else { return Ok(stations) };
            let lines = || text.lines().zip(1..);
            let line = lines().find(|(line, _)| line.trim_start().starts_with(&number.to_string()));
            anyhow::bail!("line {}: station {number}: {error}", line.map_or(1, |(_, line)| line))
        });
        read.with_context(|| format!("{}; mend it or move it away", self.path.display()))
    }

    /// Replaces the file atomically. Only the user can read it. Errors if the disk refuses the write.
    pub fn write(&self, stations: &Stations) -> anyhow::Result<()> {
        let kept = self.replace(stations).map_err(file_error::writing);
        kept.with_context(|| format!("cannot keep the stations in {}", self.path.display()))
    }

    fn replace(&self, stations: &Stations) -> io::Result<()> {
        let text = |station: &Option<Station>| station.as_ref().map(Station::to_string).unwrap_or_default();
        let table: toml::Table =
            stations.0.iter().map(|(number, station)| (number.to_string(), text(station).into())).collect();
        files::write_whole(&self.path, files::Access::Private, |file| {
            writeln!(
                file,
                "# Stations that were changed; they go before those of the configuration file.\n{table}"
            )
        })
    }
}

/// Writes the stations on a background thread, so that the caller never blocks on the disk.
#[derive(Debug)]
pub struct StationWriter {
    newest: watch::Sender<Stations>,
    task: JoinHandle<()>,
}

impl StationWriter {
    /// Starts the writer; needs a tokio runtime. `on_error` receives the message of each failed write.
    pub fn new(file: StationFile, on_error: impl Fn(String) + Send + 'static) -> Self {
        let (newest, mut changed) = watch::channel(Stations::default());
        let task = tokio::task::spawn_blocking(move || {
            while Handle::current().block_on(changed.changed()).is_ok() {
                let stations = changed.borrow_and_update().clone();
                file.write(&stations).unwrap_or_else(|error| on_error(format!("{error:#}")));
            }
        });
        Self { newest, task }
    }

    /// Schedules a write of these stations. Of several pending states only the newest is written.
    pub fn save(&self, stations: &Stations) {
        self.newest.send_replace(stations.clone());
    }

    /// Waits until the last state is written, at most one second.
    pub async fn finish(self) {
        drop(self.newest);
        let _ = tokio::time::timeout(FINISH_TIMEOUT, self.task).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clacks_feed::description::{Description, EventSpec};

    use super::*;

    fn networks() -> FilterNetworks {
        let types = ["in", "out", "own", "message"].map(Into::into).to_vec();
        let message = EventSpec::new("message_received", "a message came").json_text("message");
        let description = Description::new("test".into(), "tower:1".into());
        FilterNetworks::new([Arc::new(Description { types, events: vec![message], ..description })])
    }

    fn station(text: &str) -> Station {
        text.parse().unwrap()
    }

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn a_station_line_shows_saves_or_clears() {
        for (text, wanted) in [
            ("3", StationCommand::Tune),
            ("3 clear", StationCommand::Clear),
            (
                "3 from:tower",
                StationCommand::Save(Station { filter: "from:tower".parse().unwrap(), bell: false }),
            ),
            (
                "3  bell gnu | x",
                StationCommand::Save(Station { filter: "gnu | x".parse().unwrap(), bell: true }),
            ),
            ("3 bells", StationCommand::Save(Station { filter: "bells".parse().unwrap(), bell: false })),
            (
                "3 \"bell\"",
                StationCommand::Save(Station { filter: "\"bell\"".parse().unwrap(), bell: false }),
            ),
        ] {
            assert_eq!(parse_station(text), Ok((number("3"), wanted)), "{text}");
        }
        for text in ["0", "10", "x", "-1", "", "3from:a"] {
            assert_eq!(parse_station(text), Err(StationError::Number), "{text}");
        }
        assert!(
            parse_station("3 bell").unwrap_err().to_string().starts_with("something to look for is missing")
        );
        assert_eq!("bell a from:".parse::<Station>().unwrap_err().span, 7..12);
    }

    #[test]
    fn a_station_is_displayed_in_its_parsed_form() {
        for text in ["gnu", "bell from:tower !x", "\"bell\" a", "re:/\"\\d/"] {
            assert_eq!(station(text).to_string(), text);
            assert_eq!(station(&station(text).to_string()), station(text));
        }
    }

    #[test]
    fn stations_are_saved_in_a_file_readable_only_by_the_user() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let file = StationFile::in_directory(&directory.path().join("not yet there"));
        assert_eq!(file.read(&networks()).unwrap(), Stations::default());
        let mut stations = Stations::default();
        stations.set(number("2"), Some(station("bell \"a \\\"b\\\"\" | re:/'\\\\/")));
        stations.set(number("9"), Some(station("from:tower")));
        file.write(&stations).unwrap();
        assert_eq!(file.read(&networks()).unwrap(), stations);
        assert_eq!(std::fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
        stations.set(number("2"), None);
        file.write(&stations).unwrap();
        assert_eq!(file.read(&networks()).unwrap(), stations);
        assert_eq!(stations.iter().count(), 1, "a freed number stays free");
    }

    #[test]
    fn saving_stations_does_not_block_and_the_last_change_is_saved() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = StationFile::in_directory(directory.path());
        let mut stations = Stations::default();
        runtime.block_on(async {
            // Occupies the only thread that writes.
            let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || goes_on.recv());
            let writer = StationWriter::new(file.clone(), |reason| panic!("{reason}"));
            for text in ["gnu", "chess"] {
                stations.set(number("2"), Some(station(text)));
                writer.save(&stations);
            }
            assert_eq!(file.read(&networks()).unwrap(), Stations::default());
            go_on.send(()).unwrap();
            writer.finish().await;
        });
        assert_eq!(file.read(&networks()).unwrap(), stations);
    }

    #[test]
    fn an_invalid_file_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let file = StationFile::in_directory(directory.path());
        for (text, reason) in [
            ("1 = 'a'\n0 = 'b'", "line 1: station 0: the numbers are 1 to 9"),
            ("7 = 'type:x'", "line 1: station 7: a type is in, out"),
            ("7 = 7", "line 1: invalid type"),
            ("7", "line 1: "),
        ] {
            std::fs::write(&file.path, text).unwrap();
            let error = format!("{:#}", file.read(&networks()).unwrap_err());
            assert!(error.contains(reason) && error.contains("mend it or move it away"), "{error}");
        }
    }

    #[test]
    fn stations_of_one_source_take_precedence() {
        let table = |text: &str| toml::from_str::<Stations>(text).unwrap();
        let both = table("1 = 'a'\n2 = 'b'\n4 = ''").or(table("2 = 'c'\n3 = 'd'\n4 = 'e'"));
        let listed = both.iter().map(|(number, station)| format!("{number} {station}"));
        assert_eq!(listed.collect::<Vec<_>>(), ["1 a", "2 b", "3 d"]);
    }
}
