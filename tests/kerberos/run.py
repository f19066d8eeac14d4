#!/usr/bin/python3
"""People with Kerberos tickets: MIT's own KDC gives them, clients show them, the server has a keytab and asks nobody. One Aldis serves
several domains; the cases run one after another.

    run.py --binary build/release/aldis                # all cases
    run.py --binary build/release/aldis replay         # one
"""
import argparse
import asyncio
import base64
import functools
import hashlib
import hmac
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
for name in ("stories", "interop", "directory", "support"):
    sys.path.insert(0, str(HERE.parent / name))
sys.path.insert(0, str(HERE))
import directories  # noqa: E402
import realms  # noqa: E402
import servers  # noqa: E402
from realms import PADUA, VERONA, Realms  # noqa: E402
from served import Served, run_cases  # noqa: E402

MIT = [realms.KDC, "/usr/sbin/kadmin.local", "/usr/bin/kinit"]
PEOPLE = ("juliet", "romeo", "nurse", "tybalt", "paris", "stranger", "Mercutio", "juliet/admin")
DOMAINS = ("verona.example", "folded.example", "other.example", "bound.example", "people.example")
EXPIRES = 2   # seconds: how long the ticket is good that is shown too late


STOPS = []   # what ends what was started, the last first


class World(Served):
    def __init__(self, folder, binary):
        super().__init__(folder, binary, *servers.free_ports(2))
        self.realms = Realms(folder / "krb5")
        self.environment["KRB5_CONFIG"] = str(self.realms.server_config)
        self.environment["LSAN_OPTIONS"] = f"suppressions={HERE / 'leaks.txt'}:print_suppressions=0"
        os.environ["KRB5_CONFIG"] = str(self.realms.config)
        os.environ["KRB5CCNAME"] = f"FILE:{folder}/nobody.cc"
        keys = folder / "krb5" / "people.keytab"
        self.realms.kadmin(*(f"addprinc -randkey {who}" for who in PEOPLE), f"ktadd -k {keys} {' '.join(PEOPLE)}",
                           *(f"addprinc -randkey {service}" for service in ("xmpp/verona.example", "host/verona.example", "xmpp/host.verona.example",
                                                                            "xmpp/other.example", "xmpp/bound.example", "xmpp/people.example",
                                                                            "xmpp/away.example")),
                           f"addprinc -pw trusted krbtgt/{VERONA}@{PADUA}",
                           f"ktadd -k {folder}/all.keytab xmpp/verona.example host/verona.example xmpp/host.verona.example xmpp/other.example "
                           "xmpp/bound.example xmpp/people.example")
        self.realms.kadmin("addprinc -randkey juliet", f"ktadd -k {keys} juliet@{PADUA}", f"addprinc -pw trusted krbtgt/{VERONA}@{PADUA}", realm=PADUA)
        (folder / "all.keytab").chmod(0o600)
        STOPS.append(self.realms.stop)
        self.realms.start()
        self.caches = {}
        import ticket_client   # the library reads its environment when it is loaded
        self.client = ticket_client
        self.made = time.monotonic()
        self.late = self.show(self.realms.person("nurse", f"{EXPIRES}s")).step()
        servers.make_authority(folder)
        servers.make_certificate(folder, "server", DOMAINS)
        self.slapd = None
        if pathlib.Path(directories.SLAPD).exists():
            people = [directories.person(uid, f"{uid} secret") for uid in ("laurence", "peter", "simple")]
            self.slapd = directories.Slapd(folder / "slapd", people)
            STOPS.append(self.slapd.stop)
            self.slapd.start()
            self.slapd.set("laurence", "employeeNumber", f"romeo@{VERONA}")
            for uid in ("peter", "simple"):
                self.slapd.set(uid, "employeeNumber", f"paris@{VERONA}")
            (folder / "password").write_text(directories.SERVICE_PASSWORD + "\n")
            (folder / "password").chmod(0o600)
        self.configure()
        STOPS.append(self.kill)
        self.start()
        for who in ("juliet", "romeo", "nurse", "tybalt", "mercutio"):
            for domain in DOMAINS[:4]:
                code, said = self.operator("user", "add", f"{who}@{domain}", text=f"{who} secret\n")
                assert code == 0, said
        assert self.operator("user", "disable", "tybalt@verona.example")[0] == 0

    def configure(self):
        text = self.head()
        special = {
            "verona.example": 'kerberos_keytab = "xmpp.keytab"\n',
            "folded.example": f'kerberos_keytab = "all.keytab"\nkerberos_hostname = "host.verona.example"\nkerberos_fold_case = true\nkerberos_realms = ["{VERONA}"]\n',
            "other.example": f'kerberos_keytab = "all.keytab"\nkerberos_realms = ["{VERONA} = {{name}}", "{PADUA} = mer{{name}}"]\n',
            "bound.example": f'kerberos_keytab = "all.keytab"\nkerberos_realms = ["{VERONA}"]\nkerberos_mechanisms = ["GS2-KRB5-PLUS"]\n',
            "people.example": f'kerberos_keytab = "all.keytab"\nkerberos_realms = ["{VERONA}"]\nkerberos_attribute = "employeeNumber"\ndirectory = "people"\n',
        }
        if not (self.folder / "xmpp.keytab").exists():
            shutil.copy(self.folder / "all.keytab", self.folder / "xmpp.keytab")
        if self.slapd is None:
            del special["people.example"]
        else:
            text += (f'\n[[directory]]\nname = "people"\nservers = ["{self.slapd.url}"]\nbase = "{directories.PEOPLE}"\nbind_dn = "{directories.SERVICE}"\n'
                     'password_file = "password"\nca_file = "ca.pem"\n')
        for domain, options in special.items():
            text += f'\n[[domain]]\nname = "{domain}"\ncertificates = ["server.pem"]\nkeys = ["server.key"]\n{options}'
        self.config.write_text(text)

    def cache(self, who):
        if who not in self.caches:
            self.caches[who] = self.realms.person(who)
        return self.caches[who]

    def show(self, who, **more):
        """A context of somebody's, ready for its first step."""
        return self.client.ticket(who if who.startswith("FILE:") else self.cache(who), **more)

    def stream(self, domain="verona.example"):
        return self.client.Stream(self, domain)

    def try_gssapi(self, who, domain="verona.example", service=None, **more):
        stream = self.stream(domain)
        try:
            return stream.gssapi(self.show(who, service=service or f"xmpp@{domain}"), **more)
        finally:
            stream.close()

    def close(self):
        if self.slapd is not None:
            self.slapd.stop()
        self.realms.stop()
        self.stop()


