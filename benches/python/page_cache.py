"""Pages of files in memory: usage: page_cache.py drop|warm|resident PATH

Prints the bytes that are resident (afterwards, for `drop` and `warm`), over all files below PATH.
"""

import ctypes
import mmap
import os
import sys

PAGE = mmap.PAGESIZE
PIECE = 1 << 20
# As many bytes as one call is asked about.
WINDOW = 256 << 20

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]


def files(path):
    if os.path.isfile(path):
        yield path
    for folder, _, names in os.walk(path):
        for name in names:
            yield os.path.join(folder, name)


def checked(ok):
    if not ok:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def resident(fd, length):
    total = 0
    for start in range(0, length, WINDOW):
        size = min(WINDOW, length - start)
        address = LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, start)
        checked(address != ctypes.c_void_p(-1).value)
        try:
            pages = ctypes.create_string_buffer((size + PAGE - 1) // PAGE)
            checked(LIBC.mincore(address, size, pages) == 0)
            total += sum(page & 1 for page in pages.raw) * PAGE
        finally:
            LIBC.munmap(address, size)
    return total


def main(verb, path):
    total = 0
    for name in files(path):
        fd = os.open(name, os.O_RDONLY)
        try:
            if verb == "drop":
                # Pages that are not on the disk yet cannot be dropped.
                os.fsync(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            elif verb == "warm":
                buffer = bytearray(PIECE)
                while os.readv(fd, [buffer]):
                    pass
            total += resident(fd, os.fstat(fd).st_size)
        finally:
            os.close(fd)
    print(total)


if __name__ == "__main__":
    main(*sys.argv[1:])
