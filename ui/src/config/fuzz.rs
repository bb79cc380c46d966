//! The configuration file with arbitrary text.

use clacks_dashboard::keymap::Keymap;
use clacks_language::saved_filter::Station;
use clacks_text::toml::parse;

use super::*;

#[test]
fn config() {
    clacks_fuzz::fuzz("config", 3_000, |text| {
        let text = String::from_utf8_lossy(text);
        let view = parse::<ViewFile>(&text);
        match Config::parse(&text) {
            Ok(config) => check(&config, &view.unwrap()),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    });
}

fn check(config: &Config, view: &ViewFile) {
    let of_file = View { stations: view.stations.clone(), keys: view.keys.clone(), ..view.view.clone() };
    assert_eq!(of_file, config.view);
    assert_eq!(config.clone().or(Config::default()), *config);
    assert_eq!(Config::default().or(config.clone()), *config);
    let one_alone = config.cert.is_some() != config.key.is_some();
    assert_eq!(config.builder().is_err(), one_alone);
    for (_, station) in config.view.stations.iter() {
        assert_eq!(station.to_string().parse::<Station>().as_ref(), Ok(station));
    }
    let keymap = Keymap::default().with_user_keys(&config.view.keys);
    assert!(keymap.bindings().iter().all(|binding| !binding.command.is_empty()));
}
