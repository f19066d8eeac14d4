"""Tests of the comparison's arithmetic: a table that flatters is worse than none."""
import unittest

import scenarios
import table


def chat(**limits):
    return scenarios.Scenario("chat", "chat", "us", "direct", [], "cpu", requirement=scenarios.Requirement(**limits),
                              second=("p99", "p99", None))


class Table(unittest.TestCase):
    def met(self, scenario, aldis, peer=100.0, relay=10.0):
        return table.met(scenario, [{"cpu": aldis, "p99": 5}], peer, relay)

    def test_a_requirement_is_met_up_to_its_limit(self):
        scenario = chat(of_peer=1 / 5, of_relay=1.7)
        self.assertEqual(self.met(scenario, 17.0), "yes")
        self.assertEqual(self.met(scenario, 17.1), "no")
        self.assertEqual(self.met(scenario, 17.0, peer=80.0), "no")
        self.assertEqual(self.met(chat(over_relay=4), 14.0), "yes")
        self.assertEqual(self.met(chat(absolute=4), 4.1), "no")

    def test_nothing_is_claimed_without_a_measurement(self):
        self.assertEqual(self.met(chat(of_peer=1 / 5, of_relay=1.7), 1.0, relay=None), "")
        self.assertEqual(self.met(chat(of_peer=1 / 5), 1.0, peer=None), "")
        self.assertEqual(table.met(chat(absolute=4), None, 1, 1), "")
        self.assertEqual(self.met(chat(), 1.0), "")

    def test_a_run_with_losses_meets_nothing(self):
        runs = [{"cpu": 1.0, "p99": 5}, {"cpu": 1.0, "p99": 5, "lost": 1}]
        self.assertEqual(table.met(chat(absolute=4), runs, None, None), "no")
        self.assertIn("**1 faults**", table.cell(chat(), runs, 1.0))

    def test_a_scenario_that_did_not_end_meets_nothing(self):
        self.assertEqual(self.met(chat(absolute=60), -1), "no")

    def test_the_second_figure_has_its_limit(self):
        storm = chat(absolute=60)
        storm.second = ("p99", "p99", 50)
        self.assertEqual(table.met(storm, [{"cpu": 1.0, "p99": 50}], None, None), "yes")
        self.assertEqual(table.met(storm, [{"cpu": 1.0, "p99": 51}], None, None), "no")
        self.assertEqual(table.met(storm, [{"cpu": 1.0}], None, None), "no")

    def test_the_second_figure_beside_the_better_peers(self):
        joining = chat(of_peer=1 / 10)
        joining.second_at_most_of_peer = 1 / 10
        peers = {"prosody": [{"cpu": 50.0, "p99": 60}], "ejabberd": [{"cpu": 40.0, "p99": 70}]}
        met = lambda cpu, p99, others: table.met(joining, [{"cpu": cpu, "p99": p99}], 40.0, None, all_runs=others)
        self.assertEqual(met(4.0, 6.0, peers), "yes")
        self.assertEqual(met(4.0, 6.1, peers), "no")
        self.assertEqual(met(4.1, 6.0, peers), "no")
        self.assertEqual(met(4.0, 6.0, {}), "")

    def test_the_better_peer_is_the_smaller_figure_and_values_are_medians(self):
        reports = {("chat", "aldis"): [{"cpu": 9.0, "p99": 1}, {"cpu": 10.0, "p99": 2}, {"cpu": 90.0, "p99": 3}],
                   ("chat", "prosody"): [{"cpu": 200.0, "p99": 1}], ("chat", "ejabberd"): [{"cpu": 100.0, "p99": 1}]}
        row = table.markdown([chat(of_peer=1 / 5)], reports).split("\n")[-1]
        self.assertEqual(row, "| chat | us | 10 (p99 2) | 200 (p99 1) | 100 (p99 1) | – | 1/10.0 |  | ≤ 1/5 of the better peer"
                              " | yes |")

    def archive_met(self, scenario, aldis, **others):
        """The last cell of the row; figures are (cpu, messages a second)."""
        reports = {(scenario.name, name.replace("_", "-")): [{"cpu": cpu, "p99": rate}] for name, (cpu, rate) in others.items()}
        reports[(scenario.name, "aldis")] = [{"cpu": aldis[0], "p99": aldis[1]}]
        row = table.markdown([scenario], reports, table.ARCHIVE_NAMES).split("\n")[-1]
        return row.split("|")[-2].strip()

    def test_throughput_beside_the_better_of_the_synced_stores_and_beside_the_files(self):
        scenario = chat(of_peer=1 / 20, of_files=1 / 3)
        scenario.second_of_peer, scenario.second_of_files = 20, 3
        peers = {"prosody_sqlite": (400.0, 100), "ejabberd_sqlite": (200.0, 50), "prosody_files": (30.0, 1000)}
        self.assertEqual(self.archive_met(scenario, (10.0, 3000), **peers), "yes")
        self.assertEqual(self.archive_met(scenario, (10.1, 3000), **peers), "no")
        self.assertEqual(self.archive_met(scenario, (10.0, 2999), **peers), "no")  # 3 times the files
        self.assertEqual(self.archive_met(scenario, (10.0, 3000), **{**peers, "prosody_sqlite": (400.0, 151)}), "no")
        self.assertEqual(self.archive_met(scenario, (1.0, 9000), prosody_sqlite=(400.0, 100)), "")  # files not measured

    def test_our_own_other_scenario_is_a_measure(self):
        off, on = chat(), chat(of_own=("off", 2.5, 0))
        off.name = "off"
        reports = {("off", "aldis"): [{"cpu": 4.0, "p99": 1}], ("chat", "aldis"): [{"cpu": 10.0, "p99": 1}]}
        last = lambda: table.markdown([off, on], reports, table.ARCHIVE_NAMES).split("\n")[-1].split("|")[-2].strip()
        self.assertEqual(last(), "yes")
        reports[("off", "aldis")][0]["cpu"] = 3.9
        self.assertEqual(last(), "no")
        del reports[("off", "aldis")]
        self.assertEqual(last(), "")

    def test_every_scenario_has_its_own_name_and_words(self):
        every = scenarios.ALL + scenarios.ARCHIVE
        self.assertEqual(len({s.name for s in every}), len(every))
        for scenario in every:
            table.required(scenario)
            if scenario.requirement.of_own:
                self.assertIn(scenario.requirement.of_own[0], {s.name for s in scenarios.ARCHIVE})


