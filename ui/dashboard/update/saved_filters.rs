//! Saved filters: new rows since each was last active, and the bell.

use clacks_language::saved_filter::{Number, StationCommand};

use crate::{
    available::station_command_error,
    model::Model,
    state::{layout::Pane, message::Effect},
};

impl Model {
    /// Runs a `:station` command.
    pub fn run_station_command(&mut self, number: Number, wish: StationCommand) -> Vec<Effect> {
        if let Some(reason) = station_command_error(self, number, &wish) {
            self.notify_error(reason);
            return Vec::new();
        }
        match wish {
            StationCommand::Tune => self.apply_station(number),
            StationCommand::Save(station) => {
                self.notify(format!("station {number} is {station}; {number} tunes in"));
                self.saved_filters.set(number, Some(station));
                return vec![Effect::SaveStations(self.saved_filters.changed().clone())];
            }
            StationCommand::Clear => {
                self.saved_filters.set(number, None);
                self.notify(format!("station {number} is free"));
                return vec![Effect::SaveStations(self.saved_filters.changed().clone())];
            }
        }
        Vec::new()
    }

    fn apply_station(&mut self, number: Number) {
        let Some(station) = self.saved_filters.get(number) else { return };
        let filter = match self.filter_networks().read(&station.filter) {
            Ok(filter) => filter,
            Err(error) => return self.notify_error(error.to_string()),
        };
        let is_on = self.log.filter() == Some(&filter);
        self.saved_filters.forget_hits(number);
        self.apply_filter();
        self.log.set_filter((!is_on).then_some(filter));
        self.focus_list(Pane::Traffic);
        self.notify(if is_on {
            "all traffic is shown".to_owned()
        } else {
            format!("tuned in to station {number}; 0 shows all traffic")
        });
    }
}
