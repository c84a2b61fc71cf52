//! The allocator is told about large blocks while there is one thread, and left alone afterwards.
//!
//! A program of its own: libtest runs tests beside its main thread, so there it is always too late.

#![expect(clippy::print_stderr, reason = "it speaks like a test")]

use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread;

fn main() -> ExitCode {
    let alone = mmap_io::give_back_large_blocks();
    let has_switch = cfg!(all(target_os = "linux", target_env = "gnu"));
    let beside = thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        scope.spawn(move || stopped.recv());
        let beside = mmap_io::give_back_large_blocks();
        drop(stop);
        beside
    });
    if (alone, beside) == (has_switch, false) {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "taken with one thread: {alone}, with two: {beside}; there is a switch: {has_switch}"
    );
    ExitCode::FAILURE
}
