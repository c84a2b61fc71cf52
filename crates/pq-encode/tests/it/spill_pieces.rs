//! Pages that spill go to the file in pieces.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use pq_encode::{PIECE_BYTES_MAX, PageStoreFactory, SpillFile, TempFileStores};

/// A file that remembers the size of every write. One of them fails, if it comes to that, after half of
/// it was written.
struct Counting {
    file: std::fs::File,
    sizes: Arc<Mutex<Vec<usize>>>,
    fails_at: usize,
}

impl SpillFile for Counting {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut sizes = self.sizes.lock().unwrap();
        sizes.push(bytes.len());
        if sizes.len() == self.fails_at {
            let (written, _) = bytes.split_at(bytes.len() / 2);
            FileExt::write_all_at(&self.file, written, offset)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        FileExt::write_all_at(&self.file, bytes, offset)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(&self.file, bytes, offset)
    }
}

fn stores(sizes: &Arc<Mutex<Vec<usize>>>, fails_at: usize) -> TempFileStores {
    let sizes = Arc::clone(sizes);
    TempFileStores::open_with(move || {
        Ok(Box::new(Counting {
            file: tempfile::tempfile()?,
            sizes: Arc::clone(&sizes),
            fails_at,
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
    let stores = stores(&sizes, 3);
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

#[test]
fn the_room_of_a_page_that_failed_is_that_of_the_next_one() {
    let (one, three, two) = (
        PIECE_BYTES_MAX / 2 + 3,
        2 * PIECE_BYTES_MAX + 9,
        PIECE_BYTES_MAX + 77,
    );
    // The second piece of the second page, or its last one.
    for fails_at in [3, 4] {
        let stores = stores(&Arc::default(), fails_at);
        let (mut store, mut other) = (stores.store().unwrap(), stores.store().unwrap());
        let first = store.put(&mut page(one)).unwrap();
        let before = stores.file_bytes();
        store.put(&mut page(three)).unwrap_err();
        assert_eq!(stores.file_bytes(), before);
        // Other bytes than those that the failed page left there; of another store of the same file.
        let unlike = |len: usize| page(len).iter().map(|byte| !byte).collect::<Vec<u8>>();
        let second = store.put(&mut unlike(two)).unwrap();
        let third = other.put(&mut unlike(three)).unwrap();
        let mut back = Vec::new();
        store.take(second, &mut back).unwrap();
        assert!(back == unlike(two));
        other.take(third, &mut back).unwrap();
        assert!(back == unlike(three));
        store.take(first, &mut back).unwrap();
        assert!(back == page(one));
        assert_eq!(stores.spilled_bytes(), (one + two + three) as u64);
    }
}
