//! A file system in memory: the proof that the traits can be implemented without a kernel.
//!
//! One flat tree of directories and files, no links. Mappings are copies on the heap.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::Range;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use mmap_io::{
    Access, Dir, DirEntry, File, FileAdvice, FileId, FileKind, Links, Region, Replace, Stat, Trust,
    Vfs,
};

#[derive(Debug, Default)]
pub(crate) struct MemVfs {
    top: Arc<MemDir>,
}

#[derive(Debug, Default)]
struct MemDir {
    nodes: Mutex<BTreeMap<OsString, Node>>,
}

#[derive(Debug, Default)]
struct MemFile {
    bytes: Mutex<Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Node {
    Dir(Arc<MemDir>),
    File(Arc<MemFile>),
}

impl MemVfs {
    pub(crate) fn shared() -> Arc<dyn Vfs> {
        Arc::new(Self::default())
    }
}

impl Vfs for MemVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        let mut dir = Arc::clone(&self.top);
        for component in path.components() {
            let Component::Normal(name) = component else {
                continue;
            };
            dir = dir.subdir(name)?;
        }
        Ok(dir)
    }
}

impl MemDir {
    fn node(&self, name: &OsStr) -> io::Result<Node> {
        let nodes = self.nodes.lock().unwrap();
        nodes
            .get(name)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn subdir(&self, name: &OsStr) -> io::Result<Arc<Self>> {
        match self.node(name)? {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn insert(&self, name: &OsStr, node: Node) -> io::Result<()> {
        let mut nodes = self.nodes.lock().unwrap();
        if nodes.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        nodes.insert(name.to_owned(), node);
        Ok(())
    }
}

impl Dir for MemDir {
    fn open_file(&self, name: &OsStr, _access: Access) -> io::Result<Arc<dyn File>> {
        match self.node(name)? {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn open_dir(&self, name: &OsStr, _links: Links) -> io::Result<Arc<dyn Dir>> {
        Ok(self.subdir(name)?)
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>> {
        let file = Arc::new(MemFile::default());
        self.insert(name, Node::File(Arc::clone(&file)))?;
        Ok(file)
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        self.insert(name, Node::Dir(Arc::default()))
    }

    fn list(&self) -> io::Result<Vec<DirEntry>> {
        let nodes = self.nodes.lock().unwrap();
        // Backwards, since the order is nobody's to rely on.
        let entries = nodes.iter().rev().map(|(name, node)| DirEntry {
            name: name.clone(),
            kind: match node {
                Node::Dir(_) => FileKind::Dir,
                Node::File(_) => FileKind::File,
            },
        });
        Ok(entries.collect())
    }

    fn stat(&self, name: &OsStr, _links: Links) -> io::Result<Stat> {
        match self.node(name)? {
            Node::File(file) => file.stat(),
            Node::Dir(dir) => Ok(stat_at(Arc::as_ptr(&dir).addr(), FileKind::Dir, 0)),
        }
    }

    fn rename(&self, from: &OsStr, to: &OsStr, replace: Replace) -> io::Result<()> {
        let node = self.node(from)?;
        let mut nodes = self.nodes.lock().unwrap();
        if replace == Replace::Refuse && nodes.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        nodes.remove(from);
        nodes.insert(to.to_owned(), node);
        Ok(())
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.node(name)?;
        self.nodes.lock().unwrap().remove(name);
        Ok(())
    }

    fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        self.unlink(name)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl File for MemFile {
    fn stat(&self) -> io::Result<Stat> {
        let len = self.bytes.lock().unwrap().len();
        Ok(stat_at(
            std::ptr::from_ref(self).addr(),
            FileKind::File,
            len,
        ))
    }

    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.bytes.lock().unwrap();
        let rest = bytes
            .get(usize::try_from(off).unwrap()..)
            .unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_at(&self, off: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self.bytes.lock().unwrap();
        let lo = usize::try_from(off).unwrap();
        let hi = lo + bytes.len();
        if file.len() < hi {
            file.resize(hi, 0);
        }
        file[lo..hi].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn map(&self, len: u64, _trust: &Trust) -> io::Result<Box<dyn Region>> {
        let bytes = self.bytes.lock().unwrap();
        Ok(Box::new(Bytes::copy_from_slice(
            &bytes[..usize::try_from(len).unwrap()],
        )))
    }

    fn advise(&self, _range: Range<u64>, _advice: FileAdvice) -> io::Result<()> {
        Ok(())
    }

    fn writeback(&self, _range: Range<u64>, _wait: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn stat_at(addr: usize, kind: FileKind, len: usize) -> Stat {
    let id = FileId {
        dev: 0,
        ino: addr as u64,
    };
    Stat {
        kind,
        id,
        len: len as u64,
        disk_bytes: len as u64,
    }
}
