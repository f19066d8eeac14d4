# The simulated loss of power: what was synced stays, what was not may go, whole or by sectors.
import os
import tempfile
import unittest

from image import Choice, Disk, Operation, SECTOR


def after(operations, style="drop", seed=1, before=None):
    """The folder's files after the loss."""
    with tempfile.TemporaryDirectory() as base, tempfile.TemporaryDirectory() as image:
        for name, content in (before or {}).items():
            with open(os.path.join(base, name), "wb") as file:
                file.write(content)
        disk = Disk(base)
        for operation in operations:
            disk.add(operation)
        disk.write_image(image, Choice(style, seed))
        found = {}
        for name in os.listdir(image):
            with open(os.path.join(image, name), "rb") as file:
                found[name] = file.read()
        return found


def write(data, offset=0, path="f"):
    return Operation("w", path, offset, data)


def sync(number, path="f"):
    return [Operation("s", path, sync=number), Operation("S", path, sync=number)]


class Image(unittest.TestCase):
    BEFORE = {"f": b"old!"}

    def test_what_was_synced_stays(self):
        self.assertEqual(after([write(b"new!"), *sync(1)], before=self.BEFORE), {"f": b"new!"})

    def test_what_was_not_synced_goes_or_stays(self):
        self.assertEqual(after([write(b"new!")], "drop", before=self.BEFORE), {"f": b"old!"})
        self.assertEqual(after([write(b"new!")], "keep", before=self.BEFORE), {"f": b"new!"})

    def test_a_sync_that_has_not_ended_makes_nothing_certain(self):
        self.assertEqual(after([write(b"new!"), Operation("s", "f", sync=1)], before=self.BEFORE), {"f": b"old!"})

    def test_a_sync_covers_what_was_written_before_it_began(self):
        operations = [write(b"1"), Operation("s", "f", sync=1), write(b"2", 1), Operation("S", "f", sync=1)]
        self.assertEqual(after(operations, before=self.BEFORE), {"f": b"1ld!"})

    def test_a_sync_of_another_file_is_none(self):
        self.assertEqual(after([write(b"new!"), *sync(1, "g")], before={**self.BEFORE, "g": b""})["f"], b"old!")

    def test_a_torn_write_is_old_or_new_by_sectors(self):
        old, new = b"o" * SECTOR * 8, b"n" * SECTOR * 8
        seen = set()
        for seed in range(20):
            content = after([write(new)], "torn", seed, {"f": old})["f"]
            sectors = [content[i:i + SECTOR] for i in range(0, len(content), SECTOR)]
            self.assertTrue(all(s in (old[:SECTOR], new[:SECTOR]) for s in sectors))
            seen.add(bytes(s[0] for s in sectors))
        self.assertGreater(len(seen), 10)

    def test_truncation_is_an_operation_like_others(self):
        cut = Operation("t", "f", 2)
        self.assertEqual(after([cut], "drop", before=self.BEFORE), {"f": b"old!"})
        self.assertEqual(after([cut, *sync(1)], "drop", before=self.BEFORE), {"f": b"ol"})
        self.assertEqual(after([cut, write(b"x", 3), *sync(1)], before=self.BEFORE), {"f": b"ol\0x"})

    def test_a_new_file_is_certain_when_it_or_its_folder_was_synced(self):
        made = Operation("o", "n")
        self.assertEqual(after([made, write(b"x", path="n")]), {})
        self.assertEqual(after([made, write(b"x", path="n"), *sync(1, "n")]), {"n": b"x"})
        self.assertEqual(after([made, write(b"x", path="n"), *sync(1, ".")]), {"n": b""})

    def test_a_removal_is_certain_when_the_folder_was_synced(self):
        gone = Operation("u", "f")
        self.assertEqual(after([gone], "drop", before=self.BEFORE), self.BEFORE)
        self.assertEqual(after([gone], "keep", before=self.BEFORE), {})
        self.assertEqual(after([gone, *sync(1, ".")], "drop", before=self.BEFORE), {})

    def test_mixed_losses_differ_by_seed(self):
        operations = [write(bytes([65 + i]), i) for i in range(8)]
        self.assertGreater(len({after(operations, "mixed", seed, {"f": b"........"})["f"] for seed in range(20)}), 10)


if __name__ == "__main__":
    unittest.main()
