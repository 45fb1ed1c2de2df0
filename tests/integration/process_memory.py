# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Searches the memory of running processes, as an attacker with root would.

A planted value carries a random mark every PERIOD bytes, so one search for the
mark finds every value, and every piece of one that is long enough to matter: a
buffer of which a later and shorter message overwrote the beginning still holds
most of a secret.
"""

import base64
import os
import re

# Eight random bytes do not occur by chance in what a process can hold.
MARK_BYTES = 8
# A multiple of 3, so that each mark of a value looks the same in base64.
PERIOD = 24

# Pieces in which a region is read: the system gives no more than 2 GiB.
_CHUNK = 64 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")
# /proc/PID/pagemap: eight bytes a page, with one bit for each of "in memory"
# and "swapped out".
_PAGEMAP_ENTRY = 8
_PAGEMAP_HELD = 0b11 << 62
# The kernel's own pages, the same in every process; they cannot be read.
_KERNEL = ("[vvar]", "[vvar_vclock]", "[vsyscall]")
# Of what a report says about one form in one process.
_EXAMPLES = 3


def forms(needle):
    """`needle` itself, in hexadecimal digits and in base64, by name."""
    found = {
        "raw": needle,
        "hex": needle.hex().encode(),
        "HEX": needle.hex().upper().encode(),
    }
    for shift in range(3):
        # The digits that depend on no byte around the needle.
        begin = -(-shift * 4 // 3)
        end = (shift + len(needle)) * 4 // 3
        padded = bytes(shift) + needle + bytes(3)
        found[f"base64+{shift}"] = base64.b64encode(padded)[begin:end]
    return found


class Mark:
    """A mark, values that carry it, and the forms in which it is searched."""

    def __init__(self):
        # One whose base64 is the same in the alphabet for URLs.
        self.raw = os.urandom(MARK_BYTES)
        while any(c in form for c in (b"+", b"/")
                  for name, form in self.forms().items()
                  if name.startswith("base64")):
            self.raw = os.urandom(MARK_BYTES)

    def value(self, size):
        """A value of `size` bytes, different from any other."""
        filler = os.urandom(size)
        step = PERIOD - MARK_BYTES
        return b"".join(
            self.raw + filler[place:place + step]
            for place in range(0, size, step)
        )[:size]

    def text(self, size):
        """The same in `size` hexadecimal digits, for where text is wanted."""
        return self.value(-(-size // 2)).hex()[:size]

    def forms(self):
        return forms(self.raw)


class Region:
    """One line of /proc/PID/maps."""

    _LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)")

    def __init__(self, line):
        begin, end, self.permissions, self.name = self._LINE.match(
            line.rstrip("\n")).groups()
        self.begin, self.end = int(begin, 16), int(end, 16)

    def __str__(self):
        return (f"{self.begin:x}-{self.end:x} {self.permissions} "
                f"{self.name or 'anonymous'}")


def _held(pagemap, region):
    """The runs of pages of a region that hold anything, as (begin, end).

    Allocators reserve far more addresses than they use. A page that is neither
    in memory nor swapped out reads as zeros, or as the file that it maps.
    """
    pagemap.seek(region.begin // _PAGE * _PAGEMAP_ENTRY)
    entries = memoryview(pagemap.read(
        (region.end - region.begin) // _PAGE * _PAGEMAP_ENTRY)).cast("Q")
    first = None
    for index, entry in enumerate(entries):
        place = region.begin + index * _PAGE
        if entry & _PAGEMAP_HELD:
            first = place if first is None else first
        elif first is not None:
            yield first, place
            first = None
    if first is not None:
        yield first, region.end


class Snapshot:
    """All memory of a process, region by region, as it was a moment ago.

    PermissionError for who may not read it.
    """

    def __init__(self, name, pid):
        self.name = name
        # (region, address, bytes)
        self.pieces = []
        # What could not be read: it was not searched and so is not clean.
        self.unread = []
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            regions = [Region(line) for line in maps]
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(
            f"/proc/{pid}/pagemap", "rb", buffering=0
        ) as pagemap:
            for region in regions:
                if region.name not in _KERNEL:
                    self._read(region, memory, pagemap)

    def _read(self, region, memory, pagemap):
        for begin, end in _held(pagemap, region):
            while begin < end:
                try:
                    memory.seek(begin)
                    piece = memory.read(min(_CHUNK, end - begin))
                except OSError as error:
                    self.unread.append(f"{self.name}: {region}: {error}")
                    return
                if not piece:
                    return
                self.pieces.append((region, begin, piece))
                begin += len(piece)

    def size(self):
        return sum(len(piece) for _, _, piece in self.pieces)

    def places(self, needle):
        """Every (region, address) at which the bytes are.

        A needle across two pieces is missed: values have more than one mark.
        """
        found = []
        for region, address, piece in self.pieces:
            place = piece.find(needle)
            while place >= 0:
                found.append((region, address + place))
                place = piece.find(needle, place + 1)
        return found

    def find(self, needles):
        """Where any of {name: bytes} is, one line each; at most a few a name.

        A needle across two pieces is missed: values have more than one mark.
        """
        found = []
        for name, needle in needles.items():
            examples = []
            count = 0
            for region, address, piece in self.pieces:
                place = piece.find(needle)
                while place >= 0:
                    count += 1
                    if len(examples) < _EXAMPLES:
                        around = piece[max(0, place - 32):place + 64]
                        examples.append(
                            f"{address + place:x} in {region}: {around!r}")
                    place = piece.find(needle, place + 1)
            if count:
                found.append(f"{self.name}: {name}, {count} times: "
                             + "; ".join(examples))
        return found
