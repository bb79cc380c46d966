//! Downloads a peer list over HTTPS.

use std::{error::Error, sync::Arc};

use reqwest::{
    Client, ClientBuilder, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE},
    redirect::{Action, Attempt, Policy},
    retry,
};
use rustls::{
    ClientConfig,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, ring},
};
use rustls_platform_verifier::Verifier;

use super::{MAX_BYTES, ReadError};

/// Maximum number of redirects that are followed.
const MAX_REDIRECTS: usize = 5;

const USER_AGENT: &str = concat!("clacks/", env!("CARGO_PKG_VERSION"));

/// Downloads the list at a URL. The server's certificate is verified by the system's authorities. Follows at most five
/// redirects, only to HTTPS.
pub(crate) async fn fetch(url: &Url) -> Result<Vec<u8>, ReadError> {
    // It reads the certificates of this system's authorities.
    let trusted = tokio::task::spawn_blocking(|| Verifier::new(provider())).await;
    let verifier = trusted.map_err(|error| ReadError::Request(error.to_string()))?.map_err(|error| {
        ReadError::Request(format!(
            "this system has no certificate authorities to check a server by: {error}"
        ))
    })?;
    fetch_with(client(Arc::new(verifier))?, url).await
}

async fn fetch_with(client: ClientBuilder, url: &Url) -> Result<Vec<u8>, ReadError> {
    let client = client.build().map_err(|error| request_error(&error))?;
    let request = client.get(url.clone()).header(ACCEPT, "text/plain, */*;q=0.5");
    let response = request.send().await.map_err(|error| request_error(&error))?;
    if response.status() != StatusCode::OK {
        return Err(ReadError::Status(response.status()));
    }
    if is_web_page(&response) {
        return Err(ReadError::WebPage);
    }
    body(response).await
}

/// Reads the body as it comes, so that nothing is kept of one that is too large.
async fn body(mut response: Response) -> Result<Vec<u8>, ReadError> {
    if response.content_length().is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(ReadError::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| request_error(&error))? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(ReadError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A page about a list, or one that asks to log in: each of its lines would be a bad one.
fn is_web_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|page| kind.eq_ignore_ascii_case(page))
}

/// A client for one request. It takes the proxy that `HTTPS_PROXY` and `NO_PROXY` name.
fn client(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientBuilder, ReadError> {
    let tls = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| ReadError::Request(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(Policy::custom(redirect))
        .referer(false)
        .retry(retry::never())
        .user_agent(USER_AGENT))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn redirect(attempt: Attempt<'_>) -> Action {
    if attempt.url().scheme() != "https" {
        attempt.error(RedirectError::NotHttps)
    } else if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error(RedirectError::TooMany)
    } else {
        attempt.follow()
    }
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum RedirectError {
    #[error("the server redirects to a URL that is not https")]
    NotHttps,
    #[error("the server redirects more than {MAX_REDIRECTS} times")]
    TooMany,
}

/// The last cause says what is wrong; those before it say what was being done.
fn request_error(error: &reqwest::Error) -> ReadError {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    ReadError::Request(cause.to_string())
}

/// Tests against HTTPS servers on this machine.
#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
