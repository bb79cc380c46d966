use std::{fmt, pin::Pin, sync::Arc};

/// A plugin that does something from time to time, whatever arrives.
pub trait Periodic: Send + Sync + 'static {
    /// Called about once a second. Returns messages to queue, as JSON texts.
    fn tick(&self) -> Ticking<'_>;
}

/// What a plugin wants to send, now or later.
pub enum Ticking<'a> {
    /// These messages.
    Now(Vec<Arc<str>>),
    /// The messages that the future returns. The next tick comes after it has ended.
    Later(Pin<Box<dyn Future<Output = Vec<Arc<str>>> + Send + 'a>>),
}

impl Ticking<'_> {
    /// Waits for the messages.
    pub async fn done(self) -> Vec<Arc<str>> {
        match self {
            Self::Now(messages) => messages,
            Self::Later(messages) => messages.await,
        }
    }
}

impl fmt::Debug for Ticking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(messages) => f.debug_tuple("Now").field(messages).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
