//! `clacks peercloud` on the screen.

use clacks_peercloud::{Json, Node, core::Event};
use rustix::process::Signal;
use tokio::runtime::Runtime;

use super::{
    screen::DEADLINE,
    session::{ENTER, ESCAPE, Launch, Session},
};

/// What stands in the place of the input while the lists have the keys.
const LISTS: &str = "to write a message, : for a command";

/// Members of a cloud in this process.
struct Cloud {
    runtime: Runtime,
    members: Vec<Node>,
}

impl Cloud {
    /// Members with these names. Each replies with its name.
    fn start(names: &[&str]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut members: Vec<Node> = Vec::new();
        for name in names {
            let peers = members.first().map(Node::local_address);
            let data = json(&format!(r#"{{"name":"{name}"}}"#));
            let reply = json(&format!(r#"{{"reply":"this is {name}"}}"#));
            let builder = Node::builder().port(free_port()).peers(peers).data(data);
            let builder = builder.on_message(move |_, _| std::future::ready(Ok(reply.clone())));
            let member = runtime.block_on(builder.start()).unwrap();
            if !members.is_empty() {
                runtime.block_on(member.ready()).unwrap();
            }
            members.push(member);
        }
        Self { runtime, members }
    }

    fn address(&self) -> String {
        self.members[0].local_address().to_string()
    }

    /// Waits for an event of the first member.
    fn wait_for(&self, events: &mut clacks_peercloud::Subscription, wanted: impl Fn(&Event) -> bool) {
        let found = async { while !wanted(&events.next().await.unwrap()) {} };
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, found).await })
            .expect("the event comes");
    }
}

fn json(text: &str) -> Json {
    Json::new(text, usize::MAX, usize::MAX).unwrap()
}

/// A port that nobody listens on. Port 0 would be 9338 for one of the nodes that start at the same time.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The program as one more member.
fn member(cloud: &Cloud) -> Launch {
    let port = free_port().to_string();
    Launch::new(&["peercloud", "--port", &port, "--peer", &cloud.address(), "--data", r#"{"name":"screen"}"#])
}

/// A frame hides the cursor too while it is drawn, so the text in its place is what tells.
#[track_caller]
fn leave_the_input(session: &Session) {
    session.type_in(ESCAPE);
    session.wait_for(LISTS);
}

#[test]
fn members_appear_and_a_broadcast_opens_into_its_replies() {
    let cloud = Cloud::start(&["harbour", "mill"]);
    let session = member(&cloud).start();
    session.wait_for("MEMBERS  2");
    session.wait_for("harbour");
    session.wait_for("mill");
    let mut events = cloud.members[0].subscribe();
    session.go_to_input();
    session.enter("is anybody there");
    session.wait_for("sent to 2 members");
    let text = r#"{"message":"is anybody there"}"#;
    cloud.wait_for(
        &mut events,
        |event| matches!(event, Event::MessageReceived { message, .. } if message.as_str() == text),
    );
    session.wait_for("complete");
    // The list of requests is behind the input, with the new one selected.
    leave_the_input(&session);
    session.type_in(ENTER);
    session.wait_for("REPLIES  2");
    let page = ["this is harbour", "this is mill", "is anybody there"];
    session.wait_until("the replies without the traffic", |screen| {
        let contents = screen.contents();
        let has_name = contents.lines().any(|line| line.starts_with("mill "));
        page.iter().all(|text| contents.contains(text)) && has_name && !contents.contains("TRAFFIC")
    });
    session.type_in(ESCAPE);
    session.wait_for("TRAFFIC");
}

#[test]
fn a_member_that_leaves_disappears_and_a_message_of_a_member_is_shown() {
    let cloud = Cloud::start(&["harbour", "mill"]);
    let session = member(&cloud).start();
    session.wait_for("MEMBERS  2");
    cloud.runtime.block_on(async {
        cloud.members[1].broadcast(&json(r#"{"message":"hello screen"}"#)).unwrap().all().await
    });
    session.wait_for("hello screen");
    cloud.runtime.block_on(cloud.members[1].close());
    session.wait_for("MEMBERS  1");
    session.wait_for("removed");
}

#[test]
fn leaving_and_quitting_say_goodbye_and_restore_the_terminal() {
    let cloud = Cloud::start(&["harbour"]);
    let mut session = member(&cloud).start();
    session.wait_for("MEMBERS  1");
    let mut events = cloud.members[0].subscribe();
    session.go_to_input();
    session.enter(":leave");
    cloud.wait_for(&mut events, |event| matches!(event, Event::MemberRemoved { .. }));
    session.wait_for("MEMBERS  0");
    session.enter(&format!(":join {}", cloud.address()));
    session.wait_for("MEMBERS  1");
    leave_the_input(&session);
    session.type_in("q");
    cloud.wait_for(&mut events, |event| matches!(event, Event::MemberRemoved { .. }));
    assert_eq!(session.wait_for_exit().code(), Some(0));
    session.assert_restored();
    assert!(cloud.members[0].members().is_empty());
}

#[test]
fn a_terminating_signal_says_goodbye_too() {
    let cloud = Cloud::start(&["harbour"]);
    let mut session = member(&cloud).start();
    session.wait_for("MEMBERS  1");
    let mut events = cloud.members[0].subscribe();
    session.send(Signal::TERM);
    cloud.wait_for(&mut events, |event| matches!(event, Event::MemberRemoved { .. }));
    assert!(session.wait_for_exit().code().is_some());
    session.assert_restored();
}

#[test]
fn the_demo_cloud_is_shown_and_ends_at_once() {
    let mut session = Launch::new(&["peercloud", "demo", "--nodes", "4", "--speed", "4"]).start();
    session.wait_for("demo network");
    session.wait_for("MEMBERS  4");
    session.wait_for("lighthouse");
    session.wait_for("removed");
    session.type_in("q");
    assert_eq!(session.wait_for_exit().code(), Some(0));
    session.assert_restored();
}

#[test]
fn a_peercloud_node_runs_beside_that_of_clacks() {
    let cloud = Cloud::start(&["harbour"]);
    let launch = Launch::new(&["--port", "0", "--no-state", "--with", "peercloud"]);
    let launch = launch.variable("CLACKS_PEERCLOUD_PORT", &free_port().to_string());
    let mut session = launch.variable("CLACKS_PEERCLOUD_PEERS", &cloud.address()).start();
    session.wait_for("PEERS");
    session.go_to_input();
    session.enter(":net peercloud");
    session.wait_for("MEMBERS  1");
    session.wait_for("harbour");
    session.enter("hello from both");
    session.wait_for("sent to 1 member");
    // The input stays open for the next line.
    session.enter(":net clacks");
    session.wait_for("PEERS  0");
    let mut events = cloud.members[0].subscribe();
    leave_the_input(&session);
    session.type_in("q");
    cloud.wait_for(&mut events, |event| matches!(event, Event::MemberRemoved { .. }));
    assert_eq!(session.wait_for_exit().code(), Some(0));
    session.assert_restored();
}
