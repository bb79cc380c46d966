//! The npm package, installed once for all tests and runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

const PACKAGE: &str = include_str!("package.json");
const LOCK: &str = include_str!("package-lock.json");
const OLDEST_NODE_JS: u32 = 18;

/// The directory of the package. Installs it if necessary.
pub(crate) fn node_modules() -> &'static Path {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match INSTALLED.get_or_init(install) {
        Ok(directory) => directory,
        Err(reason) => panic!("{reason}"),
    }
}

fn install() -> Result<PathBuf, String> {
    check_prerequisites()?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let installed = target.join(format!("npm-{}", pin()));
    if !installed.exists() {
        install_into(target, &installed)?;
    }
    Ok(installed.join("node_modules"))
}

/// Identifies the pinned versions, so that another pin is another installation.
fn pin() -> String {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(LOCK).into();
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

fn check_prerequisites() -> Result<(), String> {
    let missing =
        || format!("the tests against the npm package need Node.js {OLDEST_NODE_JS} or newer, and npm");
    run(Command::new("npm").arg("--version")).map_err(|_| missing())?;
    let version = run(Command::new("node").arg("--version")).map_err(|_| missing())?;
    match major(&version) {
        Some(major) if major >= OLDEST_NODE_JS => Ok(()),
        _ => Err(missing()),
    }
}

/// The major version, such as 20 of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs beside `installed` and renames, so that no other test process finds an incomplete installation.
fn install_into(target: &Path, installed: &Path) -> Result<(), String> {
    let fresh = unpack(target).map_err(|error| format!("cannot write to {}: {error}", target.display()))?;
    run(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&fresh))?;
    match fs::rename(&fresh, installed) {
        // Another process was faster.
        Err(_) if installed.exists() => Ok(()),
        moved => moved.map_err(|error| format!("cannot move to {}: {error}", installed.display())),
    }
}

fn unpack(target: &Path) -> std::io::Result<TempDir> {
    fs::create_dir_all(target)?;
    let fresh = TempDir::new_in(target)?;
    fs::write(fresh.path().join("package.json"), PACKAGE)?;
    fs::write(fresh.path().join("package-lock.json"), LOCK)?;
    Ok(fresh)
}

/// The output of the command, or its error.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
    }
}
