use std::{net::SocketAddr, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::*;

/// A server on this machine, with a certificate for its address.
struct Server {
    address: SocketAddr,
    authority: CertificateDer<'static>,
    /// The paths that are asked for, as they come.
    asked: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn start() -> Self {
        let (acceptor, authority) = certified("127.0.0.1");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (to_asked, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, to_asked) = (acceptor.clone(), to_asked.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, address, &to_asked).await;
                    }
                });
            }
        });
        Self { address, authority, asked }
    }

    fn url(&self, path: &str) -> Url {
        format!("https://{}{path}", self.address).parse().unwrap()
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        fetch_trusting(&self.authority, &self.url(path)).await
    }

    /// Every path that was asked for since the last time.
    fn asked(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }
}

async fn fetch_trusting(authority: &CertificateDer<'static>, url: &Url) -> Result<Vec<u8>, ReadError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider()).build().unwrap();
    fetch_with(client(verifier).unwrap().no_proxy(), url).await
}

/// What accepts connections as this name, and the authority that says so.
fn certified(name: &str) -> (TlsAcceptor, CertificateDer<'static>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority)
}

/// Answers one request.
async fn serve(stream: TlsStream<TcpStream>, server: SocketAddr, asked: &mpsc::UnboundedSender<String>) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let _ = asked.send(path.to_owned());
    let (head, body) = answer(path, server);
    let _ = stream.write_all(head.replace('\n', "\r\n").as_bytes()).await;
    match body {
        Body::Whole(bytes) => drop(stream.write_all(&bytes).await),
        Body::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
        Body::Never => std::future::pending().await,
    }
    let _ = stream.shutdown().await;
}

enum Body {
    Whole(Vec<u8>),
    /// Again and again.
    Endless(Vec<u8>),
    /// The answer does not go on.
    Never,
}

