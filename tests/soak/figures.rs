use std::{fmt, fs, time::Duration};

/// The resources of the node at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Resident memory in bytes.
    pub(crate) memory: u64,
    /// Maximum resident memory so far in bytes.
    pub(crate) most_memory: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: u64,
    /// Processor time of its threads.
    pub(crate) cpu: Duration,
}

impl Figures {
    pub(crate) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        Self {
            memory: number("VmRSS:") << 10,
            most_memory: number("VmHWM:") << 10,
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count),
            threads: number("Threads:"),
            cpu: cpu(process),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        write!(
            f,
            "{:6.1} MiB resident ({:.1} at most), {:3} descriptors, {} threads, {:.1} s of processor time",
            mib(self.memory),
            mib(self.most_memory),
            self.descriptors,
            self.threads,
            self.cpu.as_secs_f64(),
        )
    }
}

fn cpu(process: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Duration::ZERO };
    let ran = |thread: fs::DirEntry| -> u64 {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.flatten().map(ran).sum())
}