def raw(world, data):
    return world.client.Raw(data)


# ---- who comes in

def login(world):
    """A ticket is a login; nothing else is asked, and the log says whose it was."""
    stream = world.stream()
    assert stream.mechanisms[:4] == ["GS2-KRB5-PLUS", "GS2-KRB5", "GSSAPI", "SCRAM-SHA-512-PLUS"], stream.features
    assert "<hostname xmlns='urn:xmpp:domain-based-name:1'>verona.example</hostname></mechanisms>" in stream.features, stream.features
    assert stream.gssapi(world.show("juliet")) == "success", stream.failure
    assert stream.bind() == "juliet@verona.example/here"
    stream.close()
    assert re.search(r"authenticated account=juliet@verona\.example mechanism=GSSAPI .*principal=juliet@VERONA\.EXAMPLE", world.log()), world.log()[-3000:]
    for own in (b"juliet@verona.example", b"juliet", b"JULIET@Verona.Example"):
        assert world.try_gssapi("juliet", choice=b"\x01\0\0\0" + own) == "success", own
    # RFC 4752 leaves mutual authentication to the client: the wrapped offer proves the server.
    stream = world.stream()
    assert stream.gssapi(world.show("romeo", flags=[world.client.gssapi.RequirementFlag.integrity])) == "success", stream.failure
    stream.close()


