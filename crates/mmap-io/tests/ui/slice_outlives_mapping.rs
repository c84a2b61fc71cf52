//! A slice of a mapping cannot be kept beyond it.
fn keep(file: &mmap_io::RootFile) -> &'static [u8] {
    let mapping = file.map(8, mmap_io::ScanProfile::Cached).unwrap();
    &mapping[..]
}

fn main() {
    let _ = keep;
}
