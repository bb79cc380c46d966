//! Runs libFuzzer from within a test.

#![allow(unsafe_code, reason = "libFuzzer is C++, and calls back")]

use std::{
    env,
    ffi::{CString, c_char, c_int},
    panic::{self, AssertUnwindSafe},
    process, ptr, slice,
    sync::atomic::{AtomicPtr, Ordering},
};

// Only for its library.
use libfuzzer_sys as _;

/// The environment variable with the name of the target for libFuzzer.
const NAME: &str = "CLACKS_FUZZ";
/// The environment variable with the arguments of libFuzzer, separated by white space.
const ARGUMENTS: &str = "CLACKS_FUZZ_ARGUMENTS";
/// The environment variable with the command by which libFuzzer starts further processes.
const SELF: &str = "CLACKS_FUZZ_SELF";

unsafe extern "C" {
    fn LLVMFuzzerRunDriver(
        argc: *mut c_int,
        argv: *mut *mut *mut c_char,
        callback: extern "C" fn(*const u8, usize) -> c_int,
    ) -> c_int;
}

type Target<'a> = &'a dyn Fn(&[u8]);

/// The reference to the target. It is valid for the rest of the process, because libFuzzer ends the process.
static TARGET: AtomicPtr<Target<'static>> = AtomicPtr::new(ptr::null_mut());

pub(crate) fn is_wanted(name: &str) -> bool {
    env::var(NAME).is_ok_and(|wanted| wanted == name)
}

/// Runs the target until libFuzzer ends the process.
pub(crate) fn run(target: Target<'_>) -> ! {
    let mut target = target;
    TARGET.store((&raw mut target).cast(), Ordering::Release);
    let mut arguments: Vec<*mut c_char> = arguments().into_iter().map(CString::into_raw).collect();
    let mut count = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
    arguments.push(ptr::null_mut());
    let mut arguments = arguments.as_mut_ptr();
    // SAFETY: the arguments are as `main` gets them, and are never freed; the callback does not unwind.
    let code = unsafe { LLVMFuzzerRunDriver(&raw mut count, &raw mut arguments, call) };
    process::exit(code);
}

fn arguments() -> Vec<CString> {
    let this = env::var(SELF).unwrap_or_else(|_| "fuzz".to_owned());
    let given = env::var(ARGUMENTS).unwrap_or_default();
    [this.as_str()]
        .into_iter()
        .chain(given.split_whitespace())
        .filter_map(|text| CString::new(text).ok())
        .collect()
}

extern "C" fn call(data: *const u8, size: usize) -> c_int {
    // SAFETY: `run` stored the reference before libFuzzer was started, and does not return.
    let target = unsafe { &*TARGET.load(Ordering::Acquire) };
    // SAFETY: libFuzzer lends so many bytes for the call; the pointer may be null if there are none.
    let input = if size == 0 { &[] } else { unsafe { slice::from_raw_parts(data, size) } };
    // The panic was printed already. libFuzzer detects the abort and stores the input.
    panic::catch_unwind(AssertUnwindSafe(|| target(input))).unwrap_or_else(|_| process::abort());
    0
}

/// The entry point that libFuzzer's wrapper calls. It is not used here.
#[unsafe(no_mangle)]
extern "C" fn rust_fuzzer_test_input(_: *const u8, _: usize) -> c_int {
    0
}
