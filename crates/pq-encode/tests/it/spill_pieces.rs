//! Pages that spill go to the file in pieces.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use pq_encode::{PIECE_BYTES_MAX, PageStoreFactory, SpillFile, TempFileStores};

/// A file that remembers the size of every write, and takes no more than so many.
struct Counting {
    file: std::fs::File,
    sizes: Arc<Mutex<Vec<usize>>>,
    writes_max: usize,
}

impl SpillFile for Counting {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut sizes = self.sizes.lock().unwrap();
        if sizes.len() == self.writes_max {
            return Err(io::ErrorKind::StorageFull.into());
        }
        sizes.push(bytes.len());
        FileExt::write_all_at(&self.file, bytes, offset)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(&self.file, bytes, offset)
    }
}

fn stores(sizes: &Arc<Mutex<Vec<usize>>>, writes_max: usize) -> TempFileStores {
    let sizes = Arc::clone(sizes);
    TempFileStores::open_with(move || {
        Ok(Box::new(Counting {
            file: tempfile::tempfile()?,
            sizes: Arc::clone(&sizes),
            writes_max,
        }))
    })
}

fn page(len: usize) -> Vec<u8> {
    let word = |i: usize| (i.wrapping_mul(0x9e37_79b9) >> 7).to_le_bytes()[0];
    (0..len).map(word).collect()
}

#[test]
fn a_page_of_any_size_is_written_in_pieces_of_a_mebibyte_and_comes_back() {
    let sizes = Arc::default();
    let stores = stores(&sizes, usize::MAX);
    let mut store = stores.store().unwrap();
    let lens = [
        1,
        PIECE_BYTES_MAX,
        PIECE_BYTES_MAX + 1,
        3 * PIECE_BYTES_MAX + 5,
        7,
    ];
    let keys = lens.map(|len| store.put(&mut page(len)).unwrap());
    for (key, len) in keys.into_iter().zip(lens) {
        let mut back = Vec::new();
        store.take(key, &mut back).unwrap();
        assert!(back == page(len), "{len}");
    }
    let most = PIECE_BYTES_MAX;
    assert_eq!(
        *sizes.lock().unwrap(),
        [1, most, most, 1, most, most, most, 5, 7]
    );
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_page_gives_its_room_back() {
    let sizes = Arc::default();
    let stores = stores(&sizes, 2);
    let mut store = stores.store().unwrap();
    let error = store.put(&mut page(2 * PIECE_BYTES_MAX + 9)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&(2 * PIECE_BYTES_MAX + 9).to_string()),
        "{error}"
    );
    assert_eq!((stores.file_bytes(), stores.spilled_bytes()), (0, 0));
}
