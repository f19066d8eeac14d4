#!/usr/bin/python3
"""People from a directory: Debian's slapd owns them, slixmpp logs in, and servers that hang, lie or are away stand in for the day when
the directory is not well. One Aldis serves a domain for each directory; the cases run one after another.

    run.py --binary build/release/aldis                # all cases
    run.py --binary build/release/aldis scram          # one
"""
import argparse
import asyncio
import functools
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from directory_world import World  # noqa: E402   first: it knows where the others are
import cases_certificates  # noqa: E402
import cases_groups  # noqa: E402
import cases_logins  # noqa: E402
import cases_operators  # noqa: E402
import cases_outages  # noqa: E402
import cases_passwords  # noqa: E402
import cases_people  # noqa: E402
import cases_profiles  # noqa: E402
import directories  # noqa: E402
from served import run_cases  # noqa: E402

CASES = {each.__name__.replace("_", "-"): each for each in (
    cases_logins.bind, cases_logins.scram, cases_logins.ways, cases_logins.odd_names, cases_logins.two_entries,
    cases_outages.unwell, cases_people.messages_wait, cases_groups.groups, cases_operators.operators,
    cases_passwords.own_passwords, cases_passwords.password_policy, cases_profiles.profile, cases_profiles.search,
    cases_certificates.certificates, cases_profiles.cards_while_away, cases_outages.together, cases_outages.away,
    cases_people.out_in_time)}


def main():
    parser = argparse.ArgumentParser(description="people from a directory")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the aldis program")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a failed run, with configuration and logs")
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="only these")
    arguments = parser.parse_args()
    if not pathlib.Path(directories.SLAPD).exists():
        print("skipped: there is no slapd")
        return 77
    asyncio.set_event_loop(asyncio.new_event_loop())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="directory-"))
    failed = 0
    world = None
    try:
        world = World(folder, arguments.binary.resolve())
        failed = run_cases({name: functools.partial(CASES[name], world) for name in arguments.cases or CASES}, world.log)
        world.close()
        world = None
    finally:
        if world is not None:
            world.kill()
            world.slapd.stop()
        if not (failed and arguments.keep):
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
