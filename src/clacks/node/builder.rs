use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU16,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clacks_transport::{
    address_policy::AddressPolicy,
    connections::Connections,
    descriptors::{self, DescriptorBudget},
    lookup::Lookups,
};
use hyper::header::HeaderValue;
use rand::{Rng, rngs::StdRng};
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    core::{Core, Options, OptionsError, Scope},
    protocol::{Address, AddressError, Message},
};

use super::{
    CertificateError, DirectoryError, Limits, Node, PayloadHook, StartWarning, StateError, certificate,
    directory::DirectoryLock,
    driver,
    handle::NodeInner,
    listener::Listener,
    public_key,
    saved_state::SavedState,
    sender::{Parts, Sender},
    shared::Shared,
    sockets::RequestedSockets,
    start_warning,
    state_file::{self, State},
};

/// The options of a node. Every option has a default; [`Builder::start`] checks them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), clacks_p2p::node::StartError> {
/// use std::time::Duration;
/// use clacks_p2p::Node;
///
/// let node = Node::builder()
///     .hostname("127.0.0.1")
///     .port(0) // any that is free
///     .send_rate(2.0)
///     .kill_timeout(Duration::from_secs(600))
///     .options(|options| options.max_peers = 1000)
///     .limits(|limits| limits.max_connections = 100)
///     .start()
///     .await?;
/// assert_eq!(node.options().send_rate, 2.0);
/// node.stop().await;
/// # Ok(())
/// # }
/// ```
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
    payload_hook: InitialHook,
}

/// The payload hook with which a node starts.
#[derive(Clone, Default)]
struct InitialHook(Option<Arc<dyn PayloadHook>>);

/// The source of a certificate and its private key.
#[derive(Clone)]
enum Certificate {
    Files { certificate: PathBuf, key: PathBuf },
    Pem { certificate: String, key: String },
}

impl fmt::Debug for InitialHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InitialHook").field(&self.0.as_ref().map(|hook| hook.name())).finish()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { certificate, key } => write!(f, "{} with {}", certificate.display(), key.display()),
            // A log must not contain the private key.
            Self::Pem { certificate, .. } => write!(f, "{certificate:?} with a key"),
        }
    }
}

/// Why a node did not start. Nothing is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The hostname is invalid.
    #[error("hostname {hostname:?}: {source}")]
    Hostname {
        /// The hostname.
        hostname: String,
        /// The cause.
        source: AddressError,
    },
    /// The hostname is an address at which no node can be found.
    #[error(
        "hostname {hostname:?} is {scope}; other nodes cannot connect to it; use an address that others reach, and \
        choose the local address to listen on separately"
    )]
    Scope {
        /// The hostname.
        hostname: String,
        /// Its scope.
        scope: Scope,
    },
    /// An option is out of range.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The socket cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address of the socket.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// There is no usable certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The state of the last run cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The data directory cannot be used, or another node uses it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl StartError {
    /// The kind of the system's error, if the node cannot start because the data directory is not writable.
    pub fn denied(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Certificate(error) => error.denied(),
            Self::Directory(error) => error.denied(),
            _ => None,
        }
    }
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
            payload_hook: InitialHook::default(),
        }
    }
}

impl Builder {
    /// The hostname or IP address that is sent to others. Default `localhost`.
    pub fn hostname(mut self, hostname: &str) -> Self {
        hostname.clone_into(&mut self.hostname);
        self
    }

