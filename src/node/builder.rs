use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU16,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper::header::HeaderValue;
use rand::{Rng, rngs::StdRng};
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    core::{Core, Options, OptionsError},
    protocol::{Address, AddressError, Message},
};

use super::{
    CertificateError, DirectoryError, Node, StartWarning, StateError,
    bodies::Bodies,
    certificate,
    connections::Connections,
    directory::DirectoryLock,
    driver,
    handle::Guard,
    listener::Listener,
    reach::Reach,
    sender::Sender,
    shared::Shared,
    starting::Kept,
    state_changes::Changes,
    state_file::{self, State},
    trust::{self, Trust},
    warning,
};

/// Events that a watcher may be behind before it misses some. Each is about 200 bytes; the messages that they carry
/// are bounded by themselves.
const EVENT_CAPACITY: usize = 4096;

/// Sets up a node. Every option has a default; [`Builder::start`] checks them.
#[derive(Debug, Clone)]
pub struct Builder {
    hostname: String,
    port: u16,
    listen: Option<IpAddr>,
    certificate: Option<Certificate>,
    data_dir: Option<PathBuf>,
    keep_state: bool,
    options: Options,
    limits: Limits,
}

/// Where a certificate and its private key come from.
#[derive(Clone)]
enum Certificate {
    Files { certificate: PathBuf, key: PathBuf },
    Pem { certificate: String, key: String },
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { certificate, key } => write!(f, "{} with {}", certificate.display(), key.display()),
            // A private key has no place in a log.
            Self::Pem { certificate, .. } => write!(f, "{certificate:?} with a key"),
        }
    }
}

/// What one connection or request may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// For a connection to a peer, TLS included. Default 5 s.
    pub connect_timeout: Duration,
    /// For a whole request to a peer. Default 10 s: a peer that accepts and never answers is lost after that.
    pub request_timeout: Duration,
    /// For the TLS handshake of a connection from outside. Default 10 s.
    pub handshake_timeout: Duration,
    /// For the headers of a request; also how long an idle connection is kept. Default 30 s.
    pub header_timeout: Duration,
    /// For the body of a request. Default 30 s.
    pub body_timeout: Duration,
    /// For a client to go on reading our answer. Default 30 s.
    pub answer_timeout: Duration,
    /// Largest body in bytes; above it the answer is 413. Default 1 MiB.
    pub max_body: usize,
    /// Most bytes of the bodies that come in at once; above that the largest is answered 503. Default 64 MiB.
    pub max_bodies: usize,
    /// Most connections from outside at once; where there are as many, or where the system has no more files for
    /// another, the one that has let us wait for the longest makes room. Default 768:
    /// with as many, most systems let a process open a few hundred files more, for what the node itself sends and keeps.
    pub max_connections: usize,
    /// The same from one remote address. Default 64.
    pub max_connections_per_address: usize,
    /// Whether peers that only strangers named are contacted whatever [`Scope`](crate::core::Scope) their addresses
    /// have, not just public ones and those of the kind that this node itself is found at. Default: no.
    pub contact_all: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
            max_body: 1 << 20,
            max_bodies: 64 << 20,
            max_connections: 768,
            max_connections_per_address: 64,
            contact_all: false,
        }
    }
}

/// Why a node did not start. Nothing is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The hostname that others are to be told is none.
    #[error("hostname {hostname:?}: {source}")]
    Hostname {
        /// What was given.
        hostname: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// An option is out of range.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The port can't be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was tried.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is no usable certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The state of the last run can't be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The data directory can't be used, or another node runs in it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Default for Builder {
    fn default() -> Self {
        // The package's own defaults.
        let address = Address::new("localhost", 8080).expect("a hostname and a port");
        Self {
            hostname: address.hostname().to_owned(),
            port: address.port(),
            listen: None,
            certificate: None,
            data_dir: None,
            keep_state: true,
            options: Options::new(address),
            limits: Limits::default(),
        }
    }
}

