# The accounting, on invented histories: it must find a loss, a double, a disorder, and must not see what is not there.
import unittest

from audit import audit

R, S = 9, 1  # a recipient and a sender


def book(*lines, read=(R,)):
    return list(lines) + [f"C {account}" for account in read]


def message(number, kinds, archive_id="-"):
    """One message's lines: kinds such as "SADM" in this order."""
    ends = {"D": f" {archive_id}", "M": f" {archive_id}", "O": f" {archive_id}", "E": " resource-constraint"}
    return [f"{kind} {S} {R} {number}{ends.get(kind, '')}" for kind in kinds]


class Audit(unittest.TestCase):
    def check(self, lines, own=(), **expected):
        account = audit(lines, [R], own)
        self.assertEqual({**{name: 0 for name in expected}, **account.faults()}, expected, account)
        return account

    def test_a_good_history_has_no_faults(self):
        account = self.check(book(*message(1, "SADM", "a1"), *message(2, "SADM", "a2")))
        self.assertEqual((account.sent, account.tries, account.acked, account.delivered, account.archived), (2, 2, 2, 2, 2))
        self.assertEqual((account.repeated, account.redelivered, account.vanished_ids), (0, 0, 0))

    def test_acknowledged_and_nowhere_is_lost(self):
        account = self.check(book(*message(1, "SADM"), *message(2, "SA")), lost=1)
        self.assertEqual(account.examples["lost"], [f"{S} {R} 2"])

    def test_in_the_archive_alone_or_delivered_alone_is_not_lost(self):
        self.check(book(*message(1, "SAM")))
        self.check(book(*message(1, "SAD")), unarchived=1)

    def test_what_was_not_acknowledged_may_be_anywhere(self):
        self.check(book(*message(1, "S"), *message(2, "SD"), *message(3, "SM")))

    def test_what_was_refused_is_not_lost(self):
        account = self.check(book(*message(1, "SAE")))
        self.assertEqual(account.refused, 1)

    def test_stored_twice_by_one_acceptance_is_a_duplicate(self):
        self.check(book(*message(1, "SADMM")), duplicated=1)
        self.check(book(*message(1, "SADMMM")), duplicated=2)

    def test_stored_again_after_a_second_try_is_a_repetition(self):
        account = self.check(book(*message(1, "SSADDMM")))
        self.assertEqual((account.tries, account.sent, account.repeated, account.redelivered), (2, 1, 1, 1))

    def test_a_try_the_server_says_it_did_not_handle_explains_no_copy(self):
        self.check(book(*message(1, "SVSADMM")), duplicated=1)
        self.check(book(*message(1, "SVSADM")))

    def test_disorder_in_the_archive_and_in_delivery(self):
        first, second = message(1, "SA"), message(2, "SA")
        self.check(book(*first, *second, *message(2, "DM"), *message(1, "DM")), archive_disorder=1, delivery_disorder=1)

    def test_a_repetition_is_no_disorder(self):
        lines = message(1, "SSA") + message(2, "SSA") + message(1, "DM") + message(2, "DM") + message(1, "DM") + message(2, "DM")
        account = self.check(book(*lines))
        self.assertEqual(account.repeated, 2)

    def test_other_pairs_have_an_order_of_their_own(self):
        self.check(book(*message(2, "SADM"), "S 2 9 1", "A 2 9 1", "D 2 9 1 -", "M 2 9 1 b"))

    def test_what_nobody_sent_is_foreign(self):
        self.check(book(f"M {S} {R} 7 a"), foreign=1)
        self.check(book(f"D {S} {R} 7 a"), foreign=1)
        self.check(book("F 9 <message/>"), foreign=1)

    def test_the_senders_own_archive(self):
        self.check(book(*message(1, "SADMO"), *message(2, "SADM"), read=(R, S)), own=[S], unrecorded=1)

    def test_an_archive_that_was_not_read_is_a_fault(self):
        self.check(book(*message(1, "SADM"), read=()), unread=1)

    def test_nothing_is_said_about_an_archive_that_was_not_read(self):
        self.check(book(*message(1, "SA"), *message(2, "SAD", "id"), read=()), unread=1)

    def test_a_seen_id_that_the_archive_does_not_know(self):
        account = self.check(book(*message(1, "SD", "first"), *message(1, "SADM", "second")))
        self.assertEqual(account.vanished_ids, 1)

    def test_a_line_that_is_no_line_is_an_error(self):
        self.assertRaises(ValueError, audit, ["X 1 9 1"], [R])


if __name__ == "__main__":
    unittest.main()
