# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Planted values, and the search for every piece of every one of them.

A value is of random bytes, so no piece of it is anywhere by chance. Pieces are
looked for as they are, in hexadecimal digits, and in base64 at all of its three
alignments, also in the alphabet for URLs (needles.cc does it); and in what
data unpacks to where it looks compressed. Compressors that do not code single
bytes, such as Snappy and LZ4, leave random bytes as they are.
"""

import base64
import bz2
import ctypes
import gzip
import lzma
import os
import re
import subprocess
import threading
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))

FORMS = ("raw", "hex", "HEX", "base64", "base64url")

# A piece that is left of a value is found if it is longer than the distance of
# two needles and one needle.
NEEDLE = 8
NEAR, FAR = 8, 24
# Values up to this size have needles side by side.
SMALL = 1024
# Of digits: half the entropy, twice the length.
TEXT_NEEDLE = 16

# Of what is reported about one piece of data, and unpacked from one place.
_MOST_HITS = 20
_MOST_UNPACKED = 16 << 20
_STEP = 512

_PACKED = re.compile(
    rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\x00"
    rb"|\x28\xb5\x2f\xfd", re.DOTALL)


class _Hit(ctypes.Structure):
    _fields_ = [("place", ctypes.c_uint64), ("value", ctypes.c_uint32),
                ("offset", ctypes.c_uint32), ("form", ctypes.c_uint32)]


def _library(folder):
    path = os.path.join(folder, "needles.so")
    if not os.path.exists(path):
        subprocess.run(
            ["g++", "-std=c++17", "-O2", "-shared", "-fPIC", "-o", path,
             os.path.join(HERE, "needles.cc")], check=True)
    library = ctypes.CDLL(path)
    handle = ctypes.c_void_p
    library.needles_new.restype = handle
    library.needles_delete.argtypes = [handle]
    library.needles_add.argtypes = [
        handle, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64,
        ctypes.c_uint64, ctypes.c_uint32]
    library.needles_count.argtypes = [handle]
    library.needles_count.restype = ctypes.c_uint64
    library.needles_find.argtypes = [
        handle, ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(_Hit),
        ctypes.c_uint64]
    library.needles_find.restype = ctypes.c_uint64
    return library


class Planted:
    """Values that are planted, as test_memory.Load wants them."""

    def __init__(self, folder):
        self._library = _library(folder)
        self._needles = self._library.needles_new()
        # Callers plant on many threads at once.
        self._mutex = threading.Lock()
        self.names = []
        self.bytes = 0

    def close(self):
        self._library.needles_delete(self._needles)

    def value(self, size):
        """A value of `size` random bytes."""
        value = os.urandom(size)
        self.add(value, f"value of {size} bytes", NEEDLE)
        return value

    def text(self, size):
        """The same in hexadecimal digits, for where text is wanted."""
        text = os.urandom(-(-size // 2)).hex()[:size]
        self.add(text.encode(), f"text of {size} digits", TEXT_NEEDLE)
        return text

    def add(self, value, name, needle=TEXT_NEEDLE):
        """A value that somebody else chose."""
        stride = NEAR if len(value) <= SMALL else FAR
        with self._mutex:
            self._library.needles_add(
                self._needles, value, len(value), stride, needle,
                len(self.names))
            self.names.append(name)
            self.bytes += len(value)

    def __len__(self):
        """How many needles there are."""
        return self._library.needles_count(self._needles)

    def find(self, data):
        """What of the values is in the bytes, a line each, at most a few."""
        hits = (_Hit * _MOST_HITS)()
        count = self._library.needles_find(
            self._needles, data, len(data), hits, _MOST_HITS)
        return [
            f"{FORMS[hit.form]} of byte {hit.offset} of a "
            f"{self.names[hit.value]}, at {hit.place:#x} ({count} in all): "
            f"{data[max(0, hit.place - 16):hit.place + 32]!r}"
            for hit in hits[:min(count, _MOST_HITS)]]

    def find_packed(self, data):
        """The same, in the bytes and in what they unpack to."""
        found = self.find(data)
        for place, unpacked in unpack(data):
            found += [f"unpacked from {place:#x}: {line}"
                      for line in self.find(unpacked)]
        return found


def unpack(data):
    """Yields (place, bytes) for what looks compressed and is, if only in part."""
    view = memoryview(data)
    for match in _PACKED.finditer(data):
        unpacked = _unpack_one(view[match.start():])
        if len(unpacked) >= NEEDLE:
            yield match.start(), unpacked


def _unpack_one(packed):
    """What can be unpacked from the beginning of the bytes, if anything."""
    if packed[0] == 0x28:
        return subprocess.run(
            ["zstd", "-dcq"], input=packed[:_MOST_UNPACKED],
            capture_output=True, check=False).stdout[:_MOST_UNPACKED]
    unpacker = {0x78: lambda: zlib.decompressobj(15),
                0x1f: lambda: zlib.decompressobj(31),
                0x42: bz2.BZ2Decompressor,
                0xfd: lzma.LZMADecompressor}[packed[0]]()
    unpacked = b""
    try:
        while packed and len(unpacked) < _MOST_UNPACKED:
            # Little at once: what comes before an error counts.
            unpacked += unpacker.decompress(packed[:_STEP])
            packed = packed[_STEP:]
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        pass
    return unpacked


def base64_of(data):
    """In both alphabets."""
    return base64.b64encode(data), base64.urlsafe_b64encode(data)


# How a value could be written, by name: what the search is tried on.
WRITTEN = {
    "raw": bytes,
    "hex": lambda value: value.hex().encode(),
    "upper hex": lambda value: value.hex().upper().encode(),
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda value: subprocess.run(
        ["zstd", "-cq"], input=value, capture_output=True,
        check=True).stdout,
}
