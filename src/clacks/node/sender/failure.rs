use std::{error::Error, io};

use clacks_transport::{address_policy::AddressForbidden, descriptors::Shortage};
use hyper::http;
use rustls::{AlertDescription, InvalidMessage, pki_types::InvalidDnsNameError};

use crate::core::Failure;

use super::super::trust::Handshake;

/// Why there is no response. The innermost error of each is reported.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    #[error("not allowed")]
    AddressForbidden(#[from] AddressForbidden),
    /// HTTP cannot represent the address. That is true of no valid address.
    #[error("no hostname for HTTP")]
    Address(#[from] http::Error),
    #[error("no hostname for TLS")]
    Name(#[from] InvalidDnsNameError),
    /// No connection was tried.
    #[error("{0}")]
    Shortage(Shortage),
    #[error("no connection")]
    Io(#[from] io::Error),
    #[error("no answer")]
    Http(#[from] hyper::Error),
    #[error("no answer in time")]
    TimedOut,
}

impl PostError {
    /// The exhausted resource of this machine, if that is the cause.
    pub(super) fn shortage(&self) -> Option<Shortage> {
        match self {
            Self::Shortage(shortage) => Some(*shortage),
            _ => self.innermost().downcast_ref::<io::Error>().map(without_wrapping).and_then(Shortage::of),
        }
    }

    pub(super) fn into_failure(self, handshake: &Handshake) -> Failure {
        if let Some(refused) = handshake.refused() {
            return Failure::CertificateChanged { pinned: refused.pinned, presented: refused.presented };
        }
        if self.shortage().is_some() {
            return Failure::NoResources;
        }
        let innermost = self.innermost();
        let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        match self {
            Self::AddressForbidden(AddressForbidden(scope)) => Failure::NotContacted(scope),
            Self::TimedOut => Failure::TimedOut,
            _ if innermost.downcast_ref().map(without_wrapping).is_some_and(is_late) => Failure::TimedOut,
            _ => Failure::Connection(describe(innermost)),
        }
    }

    fn innermost(&self) -> &(dyn Error + 'static) {
        let mut innermost: &(dyn Error + 'static) = self;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        innermost
    }
}

/// The innermost error as text. hyper's outer errors add no information.
fn describe(innermost: &(dyn Error + 'static)) -> String {
    let io = innermost.downcast_ref::<io::Error>().map(without_wrapping);
    let tls = io.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref());
    match (tls, io) {
        (Some(error), _) => describe_tls(error),
        // "connection refused", without "(os error 111)".
        (None, Some(error)) if error.raw_os_error().is_some() => error.kind().to_string(),
        // rustls refers to its manual here.
        (None, Some(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection broke off".to_owned()
        }
        _ => innermost.to_string(),
    }
}

/// A TLS error as text, with advice for the peer's owner.
fn describe_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::General(reason) => reason.clone(),
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the peer has no cipher or key that this node can use: its certificate needs an RSA key of 2048 bits or \
            more, an ECDSA key on P-256 or P-384, or an Ed25519 key"
                .to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            "the peer speaks neither TLS 1.2 nor 1.3".to_owned()
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the peer does not speak TLS".to_owned()
        }
        error => error.to_string(),
    }
}

/// The innermost error of nested system errors that have no source.
fn without_wrapping(error: &io::Error) -> &io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(inner) => without_wrapping(inner),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_error_is_reported_without_its_number() {
        let reset = io::Error::from_raw_os_error(104);
        let expected = reset.kind().to_string();
        let wrapped = io::Error::new(reset.kind(), reset);
        assert_eq!(describe(&wrapped), expected);
        assert_eq!(describe(&io::Error::other(wrapped)), expected);
        assert_eq!(describe(&io::Error::other("tls handshake eof")), "tls handshake eof");
    }

    #[test]
    fn a_tls_error_says_what_to_do() {
        for (error, expected) in [
            (rustls::Error::AlertReceived(AlertDescription::HandshakeFailure), "RSA key of 2048 bits"),
            (rustls::Error::AlertReceived(AlertDescription::ProtocolVersion), "neither TLS 1.2 nor 1.3"),
            (rustls::Error::General("a reason".to_owned()), "a reason"),
            (rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType), "does not speak TLS"),
        ] {
            let told = describe(&io::Error::new(io::ErrorKind::InvalidData, error));
            assert!(told.contains(expected), "{told}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_resource_shortage_is_not_a_failure_of_the_peer() {
        let system = |code| io::Error::from_raw_os_error(code);
        let nobody = Handshake::with(crate::protocol::Address::new("tower", 1).unwrap(), false);
        for code in [11, 12, 23, 24, 99, 105] {
            for error in [system(code), io::Error::other(system(code))] {
                assert_eq!(PostError::from(error).into_failure(&nobody), Failure::NoResources, "{code}");
            }
        }
        for shortage in
            [Shortage::Files, Shortage::Ports, Shortage::Threads, Shortage::Memory, Shortage::LookUps]
        {
            assert_eq!(PostError::Shortage(shortage).into_failure(&nobody), Failure::NoResources);
        }
        for code in [104, 111, 113, 101] {
            let failure = PostError::from(system(code)).into_failure(&nobody);
            assert!(matches!(failure, Failure::Connection(_)), "{code}: {failure:?}");
        }
        assert_eq!(PostError::from(system(110)).into_failure(&nobody), Failure::TimedOut);
    }
}