def foreign_clients(world):
    """slixmpp with the kerberos module; GNU SASL with both mechanisms."""
    from slixmpp_client import Person

    async def story():
        os.environ["KRB5CCNAME"] = world.cache("juliet")
        juliet = Person({"ca_file": str(world.folder / "ca.pem"), "transport": "starttls", "host": "127.0.0.1", "port": world.port},
                        {"jid": "juliet@verona.example", "password": "no password"})
        juliet.plugin["feature_mechanisms"].use_mech = "GSSAPI"
        juliet.credentials["service-name"] = "verona.example"
        await juliet.log_in()
        await juliet.log_out()
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(story(), 60))
    for mechanism in ("GSSAPI", "GS2-KRB5"):
        stream = world.stream()
        gsasl = subprocess.Popen(["gsasl", "--client", "--mechanism", mechanism, "--service", "xmpp", "--hostname", "verona.example", "--quiet", "--authentication-id",
                                  "romeo", "--authorization-id", "romeo@verona.example"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 env={**os.environ, "KRB5CCNAME": world.cache("romeo")})
        assert gsasl.stdout.readline().strip() == mechanism
        challenge = stream.begin(mechanism, base64.b64decode(gsasl.stdout.readline()))
        while challenge is not None:
            gsasl.stdin.write(base64.b64encode(challenge).decode() + "\n")
            gsasl.stdin.flush()
            challenge = stream.respond(base64.b64decode(gsasl.stdout.readline()))
        gsasl.stdin.close()
        assert gsasl.wait(10) is not None and stream.failure == "success", (mechanism, stream.failure)
        stream.close()


def channel_binding(world):
    """GS2: bound to this channel and this header, or not at all."""
    def attempt(mechanism="GS2-KRB5-PLUS", header=b"p=tls-server-end-point,,", data=None, bound_to=None, who="juliet", domain="verona.example"):
        stream = world.stream(domain)
        if data is None:
            data = stream.end_point if header.startswith(b"p=") else b""
        binding = header + data if bound_to is None else bound_to or None
        try:
            return stream.gs2(world.show(who, service=f"xmpp@{domain}", bound_to=binding), mechanism, header)
        finally:
            stream.close()
    assert attempt() == "success"
    assert attempt(header=b"p=tls-server-end-point,a=juliet@verona.example,") == "success"
    assert re.search(r"mechanism=GS2-KRB5-PLUS channel-binding=tls-server-end-point", world.log())
    assert attempt("GS2-KRB5", b"n,,") == "success"
    assert attempt(domain="bound.example") == "success"
    assert attempt(data=b"another channel's") == "not-authorized"
    assert attempt(bound_to=b"") == "not-authorized", "a client that has bound to nothing may have been talking to somebody else"
    assert attempt("GS2-KRB5", b"n,,", bound_to=b"") == "not-authorized"
    assert attempt(bound_to=b"n,,") == "not-authorized", "the header was changed on its way"
    assert attempt("GS2-KRB5", b"n,a=romeo@verona.example,", bound_to=b"n,,") == "not-authorized"
    assert attempt("GS2-KRB5", b"n,a=romeo@verona.example,") == "invalid-authzid"
    assert attempt("GS2-KRB5", b"y,,") == "not-authorized", "-PLUS was offered"
    assert attempt(header=b"p=tls-unique,,", data=b"x") == "not-authorized"
    assert attempt("GS2-KRB5", b"n,,", domain="bound.example") == "invalid-mechanism"
    assert world.stream("bound.example").mechanisms[:2] == ["GS2-KRB5-PLUS", "SCRAM-SHA-512-PLUS"]
    assert world.try_gssapi("juliet", "bound.example") == "invalid-mechanism"


# ---- who does not

def people(world):
    """The name decides, as it stands, of realms that were named; an account's own rules hold."""
    for who, domain, expected in (("stranger", "verona.example", "not-authorized"), ("Mercutio", "verona.example", "not-authorized"),
                                  ("Mercutio", "folded.example", "success"), ("juliet/admin", "verona.example", "not-authorized"),
                                  ("juliet/admin", "folded.example", "not-authorized"), ("tybalt", "verona.example", "account-disabled"),
                                  (f"juliet@{PADUA}", "verona.example", "not-authorized"), (f"juliet@{PADUA}", "other.example", "not-authorized")):
        service = "xmpp@host.verona.example" if domain == "folded.example" else None
        if who.endswith(PADUA):
            service = f"xmpp/{domain}@{VERONA}"
            stream = world.stream(domain)
            answer = stream.gssapi(world.client.ticket(world.cache(who), service=service, kind=world.client.gssapi.NameType.kerberos_principal))
            stream.close()
        else:
            answer = world.try_gssapi(who, domain, service)
        assert answer == expected, (who, domain, answer)
    for reason in ("only a name with a realm is a person", "people of its realm have no accounts here", "its name is no localpart as it is written"):
        assert reason in world.log(), reason
    # Two more tickets with one realm's rule: merjuliet has no account.
    assert world.operator("user", "add", "merjuliet@other.example", text="a long password\n")[0] == 0
    stream = world.stream("other.example")
    assert stream.gssapi(world.client.ticket(world.cache(f"juliet@{PADUA}"), service=f"xmpp/other.example@{VERONA}",
                                             kind=world.client.gssapi.NameType.kerberos_principal)) == "success"
    assert stream.bind() == "merjuliet@other.example/here"
    stream.close()


def directory(world):
    """Whose entry has the principal has the account, whatever it is called; two entries are nobody's."""
    if world.slapd is None:
        return
    deadline = time.monotonic() + 20
    while world.operator("user", "show", "laurence@people.example")[0] != 0:
        assert time.monotonic() < deadline, "the directory's people are not there"
        time.sleep(0.1)
    stream = world.stream("people.example")
    assert stream.gssapi(world.show("romeo", service="xmpp@people.example")) == "success", stream.failure
    assert stream.bind() == "laurence@people.example/here"
    stream.close()
    assert world.try_gssapi("paris", "people.example") == "not-authorized"
    assert world.try_gssapi("paris", "people.example", choice=b"\x01\0\0\0peter") == "not-authorized", "and they may not choose"
    assert world.try_gssapi("juliet", "people.example") == "not-authorized"
    world.slapd.set("laurence", "pwdAccountLockedTime", "000001010000Z")
    assert world.try_gssapi("romeo", "people.example") == "account-disabled"
    world.slapd.freeze()
    try:
        began = time.monotonic()
        assert world.try_gssapi("romeo", "people.example") == "temporary-auth-failure" and time.monotonic() - began < 5
    finally:
        world.slapd.freeze(False)


def strange_messages(world):
    """Whatever a client sends hurts itself alone."""
    for choice, expected in ((b"\x02\0\0\0", "malformed-request"), (b"\x04\0\xff\xff", "malformed-request"), (b"\x07\0\0\0", "malformed-request"),
                             (b"\x01\0\x10\0", "malformed-request"), (b"\x01\0\0", "malformed-request"), (b"", "malformed-request"),
                             (b"\x01\0\0\0romeo@verona.example", "invalid-authzid"), (b"\x01\0\0\0romeo", "invalid-authzid"),
                             (b"\x01\0\0\0juliet\0@verona.example", "malformed-request"), (b"\x01\0\0\0juliet@other.example", "invalid-authzid"),
                             (b"\x01\0\0\0juliet@verona.example/x", "invalid-authzid"), (b"\x01\0\0\0\xff\xfe", "invalid-authzid")):
        assert world.try_gssapi("juliet", choice=choice) == expected, choice
    for bytes_of in (b"\x01\0\0\0", b"", b"\x05\x04" + bytes(60), b"x" * 3000):   # not wrapped, or badly
        assert world.try_gssapi("juliet", choice=raw(world, bytes_of)) == "not-authorized", bytes_of
    good = world.show("juliet").step()
    header = good[:len(good) - len(world.client.without_header(good))]
    spoilt = [b"x", header, good[:100], good[:-1], good + b"x" * 5000, bytes(500), header + bytes(500), b"\x60\x84\xff\xff\xff\xff",
              b"\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02", b"NTLMSSP\0" + bytes(60), good[:300] + bytes([good[300] ^ 1]) + good[301:]]
    for token in spoilt:
        stream = world.stream()
        assert stream.begin("GSSAPI", token) is None and stream.failure == "not-authorized", (token[:20], stream.failure)
        assert stream.gssapi(world.show("juliet")) == "success", "the stream may try again"
        stream.close()
    stream = world.stream()
    stream.begin("GSSAPI", b"A" * 60_000)
    assert stream.failure == "policy-violation", stream.failure
    stream = world.stream()   # more than was asked for
    context = world.show("juliet")
    context.step(stream.begin("GSSAPI", context.step()))
    assert stream.respond(b"something") is None and stream.failure == "malformed-request"
    for _ in range(2):
        stream.begin("GSSAPI", b"x")
    assert "policy-violation" in stream.said + stream.until("</stream:stream>"), "three tries a stream"


def services(world):
    """A ticket for another service, whose keys are in the same file, or for another domain of this server, is none for this one."""
    assert world.try_gssapi("juliet", service="host@verona.example") == "not-authorized"
    assert world.try_gssapi("juliet", service="xmpp@other.example") == "not-authorized"
    assert world.try_gssapi("juliet", service="xmpp@away.example") == "not-authorized"
    assert world.try_gssapi("juliet", "other.example") == "success"


def replay(world):
    """A token is good once, also after a restart, and by any mechanism."""
    began = time.monotonic()
    context = world.show("juliet")
    token = context.step()
    assert world.try_gssapi("juliet") == "success"
    stream = world.stream()
    assert stream.gssapi(context, token=token) == "success"
    stream.close()

    def again():
        stream = world.stream()
        assert stream.begin("GSSAPI", token) is None and stream.failure == "not-authorized", stream.failure
        stream.begin("GS2-KRB5", b"n,," + world.client.without_header(token))
        assert stream.failure == "not-authorized", stream.failure
        stream.close()
    again()
    seen = world.log().count("eplay")
    assert seen > 0, "the log says so"
    world.stop()
    world.start()
    again()
    # Later the clock alone would refuse it.
    assert world.log().count("eplay") > seen or time.monotonic() - began > realms.CLOCK_SKEW - 1, world.log()[-3000:]


def late(world):
    """A ticket that has expired."""
    time.sleep(max(0, world.made + EXPIRES + realms.CLOCK_SKEW + 1.5 - time.monotonic()))
    stream = world.stream()
    assert stream.begin("GSSAPI", world.late) is None and stream.failure == "not-authorized", stream.failure
    stream.close()
    assert "expired" in world.log().lower(), world.log()[-2000:]


def tokens(world):
    """In the profile of XEP-0388: a ticket brings a resource and a token (XEP-0484), which lets its client in the next time."""
    client = "11111111-1111-4111-8111-111111111111"
    stream = world.stream()
    header = b"p=tls-server-end-point,,"
    context = world.show("romeo", bound_to=header + stream.end_point)
    message = base64.b64encode(header + world.client.without_header(context.step())).decode()
    stream.send(f"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='GS2-KRB5-PLUS'><initial-response>{message}</initial-response><user-agent id='{client}'/>"
                "<bind xmlns='urn:xmpp:bind:0'/><request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-ENDP'/></authenticate>")
    context.step(stream.answer())
    stream.send("<response xmlns='urn:xmpp:sasl:2'/>")
    said = stream.until("</success>")
    assert "<authorization-identifier>romeo@verona.example/" in said, said
    token = re.search(r" token='([^']*)'", said).group(1)
    stream.close()
    stream = world.stream()
    proof = hmac.new(token.encode(), b"Initiator" + stream.end_point, hashlib.sha256).digest()
    message = base64.b64encode(b"romeo\0" + proof).decode()
    stream.send(f"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-ENDP'><initial-response>{message}</initial-response><user-agent id='{client}'/>"
                "<fast xmlns='urn:xmpp:fast:0'/></authenticate>")
    assert "<authorization-identifier>romeo@verona.example" in stream.until("</success>", "</failure>")
    stream.close()


def keytabs(world):
    """A keytab is read anew at a reload, or not at all; who has a ticket of before comes in while the old key is there."""
    assert world.try_gssapi("romeo") == "success"   # a ticket of before is in the cache
    world.cache("nurse")
    world.realms.kadmin(f"ktadd -k {world.folder}/next.keytab xmpp/verona.example")   # makes a new key, version 3
    os.unlink(world.folder / "krb5" / "nurse-1h.cc")
    world.caches.pop("nurse")
    assert world.try_gssapi("nurse") == "not-authorized", "nobody has told the server"
    keytab = world.folder / "xmpp.keytab"
    both = keytab.read_bytes() + (world.folder / "next.keytab").read_bytes()[2:]

    def put(data, mode=0o600):
        keytab.write_bytes(data)
        keytab.chmod(mode)
    put(both)
    code, said = world.operator("reload")
    assert code == 0, said
    assert world.try_gssapi("nurse") == "success"
    assert world.try_gssapi("romeo") == "success", "the key of before is still there"
    code, said = world.operator("check", "--offline")
    assert "domain verona.example takes tickets for xmpp/verona.example@VERONA.EXAMPLE (version 2, aes256-cts-hmac-sha1-96)" in said and "(version 3, " in said, said

    for data, mode, mark in ((both, 0o644, "chmod 600"), (b"no keytab", 0o600, "is no keytab"), (both[:100], 0o600, "not all of one"),
                             (b"\x05\x02", 0o600, "has no key of xmpp/verona.example")):
        put(data, mode)
        code, said = world.operator("reload")
        assert code != 0 and "kerberos_keytab" in said and mark in said, said
        code, said = world.operator("check", "--offline")
        assert code != 0 and mark in said, said
        assert world.try_gssapi("nurse") == "success", "the keys of before stay"
    keytab.unlink()
    code, said = world.operator("reload")
    assert code != 0 and "xmpp.keytab" in said, said
    world.stop()
    done = subprocess.run([world.binary, "--config", world.config, "serve"], cwd=world.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and "[[domain]] verona.example: kerberos_keytab: " in done.stderr, done.stderr
    put(both)
    world.start()
    assert world.try_gssapi("nurse") == "success"


CASES = {each.__name__.replace("_", "-"): each for each in (login, foreign_clients, channel_binding, people, directory, strange_messages, services, replay, late, tokens,
                                                           keytabs)}


def main():
    parser = argparse.ArgumentParser(description="people with Kerberos tickets")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the aldis program")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a failed run, with configuration and logs")
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="only these")
    arguments = parser.parse_args()
    missing = [program for program in MIT if not pathlib.Path(program).exists()]
    if missing:
        print(f"skipped: there is no {missing[0]}")
        return 77
    asyncio.set_event_loop(asyncio.new_event_loop())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kerberos-"))
    failed = 0
    try:
        world = World(folder, arguments.binary.resolve())
        failed = run_cases({name: functools.partial(CASES[name], world) for name in arguments.cases or CASES}, world.log)
        world.close()
    finally:
        for stop in reversed(STOPS):
            stop()
        if not (failed and arguments.keep):
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
