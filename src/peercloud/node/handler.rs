use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

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

/// Calls the handler in a task of its own, so that its panic ends nothing else.
pub(super) async fn call(handler: &Handler, call: &Call, max: Duration) -> Result<Json, HandlerError> {
    let (handler, member, message) = (Arc::clone(handler), call.member.clone(), call.message.clone());
    let task = AbortOnDropHandle::new(tokio::spawn(async move { handler(member, message).await }));
    match timeout(max, task).await {
        Err(_) => Err(HandlerError::TimedOut),
        Ok(Err(_)) => Err(HandlerError::Failed("the handler panicked".to_owned())),
        Ok(Ok(reply)) => reply.map_err(HandlerError::Failed),
    }
}