impl Builder {
    /// The hostname or IP address that others find this node at. Default `localhost`.
    pub fn hostname(mut self, hostname: &str) -> Self {
        hostname.clone_into(&mut self.hostname);
        self
    }

    /// The port to listen on, which others are told as well; 0 for any that is free. Default 8080.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on. Default: the loopback addresses if the hostname is one of them, as nobody else can
    /// find the node then; otherwise all.
    pub fn listen(mut self, address: IpAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// PEM files with the certificate and its private key. Default: a self-signed one, kept in the data directory
    /// if there is one.
    pub fn certificate(mut self, certificate: &Path, key: &Path) -> Self {
        self.certificate =
            Some(Certificate::Files { certificate: certificate.to_owned(), key: key.to_owned() });
        self
    }

    /// The certificate and its private key as PEM text, in place of [files](Self::certificate) that hold it.
    pub fn certificate_pem(mut self, certificate: &str, key: &str) -> Self {
        self.certificate =
            Some(Certificate::Pem { certificate: certificate.to_owned(), key: key.to_owned() });
        self
    }

    /// Where the certificate, the known peers and the certificates they are known by are kept. Default: nowhere.
    pub fn data_dir(mut self, directory: &Path) -> Self {
        self.data_dir = Some(directory.to_owned());
        self
    }

    /// Whether known peers are kept in the data directory and read back. Default: yes.
    pub fn keep_state(mut self, keep: bool) -> Self {
        self.keep_state = keep;
        self
    }

    /// Messages a second, 0.001 to 100,000. Default 1.
    pub fn send_rate(mut self, rate: f64) -> Self {
        self.options.send_rate = rate;
        self
    }

    /// How long a peer is lost before it is dead. Default one hour.
    pub fn kill_timeout(mut self, timeout: Duration) -> Self {
        self.options.kill_timeout = timeout;
        self
    }

    /// All options of the state machine at once; the address in them is replaced by hostname and port.
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// The limits on connections and requests.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Starts the node on the tokio runtime that this is called in.
    pub async fn start(self) -> Result<Node, StartError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Everything that can be wrong is found before anything is left behind.
        let hostname_error = |source| StartError::Hostname { hostname: self.hostname.clone(), source };
        let named = Address::new(&self.hostname, self.port.max(1)).map_err(hostname_error)?;
        self.options.check()?;
        let given = self.given_certificate(&provider)?;
        let mut kept = self.data_dir.as_deref().filter(|_| self.keep_state).map(Kept::of).transpose()?;
        let sockets = self.bind().await?;
        let listens_on: Vec<SocketAddr> =
            sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
        // Only now is anything made that stays.
        let state = kept.as_mut().map(Kept::load).transpose()?.unwrap_or_default();
        let state_file = kept.map(|kept| kept.file);
        let (certificate, warnings) = match given {
            Some(given) => given,
            None => self.kept_certificate(&provider).await?,
        };
        let fingerprint = trust::fingerprint(&certificate.cert[0]);
        let tls = accept_tls(certificate, Arc::clone(&provider));

        let bound = listens_on.first().and_then(|address| NonZeroU16::new(address.port()));
        let address = bound.map_or(named.clone(), |port| named.with_port(port));
        // A node that accepts more than others do is for a network of such nodes.
        let most = Message::largest_in(self.limits.max_body).max(self.options.max_message_bytes);
        let core = Core::new(Options { address, max_message_bytes: most, ..self.options.clone() })?;
        let Limits { max_connections, max_connections_per_address, .. } = self.limits;
        let connections = Connections::new(max_connections, max_connections_per_address);
        let (shared, run) = self.assemble(core, state, provider, Arc::clone(&connections));

        let listener = Arc::new(Listener {
            shared: Arc::clone(&shared),
            tls,
            connections: Arc::clone(&connections),
            limits: self.limits.clone(),
            bodies: Bodies::new(self.limits.max_bodies),
            run,
            max_depth: self.options.max_depth,
        });
        for socket in sockets {
            shared.tasks.spawn(Arc::clone(&listener).run(socket));
        }
        shared.tasks.spawn(driver::run(Arc::clone(&shared)));
        if let Some(file) = &state_file {
            shared.tasks.spawn(state_file::keep(file.clone(), Arc::clone(&shared)));
        }
        let guard = Guard {
            _stop_on_drop: shared.stopped.clone().drop_guard(),
            listens_on,
            certificate: fingerprint,
            connections,
            limits: self.limits,
            warnings,
            state: state_file,
        };
        Ok(Node { shared, guard: Arc::new(guard) })
    }

