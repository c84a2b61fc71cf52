//! The SIGBUS handler: a page that cannot be read becomes a page of zeros and a poisoned mapping.
//!
//! The handler uses nothing but atomics and `mmap`/`sigaction`, allocates nothing, takes no lock
//! and never unwinds. Faults outside registered mappings go to whoever handled them before.

use std::io;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use libc::{c_int, c_void, sigaction, siginfo_t};

use super::page_len;
use super::registry::REGISTRY;

/// What handled SIGBUS before us; set before our handler can run.
static PREVIOUS: OnceLock<Previous> = OnceLock::new();
/// Page size, looked up before our handler can run.
static PAGE_LEN: AtomicUsize = AtomicUsize::new(0);

type PlainHandler = extern "C" fn(c_int);
type InfoHandler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

#[derive(Clone, Copy)]
enum Previous {
    Default,
    Plain(PlainHandler),
    Info(InfoHandler),
}

/// Installs the handler, once a process; later calls do nothing.
pub(crate) fn install() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let result = INSTALLED.get_or_init(|| {
        install_once().map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))
    });
    (*result).map_err(io::Error::from_raw_os_error)
}

fn install_once() -> io::Result<()> {
    PAGE_LEN.store(page_len(), Relaxed);
    let previous = current_action()?;
    let _ = PREVIOUS.set(to_previous(&previous));
    let mut action = empty_action();
    let handler: InfoHandler = on_sigbus;
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    // ONSTACK: std gives each thread an alternate stack, and the fault may come from a deep one.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    set_action(&action)
}

/// Called by the kernel on the thread that faulted.
extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid pointer that lives as long as this call.
    let Some(facts) = (unsafe { info.as_ref() }) else {
        return chain(signal, info, context);
    };
    // ADRERR: no page behind the address (file cut short, or a device error while reading it).
    if facts.si_code == libc::BUS_ADRERR {
        // SAFETY: for SIGBUS with a code of the kernel the address is the active field.
        let addr = unsafe { facts.si_addr() }.addr();
        if REGISTRY.poison(addr) && cover_with_zeros(addr) {
            return; // The faulting instruction runs again and reads zeros.
        }
    }
    chain(signal, info, context);
}

/// Replaces the page of `addr` by a private page of zeros.
fn cover_with_zeros(addr: usize) -> bool {
    let page_len = PAGE_LEN.load(Relaxed);
    if page_len == 0 {
        return false;
    }
    let page = ptr::without_provenance_mut::<c_void>(addr - addr % page_len);
    let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: the page belongs to a registered mapping that the faulting thread is reading, so the
    // mapping is alive and nobody else's memory is replaced. The page held no readable byte (that
    // is the fault), it stays readable and stays part of the mapping: the `munmap` of the whole
    // range, when the mapping is dropped, removes this page with it.
    let mapped = unsafe { libc::mmap(page, page_len, libc::PROT_READ, flags, -1, 0) };
    mapped != libc::MAP_FAILED
}

/// Hands the signal to whoever had it before us.
fn chain(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    match PREVIOUS.get() {
        Some(Previous::Info(handler)) => handler(signal, info, context),
        Some(Previous::Plain(handler)) => handler(signal),
        Some(Previous::Default) | None => die(signal),
    }
}

/// Restores the default action and sends the signal again: it arrives when the handler returns.
fn die(signal: c_int) {
    let mut action = empty_action();
    action.sa_sigaction = libc::SIG_DFL;
    let _ = set_action(&action);
    // SAFETY: takes a number, and is async-signal-safe.
    unsafe { libc::raise(signal) };
}

fn empty_action() -> sigaction {
    // SAFETY: a struct of integers, a signal set of integers and an optional function pointer, for
    // all of which all zeros is a valid value (no handler, empty mask, no flags).
    unsafe { mem::zeroed() }
}

fn current_action() -> io::Result<sigaction> {
    let mut current = MaybeUninit::<sigaction>::uninit();
    // SAFETY: a null new action only asks; `current` is valid for writing one `sigaction`.
    let code = unsafe { sigaction(libc::SIGBUS, ptr::null(), current.as_mut_ptr()) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it has filled `current`.
    Ok(unsafe { current.assume_init() })
}

fn set_action(action: &sigaction) -> io::Result<()> {
    // SAFETY: `action` is initialised, and its handler is either the default or `on_sigbus`, which
    // has the signature that SA_SIGINFO asks for; a null old action is not written.
    let code = unsafe { sigaction(libc::SIGBUS, action, ptr::null_mut()) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn to_previous(action: &sigaction) -> Previous {
    let handler = action.sa_sigaction;
    // The kernel does not honour "ignore" for a fault either: it kills.
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        return Previous::Default;
    }
    let handler = ptr::without_provenance::<()>(handler);
    if action.sa_flags & libc::SA_SIGINFO != 0 {
        // SAFETY: the kernel returned this address as the handler that somebody registered with
        // SA_SIGINFO, that is, as a function of this signature.
        Previous::Info(unsafe { mem::transmute::<*const (), InfoHandler>(handler) })
    } else {
        // SAFETY: as above, registered without SA_SIGINFO, that is, as a function of one integer.
        Previous::Plain(unsafe { mem::transmute::<*const (), PlainHandler>(handler) })
    }
}