/// The head and the body of the answer for a path.
fn answer(path: &str, server: SocketAddr) -> (String, Body) {
    let number = |prefix: &str| path.strip_prefix(prefix).and_then(|rest| rest.parse::<usize>().ok());
    let ok = |fields: &str| format!("HTTP/1.1 200 OK\n{fields}\n");
    let redirect =
        |to: &str| (format!("HTTP/1.1 302 Found\nlocation: {to}\ncontent-length: 0\n\n"), whole(""));
    if let Some(left) = number("/hops/") {
        return redirect(&if left == 1 { "/list".to_owned() } else { format!("/hops/{}", left - 1) });
    }
    if let Some(size) = number("/size/") {
        return (ok(&format!("content-length: {size}\n")), Body::Whole(vec![b'\n'; size]));
    }
    if let Some(status) = number("/status/") {
        return (format!("HTTP/1.1 {status} Whatever\ncontent-length: 6\n\n"), whole("one:1\n"));
    }
    if let Some(kind) = path.strip_prefix("/kind/") {
        return (ok(&format!("content-length: 6\ncontent-type: {kind}\n")), whole("one:1\n"));
    }
    match path {
        "/list" => (ok("content-length: 6\n"), whole("one:1\n")),
        "/until-the-end" => (ok(""), whole("one:1\n")),
        "/latin" => (ok(""), Body::Whole(b"one:1\n\xe9:1\n".to_vec())),
        "/loop" => redirect("/loop"),
        "/plain" => redirect(&format!("http://{server}/list")),
        "/file" => redirect("file:///etc/hostname"),
        "/absolute" => redirect(&format!("https://{server}/list")),
        "/nowhere" => ("HTTP/1.1 302 Found\ncontent-length: 0\n\n".to_owned(), whole("")),
        "/endless" => (ok(""), Body::Endless(vec![b'\n'; 1 << 14])),
        "/endless-chunks" => {
            (ok("transfer-encoding: chunked\n"), Body::Endless(b"4\r\na:1\n\r\n".repeat(1000)))
        }
        "/endless-head" => {
            ("HTTP/1.1 200 OK\n".to_owned(), Body::Endless(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".to_vec()))
        }
        "/claims-much" => (ok("content-length: 99999999\n"), Body::Never),
        "/slow" => (ok("content-length: 99\n"), Body::Never),
        "/silent" => (String::new(), Body::Never),
        "/short" => (ok("content-length: 99\n"), whole("one:1\n")),
        "/no-http" => ("SSH-2.0-OpenSSH\n".to_owned(), whole("")),
        _ => ("HTTP/1.1 404 Not Found\ncontent-length: 0\n\n".to_owned(), whole("")),
    }
}

fn whole(text: &str) -> Body {
    Body::Whole(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_list_is_fetched_as_it_is() {
    let server = Server::start().await;
    for path in
        ["/list", "/until-the-end", "/hops/1", "/hops/5", "/absolute", "/kind/application/octet-stream"]
    {
        assert_eq!(server.fetch(path).await, Ok(b"one:1\n".to_vec()), "{path}");
    }
    assert_eq!(server.fetch("/latin").await, Ok(b"one:1\n\xe9:1\n".to_vec()), "lines are judged one by one");
}

#[tokio::test]
async fn redirects_are_few_and_stay_on_https() {
    let mut server = Server::start().await;
    for (path, reason, asked) in [
        ("/plain", "redirects to a URL that is not https", 1),
        ("/file", "answered 302", 1),
        ("/loop", "redirects more than 5 times", 6),
        ("/hops/6", "redirects more than 5 times", 6),
        ("/nowhere", "answered 302", 1),
    ] {
        let error = server.fetch(path).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{path}: {error}");
        assert_eq!(server.asked().len(), asked, "{path}");
    }
}

#[tokio::test]
async fn only_a_200_with_text_is_a_list() {
    let server = Server::start().await;
    for status in [204, 206, 304, 400, 404, 429, 500, 503] {
        let error = server.fetch(&format!("/status/{status}")).await.unwrap_err();
        assert_eq!(error, ReadError::Status(StatusCode::from_u16(status).unwrap()));
    }
    assert_eq!(server.fetch("/missing").await.unwrap_err().to_string(), "the server answered 404 Not Found");
    for kind in ["text/html", "Text/HTML;charset=utf-8", "application/xhtml+xml"] {
        assert_eq!(server.fetch(&format!("/kind/{kind}")).await, Err(ReadError::WebPage), "{kind}");
    }
    for path in ["/short", "/no-http", "/endless-head"] {
        assert!(matches!(server.fetch(path).await, Err(ReadError::Request(_))), "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    let server = Server::start().await;
    let length = |bytes: Result<Vec<u8>, ReadError>| bytes.map(|bytes| bytes.len());
    assert_eq!(length(server.fetch(&format!("/size/{MAX_BYTES}")).await), Ok(MAX_BYTES));
    for path in [&format!("/size/{}", MAX_BYTES + 1), "/endless", "/endless-chunks", "/claims-much"] {
        assert_eq!(length(server.fetch(path).await), Err(ReadError::TooLarge), "{path}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_go_on_is_given_up() {
    let server = Server::start().await;
    for path in ["/slow", "/silent"] {
        let fetched = tokio::time::timeout(Duration::from_millis(200), server.fetch(path)).await;
        assert!(fetched.is_err(), "{path}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_asked() {
    let mut server = Server::start().await;
    let (_, stranger) = certified("127.0.0.1");
    let error = fetch_trusting(&stranger, &server.url("/list")).await.unwrap_err().to_string();
    assert!(error.starts_with("invalid peer certificate"), "{error}");
    let elsewhere = format!("https://localhost:{}/list", server.address.port()).parse().unwrap();
    let error = fetch_trusting(&server.authority, &elsewhere).await.unwrap_err().to_string();
    assert!(error.starts_with("invalid peer certificate"), "{error}");
    assert_eq!(server.asked(), [""; 0]);
    let no_tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("https://{}/", no_tls.local_addr().unwrap()).parse().unwrap();
    drop(no_tls);
    let error = fetch_trusting(&server.authority, &closed).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
}