class Links(unittest.TestCase):
    def rows(self, **links):
        """The last cells of the links' rows; figures are (first server, second server)."""
        scenario = scenarios.Scenario("s2s", "s2s", "us", "starttls", [], "server_us", requirement=scenarios.Requirement(of_peer=1 / 4))
        reports = {("s2s", name.replace("_", "-")): [{"server_us": one, "other_us": two, "messages": 10, "seconds": 2, "delay_p99_us": 5000,
                                                      "lost": lost}] for name, (one, two, lost) in links.items()}
        return [row.split("|")[-2].strip() for row in table.federation([scenario], reports).split("\n")[2:]]

    def test_each_aldis_needs_a_quarter_of_the_better_prosody(self):
        self.assertEqual(self.rows(aldis_aldis=(25, 25, 0), prosody_prosody=(120, 100, 0)), ["yes", ""])
        self.assertEqual(self.rows(aldis_aldis=(25, 26, 0), prosody_prosody=(120, 100, 0)), ["no", ""])
        self.assertEqual(self.rows(aldis_prosody=(25, 200, 0), prosody_prosody=(120, 100, 0)), ["yes", ""])
        self.assertEqual(self.rows(aldis_aldis=(25, 25, 1), prosody_prosody=(120, 100, 0)), ["no", ""])

    def test_nothing_is_claimed_without_a_measurement(self):
        self.assertEqual(self.rows(aldis_aldis=(25, 25, 0)), [""])


if __name__ == "__main__":
    unittest.main()
