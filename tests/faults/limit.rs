use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::process::Process;

/// Limits a resource of a child process; `None` lifts the limit. Only the soft limit changes, so that it can be lifted
/// without privileges.
pub(crate) fn limit(process: &Process, resource: Resource, most: Option<u64>) {
    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    // The process inherited it.
    let maximum = getrlimit(resource).maximum;
    prlimit(id, resource, Rlimit { current: most.or(maximum), maximum }).unwrap();
}
