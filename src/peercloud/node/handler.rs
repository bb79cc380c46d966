use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    core::{Call, HandlerError},
    protocol::{Json, Record},
};

type Reply = Pin<Box<dyn Future<Output = Result<Json, String>> + Send>>;

/// The handler of messages: it is given the sender and the message, and returns the reply or an error.
pub(super) type Handler = Arc<dyn Fn(Record, Json) -> Reply + Send + Sync>;

/// A handler from an async function.
pub(super) fn boxed<F, R>(handler: F) -> Handler
where
    F: Fn(Record, Json) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Json, String>> + Send + 'static,
{
    Arc::new(move |member, message| Box::pin(handler(member, message)))
}

/// Calls the handler. Its panic ends nothing else: it is caught here, because a task for each message would cost a tenth of
/// the processor time of a request.
pub(super) async fn call(handler: &Handler, call: &Call, max: Duration) -> Result<Json, HandlerError> {
    let (member, message) = (call.member.clone(), call.message.clone());
    let panicked = || HandlerError::Failed("the handler panicked".to_owned());
    let called = catch_unwind(AssertUnwindSafe(|| handler(member, message)));
    let mut reply = called.map_err(|_| panicked())?;
    // After a panic it is not polled again.
    let caught = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| reply.as_mut().poll(cx))) {
        Ok(poll) => poll.map(|reply| reply.map_err(HandlerError::Failed)),
        Err(_) => Poll::Ready(Err(panicked())),
    });
    timeout(max, caught).await.unwrap_or(Err(HandlerError::TimedOut))
}
