# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What a disk holds after a power cut, told from journals of power_cut.cc.

The rules are POSIX's, and no file system's kindness: a file's content is
durable up to its length at its last sync; a name, also a folder's, is durable
once the folder that it is in was synced. What a disk keeps besides is up to it:

  lost    nothing of it
  torn    half of what each file had unsynced, and no name
  mixed   of each file and each folder as much as chance has it, from the oldest
          on, whatever the others keep
"""

import os
import struct

MODES = ("lost", "torn", "mixed")

RECORD = struct.Struct("=QQQIIII")
(CREATE, TRUNCATE, WRITE, SYNC, SYNC_FOLDER, RENAME, LINK, UNLINK,
 MAKE_FOLDER) = range(1, 10)


class Record:
    """One thing that a process did, and when it was done (monotonic, ns)."""

    __slots__ = ("end", "file", "offset", "op", "path", "other", "data")

    def __init__(self, fields, path, other, data):
        self.end, self.file, self.offset, self.op = fields
        self.path, self.other, self.data = path, other, data

    @property
    def syncs(self):
        return self.op in (SYNC, SYNC_FOLDER)


def read_journals(paths):
    """The records of several processes, in the order of their ends.

    Each process has inodes of the same disk, so they are one disk's.
    """
    records = []
    for path in paths:
        with open(path, "rb") as journal:
            content = journal.read()
        at = 0
        while at + RECORD.size <= len(content):
            *fields, first, second, third = RECORD.unpack_from(content, at)
            at += RECORD.size
            parts = []
            for size in (first, second, third):
                parts.append(content[at:at + size])
                at += size
            if at > len(content):
                break  # its process was killed while it wrote
            names = [os.path.normpath(part.decode()) if part else ""
                     for part in parts[:2]]
            records.append(Record(fields, *names, parts[2]))
    records.sort(key=lambda record: record.end)
    return records


class File:
    """A file's bytes as processes see them; the first `durable` survive."""

    def __init__(self):
        self.data = bytearray()
        self.durable = 0

    def write(self, offset, data):
        # Whether bytes that were synced survive their being written over is
        # more than this knows. Nothing here writes over any.
        assert offset >= self.durable, "a file is written over"
        if len(self.data) < offset:
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset:offset + len(data)] = data

    def truncate(self, size):
        del self.data[size:]
        self.durable = min(self.durable, size)

    def kept(self, mode, random):
        unsynced = len(self.data) - self.durable
        more = {"lost": 0, "torn": unsynced // 2,
                "mixed": random.randint(0, unsynced)}[mode]
        return bytes(self.data[:self.durable + more])


class Folder:
    """Names as processes see them, and as they are on the disk."""

    def __init__(self):
        self.names = {}
        self.durable = {}
        # What was done since the last sync: {name: node, or None if removed}.
        self.pending = []

    def change(self, names):
        self.pending.append(names)
        self._apply(self.names, names)

    def sync(self):
        self.durable = dict(self.names)
        self.pending = []

    @staticmethod
    def _apply(to, names):
        for name, node in names.items():
            if node is None:
                to.pop(name, None)
            else:
                to[name] = node

    def kept(self, mode, random):
        names = dict(self.durable)
        if mode == "mixed":
            for change in self.pending[:random.randint(0, len(self.pending))]:
                self._apply(names, change)
        return names


class Disk:
    """The tree below a folder that is durable itself."""

    def __init__(self, root):
        self.root = os.path.normpath(root)
        self.top = Folder()
        self.files = {}

    def _place(self, path):
        """(the folder that a path is in, its last name)."""
        parts = os.path.relpath(path, self.root).split("/")
        folder = self.top
        for part in parts[:-1]:
            if part not in folder.names:
                # Made by a process that writes nothing down, such as a test.
                folder.names[part] = folder.durable[part] = Folder()
            folder = folder.names[part]
        return folder, parts[-1]

    def take(self, record):
        """Does what a process did."""
        if record.op == CREATE:
            folder, name = self._place(record.path)
            # An inode of a removed file may be given again.
            self.files[record.file] = File()
            folder.change({name: self.files[record.file]})
        elif record.op == TRUNCATE:
            file, size = self.files[record.file], record.offset
            if size > len(file.data):
                file.write(size, b"")
            else:
                file.truncate(size)
        elif record.op == WRITE:
            self.files[record.file].write(record.offset, record.data)
        elif record.op == SYNC:
            file = self.files[record.file]
            file.durable = len(file.data)
        elif record.op == SYNC_FOLDER:
            self._folder(record.path).sync()
        elif record.op == MAKE_FOLDER:
            folder, name = self._place(record.path)
            folder.change({name: Folder()})
        elif record.op == UNLINK:
            folder, name = self._place(record.path)
            folder.change({name: None})
        else:
            self._link(record)

    def _folder(self, path):
        if os.path.normpath(path) == self.root:
            return self.top
        folder, name = self._place(path)
        return folder.names[name]

    def _link(self, record):
        source, name = self._place(record.path)
        target, other = self._place(record.other)
        node = source.names[name]
        if record.op == LINK:
            target.change({other: node})
            return
        assert source is target, "a file moves to another folder"
        source.change({name: None, other: node})

    def write_image(self, to, mode, random):
        """Writes what a power cut now leaves into an empty folder."""
        self._write(self.top, to, mode, random)

    def _write(self, folder, to, mode, random):
        for name, node in folder.kept(mode, random).items():
            path = os.path.join(to, name)
            if isinstance(node, Folder):
                os.mkdir(path, 0o700)
                self._write(node, path, mode, random)
                continue
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(node.kept(mode, random))
