use clacks_transport::{event_ring::RingEvent, subscription};

use crate::{core::Event, protocol::Message};

/// The events of a node from the time of the subscription.
///
/// The node never waits for a subscriber. At most 4,096 events with 64 MiB of messages are kept for slow ones. A
/// subscriber that falls behind gets one [`Event::Lagged`] with the number of missed events, then the oldest event that
/// is still kept.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clacks_p2p::{Message, Node, core::Event};
///
/// let node = Node::builder().hostname("127.0.0.1").port(0).start().await?;
/// let mut events = node.subscribe();
/// let id = node.enqueue(Message::text("GNU Terry Pratchett"))?;
/// match events.next().await {
///     Some(Event::MessageQueued { id: queued, .. }) => assert_eq!(queued, id),
///     Some(Event::Lagged(missed)) => eprintln!("missed {missed} events"),
///     other => println!("{other:?}"),
/// }
/// node.stop().await;
/// assert!(events.try_next().is_none(), "a stopped node sends no more events");
/// # Ok(())
/// # }
/// ```
pub type Subscription = subscription::Subscription<Event>;

/// An event with its number and its time.
pub type NumberedEvent = subscription::NumberedEvent<Event>;

impl RingEvent for Event {
    /// Bytes of the messages that the event carries.
    fn size(&self) -> usize {
        match self {
            Self::MessageReceived { message, .. }
            | Self::MessageQueued { message, .. }
            | Self::MessageSending { message, .. }
            | Self::MessageDelivered { message, .. }
            | Self::DeliveryFailed { message, .. }
            | Self::MessageDropped { message, .. }
            | Self::PayloadDiscarded { message, .. } => message.size(),
            Self::MessageHeld { held, .. } => held.queued.message.size(),
            Self::MessageReleased { queued, .. } | Self::MessageRestored { queued, .. } => {
                queued.message.size()
            }
            Self::MessageChanged { before, queued, .. } => before.size() + queued.message.size(),
            Self::MessageRewritten { before, after, .. } => {
                before.size() + after.iter().map(Message::size).sum::<usize>()
            }
            _ => 0,
        }
    }

    fn lagged(missed: u64) -> Self {
        Self::Lagged(missed)
    }
}
