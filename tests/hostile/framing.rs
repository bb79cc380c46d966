//! HTTP framing, valid and invalid.

use crate::{
    support::{Answer, Client, builder},
    tower::Tower,
};

/// A body in chunks of this many bytes.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let mut chunks: Vec<u8> = body.chunks(size).flat_map(chunk).collect();
    chunks.extend_from_slice(b"0\r\n\r\n");
    chunks
}

/// A POST with these header lines and this body.
fn post(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("POST / HTTP/1.1\r\nhost: node\r\n{headers}\r\n").as_bytes(), body.as_ref()].concat()
}

fn post_with_length(body: &str) -> Vec<u8> {
    post(&format!("content-length: {}\r\n", body.len()), body)
}

fn post_chunked(body: &str, size: usize) -> Vec<u8> {
    post("transfer-encoding: chunked\r\n", chunked(body.as_bytes(), size))
}

/// A payload with exactly this many bytes.
fn payload_of_size(tower: &Tower, size: usize) -> String {
    let frame = tower.payload(r#""""#).len();
    tower.payload(&format!("\"{}\"", "a".repeat(size - frame)))
}

async fn requested(tower: &Tower, request: impl AsRef<[u8]>) -> Answer {
    tower.connect().await.request(request).await
}

#[tokio::test]
async fn a_body_above_the_limit_gets_413() {
    const LIMIT: usize = 50_000;
    let mut tower = Tower::of(builder().limits(|limits| limits.max_body = LIMIT)).await;
    let (fits, too_large) = (payload_of_size(&tower, LIMIT), payload_of_size(&tower, LIMIT + 1));
    for (case, fits, too_large) in [
        ("with its length", post_with_length(&fits), post_with_length(&too_large)),
        ("in chunks", post_chunked(&fits, 1000), post_chunked(&too_large, 1000)),
        ("in one chunk", post_chunked(&fits, LIMIT), post_chunked(&too_large, LIMIT + 1)),
    ] {
        assert_eq!(requested(&tower, fits).await.status, 200, "{case}");
        assert_eq!(tower.peer.next().await.body.len(), LIMIT, "{case}");
        let answer = requested(&tower, too_large).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (413, "a payload has at most 50000 bytes\n"),
            "{case}"
        );
        tower.still_works(case).await;
    }
}

#[tokio::test]
async fn a_client_that_sends_a_huge_body_receives_its_413() {
    let mut tower = Tower::of(builder().limits(|limits| limits.max_body = 1000)).await;
    let body = "a".repeat(8 << 20);
    for request in [post_with_length(&body), post_chunked(&body, 1 << 16)] {
        let mut client = tower.connect().await;
        client.try_send(request).await.expect("the node reads it to its end");
        assert_eq!(client.answer().await.status, 413);
        tower.still_works("a body of 8 MiB").await;
    }
}

