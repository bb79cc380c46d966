//! What the members of the demo cloud say.

use anyhow::Context;
use clacks_peercloud::Json;
use rand::{Rng, seq::IndexedRandom};

const CHATTER: &str = include_str!("../../../../assets/cloud-chatter.txt");

/// Replies to messages that no member of the demo sends: those of the user.
const TO_THE_USER: [&str; 6] =
    ["Hello!", "Heard.", "Yes, loud and clear.", "Could you say that again?", "Noted.", "Ask the others."];

/// Messages, each with the replies to it.
#[derive(Debug)]
pub(super) struct Conversation {
    lines: Vec<Line>,
    to_the_user: Vec<Json>,
}

#[derive(Debug)]
struct Line {
    message: Json,
    replies: Vec<Json>,
}

impl Conversation {
    pub(super) fn new() -> anyhow::Result<Self> {
        let lines = CHATTER.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(Line::read).collect::<anyhow::Result<_>>()?;
        let to_the_user =
            TO_THE_USER.iter().map(|text| json("reply", text)).collect::<anyhow::Result<_>>()?;
        Ok(Self { lines, to_the_user })
    }

    /// A message for a member to send.
    pub(super) fn message(&self, rng: &mut impl Rng) -> Option<&Json> {
        Some(&self.lines.choose(rng)?.message)
    }

    /// A reply to a message.
    pub(super) fn reply(&self, message: &Json, rng: &mut impl Rng) -> Option<&Json> {
        let line = self.lines.iter().find(|line| line.message == *message);
        line.map_or(&self.to_the_user, |line| &line.replies).choose(rng)
    }
}

impl Line {
    fn read(line: &str) -> anyhow::Result<Self> {
        let mut parts = line.split("=>").map(str::trim);
        let message = json("message", parts.next().unwrap_or_default())?;
        let replies = parts.map(|reply| json("reply", reply)).collect::<Result<_, _>>()?;
        Ok(Self { message, replies })
    }
}

/// A JSON object as it is written, or one with the text under a name.
fn json(name: &str, text: &str) -> anyhow::Result<Json> {
    let is_object = text.starts_with('{');
    let written = if is_object { text.to_owned() } else { serde_json::json!({ name: text }).to_string() };
    Json::new(&written, usize::MAX, usize::MAX).with_context(|| format!("the chatter has {text:?}"))
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn every_line_is_a_message_with_replies() {
        let conversation = Conversation::new().unwrap();
        assert!(conversation.lines.len() >= 15);
        for line in &conversation.lines {
            assert!(line.message.as_str().starts_with('{') && line.replies.len() >= 2, "{line:?}");
            assert!(line.replies.iter().all(|reply| reply.as_str().starts_with('{')), "{line:?}");
        }
        assert!(CHATTER.chars().all(|character| character == '\n' || !character.is_control()));
    }

    #[test]
    fn a_message_of_the_conversation_has_replies_of_its_own() {
        let conversation = Conversation::new().unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let message = conversation.message(&mut rng).unwrap().clone();
        let line = conversation.lines.iter().find(|line| line.message == message).unwrap();
        assert!(line.replies.contains(conversation.reply(&message, &mut rng).unwrap()));
        let of_the_user = Json::new(r#"{"message":"hi"}"#, 100, 10).unwrap();
        let reply = conversation.reply(&of_the_user, &mut rng).unwrap();
        assert!(conversation.to_the_user.contains(reply));
    }
}
