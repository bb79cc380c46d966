//! The choice of a receiver in words.

use clacks_p2p::{
    core::{PeerChoice, PeerCounts, Status},
    node::Overview,
};
use clacks_text::format::{self, grouped};

use crate::send_history::{Attempt, AttemptResult};

/// The reason why no message is sent now. A command in braces is a placeholder: the caller shows its key or the
/// command.
pub fn idle(overview: &Overview) -> &'static str {
    if overview.queued == 0 && overview.held > 0 {
        "none: nothing waits but what is held ({:held} lists it)"
    } else if overview.queued == 0 {
        "none: the queue is empty ({:say} writes a message)"
    } else if overview.free_peers.total() > 0 {
        "waits: as many messages are on their way as may be"
    } else if overview.in_flight > 0 {
        "waits: every peer has as many on their way to it as may be"
    } else {
        "waits: nobody is known to send to (:announce HOST:PORT)"
    }
}

/// The probabilities of the next receiver's status: `one of 6 alive (95 %), 1 lost (5 %)`. With `verified_only`, `free`
/// counts only peers that responded or that the user added.
pub fn odds(free: &PeerCounts, verified_only: bool) -> String {
    let shares = Status::ALL.into_iter().map(|status| (status, PeerChoice::share(status, free)));
    let told = shares.filter(|(_, draws)| *draws > 0).map(|(status, draws)| {
        let proof = match status {
            Status::Alive if verified_only && free.unverified > 0 => " that answered or that you named",
            Status::Alive if verified_only => " that answered",
            Status::New if verified_only => " that you named",
            _ => "",
        };
        format!(
            "{} {status}{proof} ({})",
            format::count(free.of(status)),
            share(f64::from(draws) / f64::from(PeerChoice::DRAWS))
        )
    });
    format!("one of {}", told.collect::<Vec<_>>().join(", "))
}

/// Why others were passed over.
const TURN: &str = "every second message is for peers that answered or that you named, and it was their turn";

/// The reason why a message went to its receiver. Empty if no peer was free.
pub fn reason(choice: &PeerChoice) -> String {
    let Some(status) = choice.status() else { return String::new() };
    let pool = choice.free.of(status);
    let picked = picked(choice, status, pool);
    if status == Status::New && choice.verified_only {
        return format!("{TURN}; those that you named come first: {picked}");
    }
    if status == Status::New {
        return format!("new peers come first: {picked}");
    }
    let turn = if choice.verified_only { format!("{TURN}; ") } else { String::new() };
    let drawn = choice.drawn();
    let draw = format!(
        "{turn}drew {} of {}: {drawn}",
        grouped(choice.draw.into()),
        grouped(PeerChoice::DRAWS.into())
    );
    if drawn == status {
        format!("{draw}, {picked}")
    } else {
        format!("{draw}, but nobody is, so {status}: {picked}")
    }
}

/// Among whom the receiver was drawn: by its machine first, where several peers are at one.
fn picked(choice: &PeerChoice, status: Status, pool: usize) -> String {
    let (places, at_place) = (choice.alive_places as usize, choice.at_place);
    if pool == 1 {
        "the only one".to_owned()
    } else if status != Status::Alive || places >= pool {
        format!("one of {pool}, all equally likely")
    } else if places == 1 {
        format!("one of {pool} at one machine, all equally likely")
    } else if at_place == 1 {
        format!("one of {places} machines with {pool} peers, all equally likely, and alone at it")
    } else {
        format!("one of {places} machines, all equally likely, and one of {at_place} peers at it")
    }
}

/// The result of a delivery attempt in one sentence.
pub fn outcome(send: &Attempt) -> String {
    let change = send.change.map(|(from, to)| format!("; it was {from} and is {to} now")).unwrap_or_default();
    match &send.outcome {
        AttemptResult::OnItsWay => "it is on its way".to_owned(),
        AttemptResult::Taken(time) => {
            format!("taken after {}: it is theirs now{change}", format::round_trip(*time))
        }
        AttemptResult::Failed(why) => format!("{why}: the message is back in the queue{change}"),
        AttemptResult::Returned => "the message is back in the queue".to_owned(),
    }
}

/// Formats a share between 0.0 and 1.0 as a percentage: `95 %`, `4.999 %`, `0.001 %`, `100 %`.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 && (percent - percent.round()).abs() > 0.05 {
        format!("{percent:.1} %")
    } else if percent >= 9.95 {
        format!("{percent:.0} %")
    } else {
        let text = format!("{percent:.3}");
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_draws_are_read_easily() {
        assert_eq!(
            [0.95, 0.04999, 0.00001, 1.0, 0.316_666, 0.5].map(share),
            ["95 %", "4.999 %", "0.001 %", "100 %", "31.7 %", "50 %"]
        );
    }

    #[test]
    fn the_reason_names_the_turn_that_went_elsewhere() {
        let told = reason(&PeerChoice::new(41_207, PeerCounts::from([(Status::Lost, 3)])));
        assert_eq!(
            told,
            "drew 41,207 of 100,000: alive, but nobody is, so lost: one of 3, all equally likely"
        );
        let free = PeerCounts::from([(Status::New, 1), (Status::Lost, 3)]);
        let told = reason(&PeerChoice::new(41_207, free));
        assert_eq!(told, "new peers come first: the only one");
    }

    #[test]
    fn the_reason_names_the_machines_where_several_peers_are_at_one() {
        let mut choice = PeerChoice::new(41_207, PeerCounts::from([(Status::Alive, 100)]));
        for (places, at_place, told) in [
            (100, 1, "one of 100, all equally likely"),
            (6, 95, "one of 6 machines, all equally likely, and one of 95 peers at it"),
            (6, 1, "one of 6 machines with 100 peers, all equally likely, and alone at it"),
            (1, 100, "one of 100 at one machine, all equally likely"),
        ] {
            (choice.alive_places, choice.at_place) = (places, at_place);
            assert_eq!(reason(&choice), format!("drew 41,207 of 100,000: alive, {told}"));
        }
    }

    #[test]
    fn after_a_message_to_a_peer_that_only_strangers_spoke_for_it_is_the_turn_of_the_others() {
        let mut free = PeerCounts::from([(Status::Alive, 2), (Status::Lost, 1)]);
        let mut choice = PeerChoice::new(58_703, free);
        choice.verified_only = true;
        assert_eq!(
            reason(&choice),
            format!("{TURN}; drew 58,703 of 100,000: alive, one of 2, all equally likely")
        );
        choice.free.new = 1;
        assert_eq!(reason(&choice), format!("{TURN}; those that you named come first: the only one"));
        assert_eq!(odds(&free, true), "one of 2 alive that answered (95 %), 1 lost (5 %)");
        assert_eq!(odds(&free, false), "one of 2 alive (95 %), 1 lost (5 %)");
        free.unverified = 1;
        assert_eq!(odds(&free, true), "one of 2 alive that answered or that you named (95 %), 1 lost (5 %)");
    }
}