    fn assemble(
        &self,
        core: Core,
        state: State,
        provider: Arc<CryptoProvider>,
        connections: Arc<Connections>,
    ) -> (Arc<Shared>, HeaderValue) {
        let mut rng: StdRng = rand::make_rng();
        let run = format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64());
        let run = HeaderValue::try_from(run).expect("hexadecimal digits");
        let changes = Arc::new(Changes::default());
        let trust = Arc::new(Trust::new(Arc::clone(&changes)));
        trust.restore(state.pins);
        if self.data_dir.is_some() && self.keep_state {
            changes.begin();
        }
        let reach = Reach::new(&self.hostname, self.limits.contact_all);
        let sender = Sender::new(Arc::clone(&trust), provider, &self.limits, reach, run.clone(), connections);
        let shared = Arc::new(Shared::new(core, rng, sender, trust, changes, EVENT_CAPACITY));
        shared.at_core(|at| {
            at.core.restore(state.peers, at.now);
            at.core.restore_remotes(state.ignored_remotes);
        });
        shared.sweep_pins();
        (shared, run)
    }

    /// The certificate that was given, if one was.
    fn given_certificate(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Option<(CertifiedKey, Vec<StartWarning>)>, CertificateError> {
        Ok(match &self.certificate {
            Some(Certificate::Files { certificate, key }) => {
                let pair = certificate::load(certificate, key, provider)?;
                // Keys that come with a system are often open to a group.
                Some((pair, warning::of_key(key, 0o007).into_iter().collect()))
            }
            Some(Certificate::Pem { certificate, key }) => {
                Some((read_pem(certificate, key, provider)?, Vec::new()))
            }
            None => None,
        })
    }

    /// The one that is kept in the data directory, which is made if it is not there; without a directory a new one.
    async fn kept_certificate(
        &self,
        provider: &CryptoProvider,
    ) -> Result<(CertifiedKey, Vec<StartWarning>), StartError> {
        let mut warnings = Vec::new();
        let Some(directory) = &self.data_dir else {
            return Ok((certificate::ephemeral(&self.hostname, provider)?, warnings));
        };
        // A node that keeps state has the directory to itself. Another needs that only while it makes the certificate.
        let is_there = || Ok::<_, StartError>(certificate::is_kept_in(directory)?);
        let _lock =
            if self.keep_state { None } else { DirectoryLock::acquire_unless(directory, is_there).await? };
        let pair = certificate::load_or_create(directory, &self.hostname, provider, &mut warnings)?;
        Ok((pair, warnings))
    }

    /// Opens the sockets: at least one, all on the same port.
    async fn bind(&self) -> Result<Vec<TcpListener>, StartError> {
        let (first, second) = self.interfaces();
        let (first, socket) = match bind(SocketAddr::new(first, self.port)).await {
            Ok(socket) => (first, socket),
            // Without IPv6, all IPv4 addresses.
            Err(_) if first == Ipv6Addr::UNSPECIFIED && self.listen.is_none() => {
                let first = IpAddr::from(Ipv4Addr::UNSPECIFIED);
                (first, bind(SocketAddr::new(first, self.port)).await?)
            }
            Err(error) => return Err(error),
        };
        let port = socket.local_addr().map_or(self.port, |address| address.port());
        let mut sockets = vec![socket];
        if let Some(second) = second.filter(|second| *second != first) {
            match bind(SocketAddr::new(second, port)).await {
                Ok(socket) => sockets.push(socket),
                // A port that somebody else listens on is an error; a system without IPv6 is none.
                Err(StartError::Listen { source, .. }) if source.kind() != io::ErrorKind::AddrInUse => {}
                // One that the system chose may be taken there.
                Err(_) if self.port == 0 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sockets)
    }

    fn interfaces(&self) -> (IpAddr, Option<IpAddr>) {
        let (v4, v6) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
        match (self.listen, self.hostname.parse::<IpAddr>()) {
            (Some(address), _) => (address, None),
            (None, Ok(address)) if address.is_loopback() => (address, None),
            (None, Err(_)) if self.hostname.eq_ignore_ascii_case("localhost") => (v4, Some(v6)),
            (None, _) => (Ipv6Addr::UNSPECIFIED.into(), None),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn read_pem(
    certificate: &str,
    key: &str,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    // What an error names in place of the files.
    let (certificate_name, key_name) = ("the certificate given", "the key given");
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(CertificateError::NotPem { path: certificate_name.into(), wanted: "certificate" });
    }
    let private = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| CertificateError::NotPem { path: key_name.into(), wanted: "private key" })?;
    CertifiedKey::from_der(chain, private, provider).map_err(|source| CertificateError::Unusable {
        certificate: certificate_name.into(),
        key: key_name.into(),
        source,
    })
}

fn accept_tls(certificate: CertifiedKey, provider: Arc<CryptoProvider>) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers the suites of TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)));
    TlsAcceptor::from(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_that_does_not_start_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("data");
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let builder = || Node::builder().hostname("127.0.0.1").port(0).data_dir(&directory);
        let wrong = [
            builder().send_rate(0.0),
            builder().options(|options| options.max_in_flight = 0),
            builder().hostname("no hostname"),
            builder().port(taken.local_addr().unwrap().port()),
            builder().certificate(Path::new("/nowhere"), Path::new("/nowhere")),
        ];
        for builder in wrong {
            assert!(builder.clone().start().await.is_err(), "{builder:?}");
            assert!(!directory.exists(), "{builder:?}");
        }
        let node = builder().start().await.unwrap();
        assert!(directory.exists());
        node.stop().await;
    }

    #[test]
    fn as_many_connections_as_may_be_leave_files_for_what_the_node_sends() {
        let Builder { limits, options, .. } = Builder::default();
        // As most systems have it, and what a node keeps open beside connections.
        let (usual_limit, others) = (1024, 100);
        assert!(limits.max_connections + options.max_in_flight + others <= usual_limit);
    }

    #[tokio::test]
    async fn a_certificate_given_as_text_is_shown_and_kept_nowhere() {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let directory = tempfile::tempdir().unwrap();
        let builder = Node::builder().hostname("127.0.0.1").port(0).data_dir(directory.path());
        let given = builder.clone().certificate_pem(&certificate, &key);
        assert!(!format!("{given:?}").contains(&key[30..60]));
        let node = given.start().await.unwrap();
        assert_eq!(node.certificate(), trust::fingerprint(made.cert.der()));
        assert!(!directory.path().join("key.pem").exists());
        node.stop().await;

        let another = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        for (key, reason) in [
            ("", "the key given holds no private key in PEM form"),
            (&certificate, "the key given holds no private key in PEM form"),
            (&another.signing_key.serialize_pem(), "the certificate given and the key given are not a"),
        ] {
            let error = builder.clone().certificate_pem(&certificate, key).start().await.unwrap_err();
            assert!(error.to_string().starts_with(reason), "{error}");
        }
        let error = builder.certificate_pem(&key, &key).start().await.unwrap_err();
        assert_eq!(error.to_string(), "the certificate given holds no certificate in PEM form");
    }
}
