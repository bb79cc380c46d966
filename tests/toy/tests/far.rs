//! What a face sees of a toy that is elsewhere.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use clacks_feed::{
    Anchor, Answer, Call, Event, Find, Key, Link, Look, Near, Network, News, Order, Request, Run, Sort,
    Source, Text, View, Window,
    conformance::Loopback,
    description::ListId,
    far::{Connection, End, FarOptions},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::disturb;
use crate::{
    Toy,
    description::{BOXES, CARDS, STAMPS},
};

const DELAY: Duration = Duration::from_millis(50);

fn connected(toy: &Arc<Toy>) -> Loopback {
    let mut loopback = Loopback::new(toy.clone(), DELAY);
    loopback.connect(FarOptions::default()).unwrap();
    loopback.settle();
    loopback
}

fn poll(near: &mut Near) -> Vec<News> {
    let mut news = Vec::new();
    while let Poll::Ready(Some(one)) = near.poll_news(&mut Context::from_waker(Waker::noop())) {
        news.push(one);
    }
    news
}

/// Everything of a look that a face shows.
fn shown(look: &Look) -> Look {
    Look { seq: 0, now: clacks_feed::Now::default(), ..look.clone() }
}

fn random_key(network: &dyn Network, list: ListId, random: &mut StdRng) -> (Order, Key) {
    let rows = network.page(&Window::first(list, 200)).rows;
    let row = rows.choose(random).filter(|_| random.random_ratio(4, 5));
    row.map_or_else(
        || (Order::rank(random.random_range(0..300)), Key::new("\u{1b}gone")),
        |row| (row.order.clone(), row.key.clone()),
    )
}

fn random_window(network: &dyn Network, random: &mut StdRng) -> Window {
    let list = *[BOXES, CARDS, STAMPS, ListId(9)].choose(random).unwrap();
    let at = match random.random_range(0..4) {
        0 => Anchor::First,
        1 => Anchor::Last,
        _ => {
            let (order, key) = random_key(network, list, random);
            Anchor::At(order, key)
        }
    };
    let mut window = Window::new(list, at, random.random_range(0..30), random.random_range(0..60));
    if list == STAMPS && random.random() {
        window.under = Some(random_key(network, CARDS, random).1);
    }
    if random.random_ratio(1, 3) {
        let column = *["name", "since", "text", "stamps", "none"].choose(random).unwrap();
        window.sort = Some(Sort { column: column.into(), descending: random.random() });
    }
    if random.random_ratio(1, 3) {
        let filters = ["gnu", "ook | status:open", "stamps>1", "\u{202e}", "size>", "  ", "!box"];
        window.filter = filters.choose(random).map(|filter| (*filter).into());
    }
    window
}

fn random_view(number: u64, network: &dyn Network, random: &mut StdRng) -> View {
    let item = |random: &mut StdRng| {
        let list = *[BOXES, CARDS, STAMPS, ListId(9)].choose(random).unwrap();
        (list, random_key(network, list, random).1)
    };
    View {
        number,
        windows: (0..random.random_range(0..5)).map(|_| random_window(network, random)).collect(),
        rows: (0..random.random_range(0..3)).map(|_| item(random)).collect(),
        // Items of a list that does not exist come last in the answer of a node elsewhere.
        marks: (0..random.random_range(0..6)).map(|_| item(random)).filter(|(list, _)| list.0 < 9).collect(),
        settings: random.random(),
    }
}

/// What a face shows of a node elsewhere, once nothing happens any more, is what it shows of a node here.
#[test]
fn far_shows_what_near_shows() {
    let mut random = StdRng::seed_from_u64(50);
    let toy = Toy::start(7);
    let mut near = Near::new(toy.clone());
    let mut loopback = connected(&toy);
    let mut view = View::default();
    for round in 1..250 {
        for _ in 0..random.random_range(0..40) {
            toy.pass(Duration::from_millis(3));
            toy.with_core(|core, now| disturb(core, &mut random, now));
        }
        // Every second time the view stays, so that its changes are pushed.
        if round % 2 == 0 {
            view = random_view(round, &*toy, &mut random);
        }
        let mut expected = near.look(&view);
        while expected.pages.iter().any(|page| page.ready.is_some()) || !poll(&mut near).is_empty() {
            expected = near.look(&view);
        }
        let mut look = loopback.far().look(&view);
        // A face looks when it hears that there is something new.
        while let Some(news) = loopback.news_within(Duration::from_secs(3)) {
            if matches!(news, News::Looked) {
                look = loopback.far().look(&view);
            }
        }
        assert_eq!(shown(&look), shown(&expected), "{view:?} in round {round}");
        // Nothing more comes while nothing happens.
        let news = loopback.pass(Duration::from_secs(30));
        assert!(news.is_empty(), "{news:?} in round {round}");
    }
}