#[tokio::test]
async fn many_chunks_of_one_byte_form_one_body() {
    let mut tower = Tower::start().await;
    let message = format!(r#""Ünïcödé {}""#, "a".repeat(20_000));
    let answer = requested(&tower, post_chunked(&tower.payload(&message), 1)).await;
    assert_eq!(answer.status, 200);
    tower.passes_on(&message).await;
    tower.still_works("chunks of one byte").await;
}

#[tokio::test]
async fn an_incomplete_body_is_not_accepted() {
    let mut tower = Tower::start().await;
    let whole = tower.payload(r#""m""#);
    let promised = post(&format!("content-length: {}\r\n", whole.len() + 1), &whole);
    let without_end = post("transfer-encoding: chunked\r\n", &chunked(whole.as_bytes(), 10)[..30]);
    for request in [promised, without_end] {
        let mut client = tower.connect().await;
        client.send(request).await;
        drop(client);
        tower.still_works("a body that broke off").await;
    }
}

#[tokio::test]
async fn a_stalled_body_gets_408() {
    let hurried = builder().limits(|limits| limits.body_timeout = SHORT);
    let mut tower = Tower::of(hurried).await;
    let whole = tower.payload(r#""m""#);
    for (case, status, request) in [
        ("a length that is too long", 408, post("content-length: 1000\r\n", &whole)),
        ("no last chunk", 408, post("transfer-encoding: chunked\r\n", "5\r\n{\"mes")),
        ("an absurd length", 413, post("content-length: 1000000000000\r\n", &whole)),
    ] {
        let mut client = tower.connect().await;
        let answer = client.request(request).await;
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        assert_eq!(client.cut_off().await, "", "{case}");
        tower.still_works(case).await;
    }
}

const SHORT: std::time::Duration = std::time::Duration::from_secs(1);

#[tokio::test]
async fn bytes_after_the_content_length_are_not_part_of_the_body() {
    let mut tower = Tower::start().await;
    let whole = tower.payload(r#""m""#);
    let mut client = tower.connect().await;
    let cut = client.request(post(&format!("content-length: {}\r\n", whole.len() - 1), &whole)).await;
    assert_eq!(cut.status, 400, "{cut:?}");
    assert!(client.cut_off().await.starts_with("HTTP/1.1 400 "), "the rest is no request");
    tower.still_works("a length that is too short").await;
}

#[tokio::test]
async fn broken_framing_gets_400_or_is_closed() {
    let mut tower = Tower::start().await;
    let payload = tower.payload(r#""m""#);
    for (case, request) in [
        ("no length that is a number", post("content-length: many\r\n", &payload)),
        ("a negative length", post("content-length: -5\r\n", &payload)),
        ("two lengths", post("content-length: 5\r\ncontent-length: 6\r\n", &payload)),
        ("a chunk of no size", post("transfer-encoding: chunked\r\n", "many\r\n")),
        ("a chunk of absurd size", post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n")),
        ("an unknown encoding", post("transfer-encoding: gzip\r\n", &payload)),
        ("a space in the name of a header", post("bad name: 1\r\n", "")),
        ("a NUL in a header", post("name: a\0b\r\n", "")),
        ("a thousand headers", post(&"name: value\r\n".repeat(1000), "")),
        ("a header of a megabyte", post(&format!("name: {}\r\n", "a".repeat(1 << 20)), "")),
        ("a path of a megabyte", format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20)).into()),
        ("an unknown version", b"POST / HTTP/3.7\r\n\r\n".into()),
        ("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        ("no HTTP", b"EHLO tower\r\n\r\n".into()),
    ] {
        let mut client = tower.connect().await;
        client.send(request).await;
        let said = client.cut_off().await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{case}: {said}");
        tower.still_works(case).await;
    }
}

#[tokio::test]
async fn a_head_above_the_limit_gets_431_before_it_ends() {
    let mut tower = Tower::start().await;
    for head in
        [format!("POST / HTTP/1.1\r\nx: {}", "a".repeat(40_000)), format!("POST /{}", "a".repeat(40_000))]
    {
        let mut client = tower.connect().await;
        client.send(&head).await;
        assert_eq!(client.answer().await.status, 431);
    }
    tower.still_works("large heads").await;
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let mut tower = Tower::start().await;
    let mut client = tower.connect().await;
    for number in 1..=100 {
        let message = number.to_string();
        let answer = client.post(tower.payload(&message)).await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
        tower.passes_on(&message).await;
    }
    // A refusal does not close the connection either.
    assert_eq!(client.post("{}").await.status, 400);
    assert_eq!(client.request("GET /nowhere HTTP/1.1\r\n\r\n").await.status, 404);
    assert_eq!(client.post(tower.payload("101")).await.status, 200);
    tower.passes_on("101").await;
    tower.still_works("many requests").await;
}

#[tokio::test]
async fn pipelined_requests_get_responses_in_order() {
    let mut tower = Tower::start().await;
    let mut client = tower.connect().await;
    let bodies =
        (1..=50).map(|number| if number % 5 == 0 { "{}".into() } else { tower.payload(&number.to_string()) });
    let requests: Vec<u8> = bodies.flat_map(|body| post_with_length(&body)).collect();
    client.send(requests).await;
    for number in 1..=50 {
        let expected = if number % 5 == 0 { 400 } else { 200 };
        assert_eq!(client.answer().await.status, expected, "request {number}");
        if expected == 200 {
            tower.passes_on(&number.to_string()).await;
        }
    }
    tower.still_works("requests in one go").await;
}

#[tokio::test]
async fn only_post_to_the_root_accepts_payloads() {
    let mut tower = Tower::start().await;
    let payload = tower.payload(r#""m""#);
    let length = payload.len();
    for (request_line, status) in [
        ("POST /x", 404),
        ("POST //", 404),
        ("GET /index.html", 404),
        ("GET /../../etc/passwd", 404),
        ("POST https://elsewhere.example/x", 404),
        ("OPTIONS *", 404),
        ("CONNECT 127.0.0.1:80", 404),
        ("PUT /", 405),
        ("DELETE /", 405),
        ("OPTIONS /", 405),
        ("PATCH /", 405),
        ("TRACE /", 405),
        ("BREW /", 405),
    ] {
        let request = format!("{request_line} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{payload}");
        let answer = requested(&tower, request).await;
        assert_eq!(answer.status, status, "{request_line}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("GET, HEAD, POST"), "{request_line}");
        tower.still_works(request_line).await;
    }
}

#[tokio::test]
async fn get_of_the_root_returns_a_description() {
    let mut tower = Tower::start().await;
    let answer = requested(&tower, "GET / HTTP/1.1\r\nhost: node\r\n\r\n").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("x-clacks-overhead"), Some("GNU Terry Pratchett"));
    assert!(answer.body.contains("clacks"), "{answer:?}");

    let mut client = tower.connect().await;
    client.send("HEAD / HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    let head = client.cut_off().await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    tower.still_works("a visit").await;
}

#[tokio::test]
async fn a_payload_is_accepted_with_every_form_of_the_root_address() {
    let mut tower = Tower::start().await;
    for target in ["/", "/?query", "https://elsewhere.example/", "https://elsewhere.example"] {
        let payload = tower.payload(r#""m""#);
        let request = format!("POST {target} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{payload}", payload.len());
        assert_eq!(requested(&tower, request).await.status, 200, "{target}");
        tower.passes_on(r#""m""#).await;
    }
    tower.still_works("other targets").await;
}

#[tokio::test]
async fn a_client_of_http_1_0_is_served_and_its_connection_closed() {
    let mut tower = Tower::start().await;
    let payload = tower.payload(r#""m""#);
    let mut client = tower.connect().await;
    client.send(format!("POST / HTTP/1.0\r\ncontent-length: {}\r\n\r\n{payload}", payload.len())).await;
    let said = client.cut_off().await;
    assert!(said.starts_with("HTTP/1.0 200 "), "{said}");
    tower.passes_on(r#""m""#).await;
    tower.still_works("HTTP/1.0").await;
}

#[tokio::test]
async fn a_content_length_beside_chunks_smuggles_no_request() {
    let mut tower = Tower::start().await;
    let body = chunked(tower.payload(r#""m""#).as_bytes(), 1000);
    let inside = post_with_length(&tower.payload(r#""smuggled""#));
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n".to_owned(),
        format!("transfer-encoding: chunked\r\ncontent-length: {}\r\n", body.len() + inside.len()),
    ] {
        let mut client = tower.connect().await;
        let answer = client.request(post(&headers, &body)).await;
        assert_eq!(answer.status, 200, "{headers}");
        tower.passes_on(r#""m""#).await;
        tower.still_works(&headers).await;
    }
}

#[tokio::test]
async fn the_run_header_of_another_node_is_ignored() {
    let mut tower = Tower::start().await;
    let payload = tower.payload(r#""m""#);
    for run in ["", "0123456789abcdef0123456789abcdef"] {
        let headers = format!("clacks-run: {run}\r\ncontent-length: {}\r\n", payload.len());
        assert_eq!(requested(&tower, post(&headers, &payload)).await.status, 200);
        tower.passes_on(r#""m""#).await;
    }
    // The peer has received the node's own value, and could send it back.
    let head = tower.peer_head().await;
    let run = head.lines().find(|line| line.starts_with("clacks-run: ")).expect("the header");
    let headers = format!("{run}\r\ncontent-length: {}\r\n", payload.len());
    assert_eq!(requested(&tower, post(&headers, &payload)).await.status, 421);
    tower.still_works("its own header").await;
}

/// Sends the head alone. Returns the status of the node's response to that.
async fn asks_first(client: &mut Client, length: usize) -> u16 {
    client.request(post(&format!("expect: 100-continue\r\ncontent-length: {length}\r\n"), "")).await.status
}

#[tokio::test]
async fn expect_100_continue_gets_100() {
    let mut tower = Tower::start().await;
    let payload = tower.payload(r#""m""#);
    let mut client = tower.connect().await;
    assert_eq!(asks_first(&mut client, payload.len()).await, 100);
    assert_eq!(client.request(payload).await.status, 200);
    tower.passes_on(r#""m""#).await;
    tower.still_works("a client that asked first").await;
}

#[tokio::test]
async fn a_client_that_got_100_can_send_all_and_read_the_response() {
    let mut tower = Tower::start().await;
    let mut client = tower.connect().await;
    let head = post("expect: 100-continue\r\ntransfer-encoding: chunked\r\n", "");
    assert_eq!(client.request(head).await.status, 100);
    let large = format!("{:x}\r\n{}\r\n0\r\n\r\n", 8 << 20, " ".repeat(8 << 20));
    client.try_send(large).await.expect("the node reads on");
    assert_eq!(client.answer().await.status, 413);
    tower.still_works("a body that turned out too large").await;
}

#[tokio::test]
async fn expect_100_continue_with_a_large_body_gets_413_at_once() {
    let mut tower = Tower::start().await;
    let mut client = tower.connect().await;
    assert_eq!(asks_first(&mut client, 100 << 20).await, 413);
    client.cut_off().await;
    tower.still_works("a large body that was not sent").await;
}
