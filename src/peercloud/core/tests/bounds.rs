//! Bounds of time and memory.

use super::{
    bench::{Bench, id},
    members::{announced, check},
};
use crate::core::Failure;

#[test]
fn a_member_that_never_answered_is_removed_although_resources_lack_here() {
    for (name, removed) in [("n", true), ("a", false)] {
        let mut bench = Bench::in_cloud(&["a"]);
        announced(&mut bench, "n", 7);
        for _ in 0..6 {
            let Some(_) = bench.core.member(&id(name)) else { break };
            let request = check(&mut bench, name);
            bench.fail(&request, Failure::NoResources("no ports are left".into()));
        }
        assert_eq!(bench.core.member(&id(name)).is_none(), removed, "{name}");
    }
}
