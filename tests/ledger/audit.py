# The accounting of the ledger: reads a book (its lines are described in book.h) and says what was lost, doubled or moved.
# Pure: a book in, an Account out; audit_test.py feeds it invented histories.
from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass
class Account:
    """Counts of messages, except where said. What fails the proof stands in faults()."""

    sent: int = 0  # different messages that were written at least once
    tries: int = 0  # writings: after an interruption the unacknowledged ones are written again
    acked: int = 0
    refused: int = 0  # returned to the sender with an error: it knows
    delivered: int = 0
    archived: int = 0  # in the recipient's archive
    lost: int = 0  # acknowledged, not refused, and neither delivered nor in the recipient's archive
    unarchived: int = 0  # acknowledged, not refused, delivered, but not in the recipient's archive
    unrecorded: int = 0  # acknowledged, not refused, and not in the sender's own archive (only when that was read)
    duplicated: int = 0  # copies in the recipient's archive beyond the number of tries: one acceptance stored twice
    repeated: int = 0  # copies beyond one that tries explain: the first was not acknowledged, the message was sent again
    redelivered: int = 0  # deliveries beyond the first
    archive_disorder: int = 0  # messages whose first copy stands after that of a later one of the same sender
    delivery_disorder: int = 0  # messages first delivered after a later one of the same sender
    vanished_ids: int = 0  # stanza-ids that recipients saw and that are not in their archives
    foreign: int = 0  # what nobody sent
    unread: int = 0  # archives that were not read to their end: nothing is said about their messages
    examples: dict = field(default_factory=dict)  # fault -> some message ids

    def faults(self):
        """Those of the promise: what was acknowledged is kept, once, in order."""
        return {name: getattr(self, name) for name in
                ("lost", "unarchived", "unrecorded", "duplicated", "archive_disorder", "delivery_disorder", "foreign", "unread")
                if getattr(self, name)}

    def line(self):
        return "  ".join(f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name != "examples")


EXAMPLES = 5


def audit(lines, recipients, own_archives=()):
    """lines: of a book. recipients, own_archives: the accounts whose archives must have been read to the end."""
    tries, deliveries, copies, own = Counter(), Counter(), Counter(), set()
    acked, refused, read = set(), set(), set()
    seen_ids, archive_ids = set(), set()
    latest_delivered, latest_archived = {}, {}  # (sender, recipient) -> highest number so far
    account = Account()

    def note(fault, message):
        setattr(account, fault, getattr(account, fault) + 1)
        account.examples.setdefault(fault, [])
        if len(account.examples[fault]) < EXAMPLES:
            account.examples[fault].append(message)

    def in_order(latest, message, fault):
        sender, recipient, number = message.split(" ")
        pair, number = (sender, recipient), int(number)
        if number < latest.get(pair, 0):
            note(fault, message)
        else:
            latest[pair] = number

    for line in lines:
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "T":
            continue
        if kind == "C":
            read.add(int(rest))
            continue
        if kind == "F":
            note("foreign", rest)
            continue
        words = rest.split(" ", 3)
        message = " ".join(words[:3])
        if kind == "S":
            account.tries += 1
            account.sent += message not in tries
            tries[message] += 1
        elif kind == "V":
            tries[message] -= 1
        elif kind == "A":
            acked.add(message)
        elif kind == "E":
            refused.add(message)
        elif kind == "D":
            deliveries[message] += 1
            if deliveries[message] == 1:
                in_order(latest_delivered, message, "delivery_disorder")
            if words[3] != "-":
                seen_ids.add((words[1], words[3]))
        elif kind == "M":
            copies[message] += 1
            archive_ids.add((words[1], words[3]))
            if copies[message] == 1:
                in_order(latest_archived, message, "archive_disorder")
        elif kind == "O":
            own.add(message)
        else:
            raise ValueError(f"not a line of a book: {line!r}")

    account.acked, account.refused = len(acked), len(refused)
    account.delivered, account.archived = len(deliveries), len(copies)
    account.redelivered = deliveries.total() - len(deliveries)
    account.vanished_ids = sum(int(seen[0]) in read for seen in seen_ids - archive_ids)
    for message in acked - refused:
        sender, recipient = (int(word) for word in message.split(" ")[:2])
        if recipient in read and message not in copies:
            note("unarchived" if message in deliveries else "lost", message)
        if own_archives and sender in read and message not in own:
            note("unrecorded", message)
    for message, count in copies.items():
        beyond_tries = max(0, count - max(1, tries[message]))
        for _ in range(beyond_tries):
            note("duplicated", message)
        account.repeated += count - 1 - beyond_tries
        if message not in tries:
            note("foreign", message)
    for message in deliveries:
        if message not in tries:
            note("foreign", message)
    account.unread = len((set(recipients) | set(own_archives)) - read)
    return account
