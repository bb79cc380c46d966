use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
    task::{Context, Poll, Waker},
};

use super::{Specimen, drain};

/// Polls of the watch.
const POLLS: usize = 1000;

/// The allocator of the system, which counts the allocations of each thread. A crate with conformance tests declares it:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: clacks_feed::conformance::CountingAllocator = clacks_feed::conformance::CountingAllocator;
/// ```
#[derive(Debug)]
pub struct CountingAllocator;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

/// Counts an allocation of this many bytes. A thread that ends can allocate when its count has gone.
fn count(bytes: usize) {
    _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
    _ = BYTES.try_with(|count| count.set(count.get() + bytes as u64));
}

/// The bytes that this thread has allocated until now, whether they were freed or not.
#[cfg(test)]
pub(crate) fn allocated_bytes() -> u64 {
    BYTES.with(Cell::get)
}

fn allocations() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

// SAFETY: each function passes its arguments on to the system's allocator.
#[allow(unsafe_code, reason = "an allocator is unsafe to implement")]
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the same promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the same promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller keeps the same promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Check 9. A watch that is idle allocates nothing while it is polled.
pub fn an_idle_watch_allocates_nothing(specimen: &mut dyn Specimen) {
    let before = allocations();
    drop(black_box(Box::new(1)));
    assert!(allocations() > before, "this test binary does not declare CountingAllocator");
    let network = specimen.network();
    let mut watch = network.watch();
    drain(&mut *watch);
    let mut cx = Context::from_waker(Waker::noop());
    let before = allocations();
    for _ in 0..POLLS {
        assert!(matches!(watch.poll_next(&mut cx), Poll::Pending), "the node is not idle");
    }
    assert_eq!(allocations() - before, 0, "allocations in {POLLS} polls");
}
