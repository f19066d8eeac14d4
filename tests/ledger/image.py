# What a disk holds after the power went: replays the log of powerloss.cpp up to a moment. What a successful sync covered is
# there; of everything else, whole operations may be missing, and a write may be torn: each sector of 512 bytes is old or new.
# A name that was made is there once its file or its folder was synced; a removal or renaming, once the folder was.
import os
import random
import struct
from dataclasses import dataclass

RECORD = struct.Struct("<BxHIQQQ")
SECTOR = 512


@dataclass
class Operation:
    kind: str  # o made, w wrote, t truncated, s sync begins, S sync succeeded, u unlinked, r renamed
    path: str
    offset: int = 0
    data: bytes = b""
    nanoseconds: int = 0
    sync: int = 0


def read_log(path):
    operations = []
    with open(path, "rb") as file:
        while len(head := file.read(RECORD.size)) == RECORD.size:
            kind, path_size, data_size, offset, nanoseconds, sync = RECORD.unpack(head)
            name, data = file.read(path_size).decode(), file.read(data_size)
            if len(name) < path_size or len(data) < data_size:
                break  # the process was killed while it wrote this
            operations.append(Operation(chr(kind), name, offset, data, nanoseconds, sync))
    return operations


class File:
    """One file: what is certain, and what may come on top, in order."""

    def __init__(self, content=b"", is_certain=True):
        self.content = bytearray(content)
        self.is_certain = is_certain  # whether it exists for sure
        self.pending = []

    def settle(self, count):
        for operation in self.pending[:count]:
            apply(self.content, operation)
        del self.pending[:count]
        self.is_certain = True

    def after_loss(self, choose):
        content = bytearray(self.content)
        for operation in self.pending:
            fate = choose.fate()
            if fate == "tear" and operation.kind == "w":
                tear(content, operation, choose)
            elif fate != "drop":
                apply(content, operation)
        return bytes(content)


def apply(content, operation):
    if operation.kind == "t":
        del content[operation.offset:]
        content.extend(bytes(operation.offset - len(content)))
    else:
        content.extend(bytes(max(0, operation.offset - len(content))))
        content[operation.offset:operation.offset + len(operation.data)] = operation.data


def tear(content, operation, choose):
    """Sectors of a write, each old or new; the file grows as far as one that is new."""
    begin, end = operation.offset, operation.offset + len(operation.data)
    while begin < end:
        sector_end = min(end, (begin // SECTOR + 1) * SECTOR)
        if choose.sector():
            part = operation.data[begin - operation.offset:sector_end - operation.offset]
            apply(content, Operation("w", operation.path, begin, part))
        begin = sector_end


class Choice:
    """How a disk loses: everything, nothing, or at random."""

    STYLES = ("drop", "keep", "mixed", "torn")

    def __init__(self, style, seed):
        self.style, self.random = style, random.Random(seed)

    def fate(self):
        return {"drop": "drop", "keep": "keep", "torn": "tear"}.get(self.style) or self.random.choice(["drop", "keep", "tear"])

    def sector(self):
        return self.random.random() < 0.5

    def name(self):
        return {"drop": False, "keep": True}.get(self.style, self.random.random() < 0.5)


class Disk:
    """The folder, as operations come. `files` are names as the process sees them; `names` are changes not yet certain."""

    def __init__(self, folder):
        self.files = {}
        self.gone = {}  # path -> File that an uncertain removal or renaming took away
        self.begun = {}  # number of a sync -> (path, File, how many operations it covers)
        for base, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(base, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        self.files[os.path.relpath(path, folder)] = File(file.read())

    def add(self, operation):
        path = operation.path
        if operation.kind == "s":
            file = self.files.get(path)
            self.begun[operation.sync] = (path, file, len(file.pending) if file else 0, dict(self.gone))
        elif operation.kind == "S":
            self._synced(*self.begun.pop(operation.sync))
        elif operation.kind == "u":
            self._take_away(path)
        elif operation.kind == "r":
            moved = self.files.pop(path, None)
            target = operation.data.decode()
            self._take_away(target)
            if moved:
                self.gone[path] = moved
                self.files[target] = moved
        elif operation.kind == "o":
            self.files[path] = File(is_certain=False)
        else:
            self.files.setdefault(path, File(is_certain=False)).pending.append(operation)

    def _take_away(self, path):
        file = self.files.pop(path, None)
        if file and (file.is_certain or file.content):
            self.gone.setdefault(path, file)

    def _synced(self, path, file, covered, gone):
        if file is not None:
            # Another sync of the file may have settled some meanwhile; it covered a prefix as well.
            file.settle(min(covered, len(file.pending)))
            return
        for name in gone:  # a folder: its names are certain
            if os.path.dirname(name) == ("" if path == "." else path):
                self.gone.pop(name, None)
        for name, there in self.files.items():
            if os.path.dirname(name) == ("" if path == "." else path):
                there.is_certain = True

    def write_image(self, folder, choose):
        for path, file in self.files.items():
            if file.is_certain or choose.name():
                self._write(folder, path, file.after_loss(choose))
        for path, file in self.gone.items():
            if path not in self.files and not choose.name():
                self._write(folder, path, file.after_loss(choose))

    @staticmethod
    def _write(folder, path, content):
        where = os.path.join(folder, path)
        os.makedirs(os.path.dirname(where), mode=0o700, exist_ok=True)
        with open(where, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