    /// The port to listen on, which is sent to others; 0 for any free port. Default 8080.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on. Default: the loopback addresses if the hostname is one of them, because nobody else
    /// can reach it; otherwise all addresses.
    pub fn listen(mut self, address: IpAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// PEM files with the certificate and its private key. Default: a self-signed certificate, saved in the data
    /// directory if there is one.
    pub fn certificate(mut self, certificate: &Path, key: &Path) -> Self {
        self.certificate =
            Some(Certificate::Files { certificate: certificate.to_owned(), key: key.to_owned() });
        self
    }

    /// The certificate and its private key as PEM text, instead of [files](Self::certificate).
    pub fn certificate_pem(mut self, certificate: &str, key: &str) -> Self {
        self.certificate =
            Some(Certificate::Pem { certificate: certificate.to_owned(), key: key.to_owned() });
        self
    }

    /// The directory for the certificate, the known peers and their trusted certificates. Default: none; nothing is
    /// saved.
    pub fn data_dir(mut self, directory: &Path) -> Self {
        self.data_dir = Some(directory.to_owned());
        self
    }

    /// Whether known peers are saved in the data directory and loaded from it. Default: yes.
    pub fn keep_state(mut self, keep: bool) -> Self {
        self.keep_state = keep;
        self
    }

    /// Messages sent per second, 0.001 to 100,000. Default 1.
    pub fn send_rate(mut self, rate: f64) -> Self {
        self.options.send_rate = rate;
        self
    }

    /// Time from which a failed delivery makes a lost peer dead. Default one hour.
    pub fn kill_timeout(mut self, timeout: Duration) -> Self {
        self.options.kill_timeout = timeout;
        self
    }

    /// Changes any option of the state machine. The address in the options is replaced by hostname and port.
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Changes any limit on connections and requests.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Sets the payload hook, so that it judges the first payload already. See [`Node::set_payload_hook`].
    pub fn payload_hook(mut self, hook: Arc<dyn PayloadHook>) -> Self {
        self.payload_hook = InitialHook(Some(hook));
        self
    }

    /// Starts the node on the current tokio runtime.
    pub async fn start(mut self) -> Result<Node, StartError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // All options are checked before anything is created.
        let requested = self.check()?;
        let budget = DescriptorBudget::new(
            descriptors::open_file_limit(),
            self.limits.max_connections,
            self.options.max_in_flight,
        );
        if budget.inbound < self.limits.max_connections {
            tracing::warn!("the limit on open files leaves room for {} connections only", budget.inbound);
            self.limits.max_connections = budget.inbound;
        }
        let given = self.given_certificate(&provider)?;
        let mut saved =
            self.data_dir.as_deref().filter(|_| self.keep_state).map(SavedState::of).transpose()?;
        let requested_sockets =
            RequestedSockets { hostname: &self.hostname, listen: self.listen, port: self.port };
        let sockets = requested_sockets.open()?;
        let listens_on: Vec<SocketAddr> =
            sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
        let shortfall = requested_sockets.shortfall(&listens_on);
        shortfall.iter().for_each(|shortfall| tracing::warn!("{shortfall}"));
        // Files are created from here on.
        let state = saved.as_mut().map(SavedState::load).transpose()?.unwrap_or_default();
        let (certificate, mut warnings) = match given {
            Some(given) => given,
            None => self.saved_certificate(&provider).await?,
        };
        let state_file =
            saved.and_then(|saved| saved.into_file().map_err(|warning| warnings.push(warning)).ok());
        let fingerprint = certificate::fingerprint(&certificate.cert[0]);
        let tls = accept_tls(certificate, Arc::clone(&provider));

        let bound = listens_on.first().and_then(|address| NonZeroU16::new(address.port()));
        let address = bound.map_or(requested.clone(), |port| requested.with_port(port));
        // A larger body limit is for a network of nodes with that limit, so the user may write messages of that size.
        let most = Message::largest_in(self.limits.max_body).max(self.options.max_message_bytes);
        let core = Core::new(Options { address, max_message_bytes: most, ..self.options.clone() })?;
        let mut rng: StdRng = rand::make_rng();
        let run = run_value(&mut rng);
        let (sender, connections) = self.sender(&core, &listens_on, provider, run.clone(), budget.idle);
        let shared = assemble(core, rng, state, sender, self.limits, state_file.is_some());
        shared.hooks.set_payload_hook(self.payload_hook.0.take());

        let listener = Arc::new(Listener {
            shared: Arc::clone(&shared),
            tls,
            connections: Arc::clone(&connections),
            run,
            max_depth: self.options.max_depth,
        });
        for socket in sockets {
            shared.tasks.spawn(Arc::clone(&listener).run(socket));
        }
        shared.tasks.spawn(driver::run(Arc::clone(&shared)));
        if let Some(file) = &state_file {
            shared.tasks.spawn(state_file::save_changes(file.clone(), Arc::clone(&shared)));
        }
        let inner = NodeInner {
            _stop_on_drop: shared.stopped.clone().drop_guard(),
            listens_on,
            certificate: fingerprint,
            connections,
            shortfall,
            warnings,
            state: state_file,
        };
        Ok(Node { shared, inner: Arc::new(inner) })
    }

    /// The address that is sent to others. Port 0 stands for a port that the system chooses.
    fn check(&self) -> Result<Address, StartError> {
        let hostname_error = |source| StartError::Hostname { hostname: self.hostname.clone(), source };
        let requested = Address::new(&self.hostname, self.port.max(1)).map_err(hostname_error)?;
        if let Some(scope) = Scope::of_hostname(&self.hostname).filter(|scope| !scope.has_nodes()) {
            return Err(StartError::Scope { hostname: self.hostname.clone(), scope });
        }
        self.options.check()?;
        self.limits.check()?;
        Ok(requested)
    }

