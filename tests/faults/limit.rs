use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::process::Process;

/// Lets a process that this one started have no more than so much of something; `None` lifts the limit. Only the soft
/// limit changes, so that it can be lifted without rights.
pub(crate) fn limit(process: &Process, resource: Resource, most: Option<u64>) {
    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    // It has inherited it.
    let maximum = getrlimit(resource).maximum;
    prlimit(id, resource, Rlimit { current: most.or(maximum), maximum }).unwrap();
}
