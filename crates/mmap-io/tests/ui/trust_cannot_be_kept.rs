//! A file system that is shown the token cannot copy it for later.
fn keep(shown: &mmap_io::Trust) -> mmap_io::Trust {
    shown.clone()
}

fn forge() -> mmap_io::Trust {
    mmap_io::Trust(())
}

fn main() {
    let _ = (keep, forge);
}