    fn sender(
        &self,
        core: &Core,
        listens_on: &[SocketAddr],
        provider: Arc<CryptoProvider>,
        run: HeaderValue,
        max_idle: usize,
    ) -> (Sender, Arc<Connections>) {
        let connections = Connections::new(&self.limits.connections());
        let lookups = Arc::new(Lookups::default());
        let address = core.address().canonical();
        let policy = AddressPolicy::new(
            (address.hostname(), address.port()),
            listens_on,
            self.limits.allow_private_addresses,
            Arc::clone(&lookups),
        );
        let parts = Parts {
            trust: Arc::default(),
            provider,
            policy,
            lookups,
            run,
            connections: Arc::clone(&connections),
        };
        (Sender::new(parts, &self.limits, max_idle), connections)
    }

    /// The certificate that the user provided, if any.
    fn given_certificate(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Option<(CertifiedKey, Vec<StartWarning>)>, CertificateError> {
        Ok(match &self.certificate {
            Some(Certificate::Files { certificate, key }) => {
                let pair = certificate::load(certificate, key, provider)?;
                // Keys installed by the system are often readable by a group.
                Some((pair, start_warning::of_key(key, 0o007).into_iter().collect()))
            }
            Some(Certificate::Pem { certificate, key }) => {
                Some((read_pem(certificate, key, provider)?, Vec::new()))
            }
            None => None,
        })
    }

    /// The certificate in the data directory; it is created if it is missing. A new unsaved certificate if there is no
    /// directory, or if the directory is not writable and no state is saved.
    async fn saved_certificate(
        &self,
        provider: &CryptoProvider,
    ) -> Result<(CertifiedKey, Vec<StartWarning>), StartError> {
        let Some(directory) = &self.data_dir else {
            return Ok((certificate::ephemeral(&self.hostname, provider)?, Vec::new()));
        };
        let error = match self.certificate_in(directory, provider).await {
            Err(error) if !self.keep_state => error,
            saved => return saved,
        };
        match error.denied() {
            Some(reason) => {
                let warning = StartWarning::CertificateNotKept { path: directory.clone(), reason };
                Ok((certificate::ephemeral(&self.hostname, provider)?, vec![warning]))
            }
            None => Err(error),
        }
    }

    async fn certificate_in(
        &self,
        directory: &Path,
        provider: &CryptoProvider,
    ) -> Result<(CertifiedKey, Vec<StartWarning>), StartError> {
        let mut warnings = Vec::new();
        // A node that saves state has locked the directory already. Another node locks it only while it creates the
        // certificate.
        let is_there = || Ok::<_, StartError>(certificate::exists_in(directory)?);
        let _lock =
            if self.keep_state { None } else { DirectoryLock::acquire_unless(directory, is_there).await? };
        let pair = certificate::load_or_create(directory, &self.hostname, provider, &mut warnings)?;
        Ok((pair, warnings))
    }
}

/// A random value that identifies this run of the node.
fn run_value(rng: &mut StdRng) -> HeaderValue {
    let run = format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64());
    HeaderValue::try_from(run).expect("hexadecimal digits")
}

fn assemble(
    core: Core,
    rng: StdRng,
    state: State,
    sender: Sender,
    limits: Limits,
    is_saved: bool,
) -> Arc<Shared> {
    let trust = Arc::clone(sender.trust());
    trust.restore(state.pins);
    let changes = trust.changed();
    if is_saved {
        changes.begin();
    }
    let shared = Arc::new(Shared::new(core, rng, sender, trust, changes, limits));
    shared.with_core(|at| {
        at.core.restore(state.peers, at.now);
        at.core.restore_remotes(state.ignored_remotes);
    });
    shared.sweep_pins();
    shared
}

fn read_pem(
    certificate: &str,
    key: &str,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    // Errors name these in place of the files.
    let (certificate_name, key_name) = ("the certificate given", "the key given");
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(CertificateError::NotPem { path: certificate_name.into(), wanted: "certificate" });
    }
    let private = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| CertificateError::NotPem { path: key_name.into(), wanted: "private key" })?;
    public_key::certified_key(chain, private, provider).map_err(|source| CertificateError::Unusable {
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
mod tests;
