//! Listening to the stations: what came since each was last looked at, and when to ring the bell.

use clacks_language::{
    filter::Filter,
    saved_filter::{Number, StationCommand},
};

use crate::{
    model::Model,
    state::{layout::Pane, message::Effect},
};

impl Model {
    /// Why there is nothing that `:station` could do.
    pub(crate) fn why_not_station(&self, number: Number, wish: &StationCommand) -> Option<String> {
        if self.listening.get(number).is_some() {
            return None;
        }
        match wish {
            StationCommand::Save(_) => None,
            StationCommand::Clear => Some(format!("there is no station {number}")),
            StationCommand::Tune => {
                let filter = self.log.filter().map_or("from:tower", Filter::as_str);
                Some(format!("there is no station {number}; :station {number} {filter} would make one"))
            }
        }
    }

    /// Runs a `:station` command.
    pub fn wish(&mut self, number: Number, wish: StationCommand) -> Vec<Effect> {
        if let Some(reason) = self.why_not_station(number, &wish) {
            self.complain(reason);
            return Vec::new();
        }
        match wish {
            StationCommand::Tune => self.tune(number),
            StationCommand::Save(station) => {
                self.say(format!("station {number} is {station}; {number} tunes in"));
                self.listening.set(number, Some(station));
                return vec![Effect::SaveStations(self.listening.changed().clone())];
            }
            StationCommand::Clear => {
                self.listening.set(number, None);
                self.say(format!("station {number} is free"));
                return vec![Effect::SaveStations(self.listening.changed().clone())];
            }
        }
        Vec::new()
    }

    fn tune(&mut self, number: Number) {
        let Some(station) = self.listening.get(number) else { return };
        let filter = station.filter.clone();
        let is_on = self.log.filter() == Some(&filter);
        self.listening.forget_hits(number);
        self.settle_filter();
        self.log.set_filter((!is_on).then_some(filter));
        self.focus_list(Pane::Traffic);
        self.say(if is_on {
            "all traffic is shown".to_owned()
        } else {
            format!("tuned in to station {number}; 0 shows all traffic")
        });
    }
}
