#!/usr/bin/python3
"""The essential of run.py on directories of other makers: Debian's 389-ds, and Debian's Samba as an Active Directory that gives Kerberos
tickets too. One Aldis serves a domain for each.

    run_products.py --binary build/release/aldis                # what is installed
    run_products.py --binary build/release/aldis samba-people   # one case
"""
import argparse
import asyncio
import functools
import os
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from directory_world import MEMBERS, run, try_plain  # noqa: E402   first: it knows where the others are
from cases_groups import enters, may_count, pushed, roster  # noqa: E402
from cases_profiles import ask, card_of, text_in  # noqa: E402
import products  # noqa: E402
import range_limit  # noqa: E402
import servers  # noqa: E402
from served import Served, run_cases, toml  # noqa: E402
from slixmpp_client import Person  # noqa: E402

PASSWORD = "Long-Secret-1"   # Active Directory judges it
PEOPLE = ("juliet", "romeo", "tybalt", "nurse", *MEMBERS)
MANY = int(os.environ.get("ALDIS_TEST_MANY", "20"))   # contacts in the large group beside two people; 1600 take a minute to make
DOMAIN = {"389ds": "ds389.example", "samba": "samba.example"}


class World(Served):
    def __init__(self, folder, binary):
        super().__init__(folder, binary, *servers.free_ports(2))
        self.environment = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0", "KRB5_CONFIG": "/dev/null"}   # as in run.py
        problems = []
        servers.make_authority(folder)
        servers.make_certificate(folder, "server", [*DOMAIN.values(), "upn.example", "ranges.example", "rooms.example"])

        def make(name, kind):
            try:
                product = kind(folder / name)
                if name == "samba":   # who is many is made at once, before anybody can ask
                    product.add_before_start("".join(f"dn: CN=extra{i},{product.people}\nobjectClass: contact\n\n" for i in range(MANY)))
                self.products[name] = product
                product.start()
                entries = "".join(product.person(uid, PASSWORD) for uid in PEOPLE)
                entries += product.group("inner", ["abram"]) + product.group("staff", ["sampson", "gregory", "+inner"]) + product.group("ops", ["gregory"])
                if name == "samba":
                    entries += product.group("large", ["sampson", *(f"extra{i}" for i in range(MANY)), "gregory"])
                product.fill(entries)
            except BaseException as error:  # noqa: BLE001
                problems.append(error)
        threads = [threading.Thread(target=make, args=each) for each in (("389ds", products.Ds389), ("samba", products.SambaDomain)) if is_there(each[0])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        for name, password in (("389ds", "service secret"), ("samba", "Service-Secret-1")):
            (folder / f"{name}-password").write_text(password + "\n")
            (folder / f"{name}-password").chmod(0o600)
        if "samba" in self.products:
            self.products["samba"].keytab("xmpp/samba.example", folder / "samba.keytab")
            (folder / "samba.keytab").chmod(0o600)
            samba = self.products["samba"]
            servers.make_card(folder, "ranges", "IP:127.0.0.1", usage="serverAuth")
            self.ranges = range_limit.RangeLimit(folder, samba.host, samba.tls_port, most=5, certificate="ranges")
        self.configure()
        self.start()

    def configure(self):
        text = self.head(self.NO_LOCKOUT)
        tls = 'certificates = ["server.pem"]\nkeys = ["server.key"]\n'
        rooms = []
        for name, product in self.products.items():
            options = {"name": name, "kind": "389ds" if name == "389ds" else "active_directory", "servers": [product.url], "base": product.people,
                       "bind_dn": product.service, "password_file": f"{name}-password", "ca_file": "ca.pem", "timeout": "1200ms", "refresh": "1s", "group_base": product.groups,
                       "groups_refresh": "1s", "roster_groups": ["staff"], "profile_lifetime": "1s"}
            if name == "389ds":
                options["profile_writable"] = ["mobile"]
            sections = [(options, DOMAIN[name])]
            if name == "samba":
                sections.append(({**options, "name": "ranges", "servers": [self.ranges.url], "roster_groups": ["large"]}, "ranges.example"))
                sections.append(({**options, "name": "upn", "login": "userPrincipalName", "login_domain": "corp.example", "group_base": "", "roster_groups": []}, "upn.example"))
            for one, domain in sections:
                text += "\n[[directory]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in one.items())
                text += f'\n[[domain]]\nname = "{domain}"\ndirectory = "{one["name"]}"\nadministrator_groups = {toml(["ops"] if one["group_base"] else [])}\n{tls}'
            if name == "samba":   # the service's account has one key, whatever its names are
                text = text.replace('name = "samba.example"\n', 'name = "samba.example"\nkerberos_keytab = "samba.keytab"\nkerberos_realms = ["CORP.EXAMPLE"]\n'
                                    "kerberos_fold_case = true\n")
                text += 'kerberos_keytab = "samba.keytab"\nkerberos_realms = ["CORP.EXAMPLE"]\nkerberos_attribute = "userPrincipalName"\nkerberos_services = ["xmpp/samba.example"]\n'
            rooms.append(f"staff@{DOMAIN[name]}")
        text += f'\n[[domain]]\nname = "rooms.example"\nserves = "rooms"\n{tls}[domain.extension.muc]\ndefault_members_only = true\nlock_new_rooms = false\n'
        text += f"member_groups = {toml(rooms)}\n"
        self.config.write_text(text)

    def client(self, who, domain, password=PASSWORD):
        return Person({"ca_file": str(self.folder / "ca.pem"), "transport": "starttls", "host": "127.0.0.1", "port": self.port},
                      {"jid": f"{who}@{domain}", "password": password})

    def kill(self):
        super().kill()
        for product in self.products.values():
            product.stop()
        if self.ranges is not None:
            self.ranges.close()


def is_there(name):
    return pathlib.Path({"389ds": products.NS_SLAPD, "samba": products.SAMBA}[name]).exists()


# ---- what holds on both

def people(world, name):
    """Login by a bind; who is disabled, or has another password, is out in time and not let in; others notice nothing."""
    product, domain = world.products[name], DOMAIN[name]
    assert try_plain(world, domain, "juliet", PASSWORD)[0] == "success"
    assert try_plain(world, domain, "JULIET", PASSWORD)[0] == "success"
    for who, password in (("juliet", "wrong"), ("nobody", PASSWORD), ("*", PASSWORD)):
        assert try_plain(world, domain, who, password)[0] == "not-authorized", who

    async def story():
        stays = await world.client("nurse", domain).log_in()
        for who, act in (("tybalt", lambda: product.disable("tybalt")), ("romeo", lambda: product.set_password("romeo", "Another-Secret-1"))):
            gone = await world.client(who, domain).log_in()
            gone.auto_reconnect = False
            act()
            await gone.happens("disconnected")
            answer, _ = try_plain(world, domain, who, PASSWORD)
            assert answer in ("not-authorized", "account-disabled"), (who, answer)
        assert try_plain(world, domain, "romeo", "Another-Secret-1")[0] == "success"
        stays.send_message(mto=stays.boundjid.bare, mbody="here", mtype="chat")
        assert (await stays.happens("message"))["body"] == "here"
        await stays.log_out()
    run(story())


def groups(world, name):
    """Groups with a group inside: on rosters, in rooms, as rights; who comes and goes is told."""
    product, domain = world.products[name], DOMAIN[name]

    async def story():
        those = {uid: await world.client(uid, domain).log_in() for uid in MEMBERS}
        sampson, gregory, abram, balthasar = those.values()
        assert await roster(sampson) == {"gregory": ["staff"], "abram": ["staff"]}, await roster(sampson)
        assert await roster(balthasar) == {}
        assert [await may_count(each, domain) for each in those.values()] == [False, True, False, False]
        assert await enters(sampson, f"yard-{name}") is None and await enters(abram, f"yard-{name}") is None
        assert await enters(balthasar, f"yard-{name}") == "registration-required"
        product.join("staff", "balthasar")
        await pushed(sampson, "balthasar", "both")
        assert set(await roster(balthasar)) == {"sampson", "gregory", "abram"}
        product.join("inner", "balthasar")
        product.join("inner", "abram", is_in=False)
        await pushed(sampson, "abram", "remove")
        product.join("ops", "gregory", is_in=False) if name == "samba" else product.change(
            f"dn: {product.group_dn('ops')}\nchangetype: modify\nreplace: member\nmember: {product.dn('nurse')}\n")
        while await may_count(gregory, domain):
            await asyncio.sleep(0.2)
        for each in those.values():
            await each.log_out()
    run(story())


def cards(world, name):
    """A card is what the entry says; 389-ds takes a change as the person, Active Directory's presets are read only."""
    domain = DOMAIN[name]

    async def story():
        who = await world.client("nurse", domain).log_in()
        own = await ask(who, "get", "<vCard xmlns='vcard-temp'/>")
        assert text_in(own, "FN") == ["nurse"] and text_in(own, "TEL", "NUMBER") == ["+39 1"], ET.tostring(own)
        change = card_of({"FN": "nurse", "N/FAMILY": "nurse", "EMAIL/USERID": "nurse@example.org", "CELL": "+39 2"})
        answer = await ask(who, "set", change)
        if name == "389ds":
            assert not isinstance(answer, str), answer
            own = await ask(who, "get", "<vCard xmlns='vcard-temp'/>")
            assert text_in(own, "TEL", "NUMBER") == ["+39 2"], ET.tostring(own)
            answer = await ask(who, "set", card_of({"FN": "nurse", "N/FAMILY": "another", "EMAIL/USERID": "nurse@example.org", "CELL": "+39 2"}))
        assert answer == "not-allowed", answer
        await who.log_out()
    run(story())


def operators(world, name):
    """aldis directory check finds nothing wrong, and says who is disabled."""
    product, domain = world.products[name], DOMAIN[name]
    product.disable("tybalt")
    product.set_password("romeo", "Another-Secret-2")
    code, said = world.operator("directory", "check", f"sampson@{domain}")
    assert code == 0, said
    for wanted in (r"connection\s+yes", r"tls\s+yes\s+.*TLS", r"login\s+yes", r"search\s+yes\s+one entry", r"name\s+yes", r"enabled\s+yes", r"password\s+yes",
                   r"groups\s+yes\s+.*staff", r"roster-groups\s+yes\s+staff", r"everybody\s+yes\s+\d+ entries",
                   r"profile\s+yes", r"account\s+yes\s+known here"):
        assert re.search(wanted, said), (wanted, said)
    code, said = world.operator("directory", "check", f"romeo@{domain}")   # 389-ds says it of passwords that were changed
    assert code == 0 and re.search(r"password-changed\s+yes\s+\d{4}-", said), said
    code, said = world.operator("directory", "check", f"tybalt@{domain}")
    assert code == 0 and re.search(r"enabled\s+no", said), said
    assert PASSWORD not in world.log() and "ecret-1" not in world.log(), "a password is in the log"


# ---- Active Directory alone

def active_directory(world, name):
    """Logins by userPrincipalName; members that are no people; passwords that must be changed; accounts that have expired. Samba gives all
    members of a group at once, 1,602 were seen (ALDIS_TEST_MANY=1600): its MaxValRange is no limit, ranges come only when they are asked for,
    which range_limit.py does."""
    product = world.products[name]
    assert try_plain(world, "upn.example", "juliet", PASSWORD)[0] == "success"
    product.set("juliet", "userPrincipalName", "capulet@corp.example")
    assert try_plain(world, "upn.example", "capulet", PASSWORD)[0] == "success"
    assert try_plain(world, "upn.example", "juliet", PASSWORD)[0] == "not-authorized"
    product.set("juliet", "userPrincipalName", "capulet@elsewhere.example")
    assert try_plain(world, "upn.example", "capulet", PASSWORD)[0] == "not-authorized", "a name of another domain"
    product.set("juliet", "userPrincipalName", "juliet@corp.example")
    code, said = world.operator("directory", "check", "gregory@samba.example")
    assert code == 0 and re.search(r"groups\s+yes\s+large", said), said
    members_in_ranges(world)
    product.set("nurse", "accountExpires", "116444736000000000")   # 1970
    assert try_plain(world, "samba.example", "nurse", PASSWORD)[0] in ("not-authorized", "account-disabled")
    product.set("nurse", "accountExpires", "0")
    product.set("nurse", "pwdLastSet", "0")
    assert try_plain(world, "samba.example", "nurse", PASSWORD)[0] in ("not-authorized", "credentials-expired")
    product.set("nurse", "pwdLastSet", "-1")
    assert try_plain(world, "samba.example", "nurse", PASSWORD)[0] == "success"


def members_in_ranges(world):
    """Nobody of a group is forgotten whose members come five at a time, and who joins it later is in the last range."""
    product = world.products["samba"]

    async def story():
        sampson = await world.client("sampson", "ranges.example").log_in()
        assert await roster(sampson) == {"gregory": ["large"]}, await roster(sampson)
        product.join("large", "balthasar")
        await pushed(sampson, "balthasar", "both")
        await sampson.log_out()
    run(story())
    begins = {int(re.search(r"=(\d+)-", each)[1]) for each in world.ranges.asked}
    assert begins == set(range(0, MANY + 3, 5)), begins   # three people with the contacts: the last range has the last of them


def tickets(world, name):
    """Kerberos tickets of Samba's KDC, by name and by userPrincipalName; the keytab has one of the names of the service's account."""
    product = world.products[name]
    config = world.folder / "krb5.conf"
    config.write_text(f"[libdefaults]\n  default_realm = CORP.EXAMPLE\n  dns_lookup_kdc = false\n  dns_lookup_realm = false\n  dns_canonicalize_hostname = false\n"
                      f"  rdns = false\n  udp_preference_limit = 1\n[realms]\n  CORP.EXAMPLE = {{\n    kdc = {product.host}:{product.kdc_port}\n  }}\n"
                      "[domain_realm]\n  samba.example = CORP.EXAMPLE\n  upn.example = CORP.EXAMPLE\n")
    cache = f"FILE:{world.folder}/juliet.cc"
    os.environ["KRB5_CONFIG"] = str(config)
    products.run("kinit", "-c", cache, "juliet@CORP.EXAMPLE", text=PASSWORD + "\n")
    sys.path.insert(0, str(HERE.parent / "kerberos"))
    import ticket_client
    products.run("samba-tool", "spn", "add", "xmpp/upn.example", "aldis", "-s", product.config)
    for domain in ("samba.example", "upn.example"):
        for binds in (False, True):
            stream = ticket_client.Stream(world, domain)
            header = b"p=tls-server-end-point,,"
            context = ticket_client.ticket(cache, service=f"xmpp@{domain}", bound_to=header + stream.end_point if binds else None)
            answer = stream.gs2(context, "GS2-KRB5-PLUS", header) if binds else stream.gssapi(context)
            assert answer == "success", (domain, binds, answer, world.log()[-2000:])
            assert stream.bind() == f"juliet@{domain}/here"
            stream.close()
    product.disable("juliet")
    stream = ticket_client.Stream(world, "samba.example")
    assert stream.gssapi(ticket_client.ticket(cache, service="xmpp@samba.example")) == "account-disabled", stream.failure
    stream.close()


CASES = {"389ds-people": (people, "389ds"), "389ds-groups": (groups, "389ds"), "389ds-cards": (cards, "389ds"), "389ds-operators": (operators, "389ds"),
         "samba-people": (people, "samba"), "samba-groups": (groups, "samba"), "samba-cards": (cards, "samba"), "samba-operators": (operators, "samba"),
         "samba-active-directory": (active_directory, "samba"), "samba-tickets": (tickets, "samba")}


def main():
    parser = argparse.ArgumentParser(description="people from directories of other makers")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the aldis program")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a failed run, with configuration and logs")
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="only these")
    arguments = parser.parse_args()
    missing = [name for name in DOMAIN if not is_there(name)]
    if len(missing) == len(DOMAIN):
        print("skipped: there is neither 389-ds nor Samba")
        return 77
    for name in missing:
        print(f"{name} is not here: its cases are left out", flush=True)
    asyncio.set_event_loop(asyncio.new_event_loop())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="products-"))
    failed = 0
    world = World.__new__(World)
    world.process, world.products, world.ranges = None, {}, None
    try:
        started = time.monotonic()
        world.__init__(folder, arguments.binary.resolve())
        print(f"started in {time.monotonic() - started:.1f} s", flush=True)
        wanted = {name: CASES[name] for name in arguments.cases or CASES if CASES[name][1] not in missing}
        failed = run_cases({name: functools.partial(case, world, product) for name, (case, product) in wanted.items()}, world.log)
        world.stop()
    finally:
        world.kill()
        if not (failed and arguments.keep):
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