/// Every event comes with its line, its fields and its time, and answers come behind the events of their calls.
#[test]
fn events_and_answers_are_the_same_far_and_near() {
    let mut random = StdRng::seed_from_u64(51);
    let toy = Toy::start(7);
    let mut near = Near::new(toy.clone());
    let mut loopback = connected(&toy);
    for round in 0..60 {
        for _ in 0..random.random_range(1..20) {
            toy.pass(Duration::from_millis(3));
            toy.with_core(|core, now| disturb(core, &mut random, now));
        }
        let key = random_key(&*toy, CARDS, &mut random).1;
        let call = |command: &'static str| Call::new(Run(7), command.into(), "").on(CARDS, [key.clone()]);
        let requests = [
            Request::Check(call("drop")),
            Request::Rows { list: CARDS, keys: vec![key.clone(), "none".into()] },
            Request::Find(Find { list: BOXES, only: vec!["open".into(), "none".into()], typed: "3".into() }),
            Request::Find(Find { list: ListId(9), only: vec![], typed: "".into() }),
        ];
        for request in requests {
            near.request(request.clone());
            loopback.far().request(request);
        }
        let (here, there) = (poll(&mut near), loopback.pass(Duration::from_secs(1)));
        assert_eq!(events(&here), events(&there), "in round {round}");
        assert_eq!(answers(&here), answers(&there), "in round {round}");
        let number = loopback.far().request(Request::Call(call("drop")));
        let there = loopback.pass(Duration::from_secs(1));
        let here = poll(&mut near);
        assert_eq!(events(&here), events(&there));
        let last = there.last().map(|news| format!("{news:?}")).unwrap_or_default();
        assert!(last.starts_with(&format!("Answer({number}, Called(")), "{there:?}");
    }
}

fn events(news: &[News]) -> Vec<String> {
    let event = |event: &Event| {
        let Event { seq, kind, now, by, .. } = event;
        format!("{seq} {kind:?} {now:?} {by:?} {:?} {}", event.line(), event.json())
    };
    news.iter().filter_map(|news| if let News::Event(it) = news { Some(event(it)) } else { None }).collect()
}

fn answers(news: &[News]) -> Vec<Answer> {
    let mut answers: Vec<_> = news
        .iter()
        .filter_map(
            |news| if let News::Answer(number, it) = news { Some((*number, it.clone())) } else { None },
        )
        .collect();
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).filter(|answer| *answer != Answer::Replaced).collect()
}

#[test]
fn a_node_that_was_restarted_has_nothing_of_the_one_before() {
    let toy = Toy::start(7);
    toy.with_core(|core, now| _ = core.post(Text::new("old"), now));
    let mut loopback = connected(&toy);
    let view = View { number: 3, windows: vec![Window::first(CARDS, 5)], ..View::default() };
    loopback.far().look(&view);
    loopback.settle();
    assert_eq!(loopback.far().look(&view).pages[0].rows.len(), 1);
    loopback.cut();
    let other = Toy::start(8);
    loopback.repair(other.clone());
    let news = loopback.pass(Duration::from_secs(1));
    assert!(
        matches!(news[..], [News::Away(_), News::Back { restarted: true }]),
        "no events are missed of a run that was not watched: {news:?}"
    );
    assert_eq!(loopback.far().run(), Run(8));
    assert_eq!(loopback.far().link(), Link::Far { away: None });
    let look = loopback.far().look(&view);
    assert_eq!((look.view, look.pages[0].rows.len(), look.pages[0].ready), (0, 0, Some(0)));
    loopback.settle();
    assert_eq!(loopback.far().look(&view).view, 3);
    let old = loopback.far().request(Request::Call(Call::new(Run(7), "post".into(), "x")));
    let answers = loopback.settle();
    assert!(
        matches!(&answers[..], [News::Answer(number, Answer::Called(result))] if *number == old && result.is_err()),
        "a call for the run before: {answers:?}"
    );
}

/// A client that never reads is told what it has missed, or is closed. Nobody else notices it.
#[test]
fn a_client_that_never_reads_is_closed_and_delays_nobody() {
    let toy = Toy::start(7);
    let mut loopback = connected(&toy);
    let mut pipe = loopback.pipe();
    let mut cx = Context::from_waker(Waker::noop());
    let line =
        b"{\"watch\":{\"rows\":true}}\n{\"look\":1,\"windows\":[{\"list\":\"cards\",\"after\":900}]}\n";
    assert!(pipe.poll_write(&mut cx, line).is_ready());
    let text = "GNU Terry Pratchett".repeat(50);
    let mut most = 0;
    for n in 0..110 {
        toy.with_core(|core, now| {
            core.set_limit(1_000_000);
            (0..40).for_each(|_| _ = core.post(Text::new(&text), now));
        });
        let news = loopback.pass(Duration::from_millis(100));
        let events = news.iter().filter(|news| matches!(news, News::Event(_))).count();
        assert!(n == 0 || events == 41, "{events} events of the face in round {n}");
        most = most.max(loopback.waiting());
    }
    assert_eq!(loopback.ends(), [End::NotRead]);
    assert!((4 << 20..5 << 20).contains(&most), "{most}");
}
