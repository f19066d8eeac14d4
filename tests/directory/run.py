#!/usr/bin/python3
"""People from a directory: Debian's slapd owns them, slixmpp logs in, and servers that hang, lie or are away stand in for the day when
the directory is not well. One Aldis serves a domain for each directory; the cases run one after another.

    run.py --binary build/release/aldis                # all cases
    run.py --binary build/release/aldis scram          # one
"""
import argparse
import asyncio
import base64
import functools
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

HERE = pathlib.Path(__file__).resolve().parent
for each in ("interop", "stories", "support"):
    sys.path.insert(0, str(HERE.parent / each))
sys.path.insert(0, str(HERE))
import directories  # noqa: E402
import slixmpp  # noqa: E402
import servers  # noqa: E402
from directories import GROUPS, PEOPLE, READER, SERVICE, SERVICE_PASSWORD, Pretender, Slapd, group, person, under  # noqa: E402
from served import Served, run_cases, toml  # noqa: E402
from slixmpp_client import Person  # noqa: E402

TOO_LATE = 5.0   # seconds until somebody must have been told that the directory does not answer
OUT = 60         # until somebody who is disabled must be out

MEMBERS = ("sampson", "gregory", "abram", "balthasar")   # of groups, or not yet

# domain: what is special about its directory
DIRECTORIES = ("bind", "reader", "scram", "tls", "external", "upn", "failover", "remember", "hang", "garbage", "drip", "refer", "drop", "stranger", "misnamed",
               "groups", "policy")


class World(Served):
    """slapd, the pretenders, and one Aldis that knows them all."""

    def __init__(self, folder, binary):
        super().__init__(folder, binary, *servers.free_ports(2))
        # Under AddressSanitizer what one or two TLS sessions hold is reported as leaked when the server ends; whether by OpenLDAP's library over
        # GnuTLS or by us is not known yet (with fast_unwind_on_malloc=0 nothing is reported). All its other findings count.
        self.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        servers.make_authority(folder)
        other = folder / "other"
        other.mkdir()
        servers.make_authority(other)
        people = [person(uid, f"{uid} secret") for uid in ("juliet", "romeo", "nurse", "tybalt", "paris", "rosaline", "benvolio", "mercutio", "laurence")]
        people += [person(uid, f"{uid} secret") for uid in MEMBERS]
        people.append(group("staff", ["sampson", "gregory", "+inner"]))
        people.append(group("inner", ["abram", "+staff"], "groupOfUniqueNames"))   # a circle
        people.append(group("ops", ["gregory"], "posixGroup"))
        people.append(person("twin", "twin secret", cn="twin one"))
        people.append(person("twin", "twin secret", cn="twin two"))
        people.append(person("star*", "star secret", cn="star"))
        people.append(person("o'brien", "brien secret", cn="brien"))
        long_ago, lately = "20200101000000Z", time.strftime("%Y%m%d%H%M%SZ", time.gmtime())
        people += [person("expired", "expired secret", more=under("short-lived", pwdChangedTime=long_ago)),
                   person("grace", "grace secret", more=under("graceful", pwdChangedTime=long_ago)),
                   person("ending", "ending secret", more=under("ending", pwdChangedTime=lately)),
                   person("reset", "reset secret", more=under("strict", pwdReset="TRUE")),
                   person("locked", "locked secret", more=under("locking")),
                   person("safe", "safe secret", more=under("safe")),
                   person("fixed", "fixed secret", more=under("fixed"))]
        self.slapd = Slapd(folder / "slapd", people)
        self.slapd.start()
        self.pretenders = {manner: Pretender(manner) for manner in ("hang", "garbage", "drip", "refer", "drop")}
        domains = [f"{name}.example" for name in (*DIRECTORIES, "own", "rooms")]
        servers.make_certificate(folder, "server", domains)
        servers.make_card(folder, "aldis", "DNS:aldis.example.org")
        (folder / "password").write_text(SERVICE_PASSWORD + "\n")
        (folder / "password").chmod(0o600)
        self.configure()
        self.start()
        code, said = self.operator("user", "add", "montague@own.example", text="montague secret\n")
        assert code == 0, said

    def configure(self):
        slapd, say = self.slapd, {manner: each.url for manner, each in self.pretenders.items()}
        usual = {name: {"servers": [slapd.url]} for name in DIRECTORIES}
        # title is the directory's alone, whatever is said here: its own rule of access refuses.
        cards = {"profile": ["nickname = displayName", "fn = cn"], "profile_writable": ["mobile", "photo", "nickname", "title"], "profile_photo": "4KiB",
                 "profile_lifetime": "1s", "search_results": 3, "search": ["family", "given", "fn"],
                 "certificate_attributes": ["mail = mail", "issuer-serial = userCertificate", "upn = employeeNumber"]}
        usual["bind"].update(cards)
        usual["reader"].update(cards, bind_dn=READER, profile_rest="store")
        usual["scram"].update(passwords="verifier", verifier="scramVerifier")
        usual["tls"].update(servers=[f"ldaps://127.0.0.1:{slapd.tls_port}"])
        usual["external"].update(certificate=f"{self.folder}/aldis.pem", key=f"{self.folder}/aldis.key", bind_dn="", password_file="")
        usual["upn"].update(login="mail", login_domain="example.org")
        usual["failover"].update(servers=[say["hang"], slapd.url], starttls=False)
        usual["remember"].update(keep_verdicts="10m")
        usual["groups"].update(group_base=GROUPS, group_display="description", groups_refresh="1s", roster_groups=["staff", "team-*"])
        usual["policy"].update(change_passwords=True)
        for manner in say:
            usual[manner].update(servers=[say[manner]], starttls=manner == "drop")
        usual["hang"].update(certificate_attributes=["mail = mail"])
        usual["stranger"].update(ca_file=f"{self.folder}/other/ca.pem")
        usual["misnamed"].update(servers=[f"ldaps://localhost:{slapd.tls_port}"])   # the certificate does not say so
        text = self.head('password_profile = "nist"\n' + self.NO_LOCKOUT)
        for name, special in usual.items():
            options = {"name": name, "base": PEOPLE, "bind_dn": SERVICE, "password_file": "password", "ca_file": "ca.pem", "refresh": "2s", **special}
            text += "\n[[directory]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in options.items())
            text += f'\n[[domain]]\nname = "{name}.example"\ndirectory = "{name}"\ncertificates = ["server.pem"]\nkeys = ["server.key"]\n'
            if name in ("bind", "hang", "reader"):
                text += ('client_certificates = "optional"\nclient_anchors = ["ca.pem"]\nclient_revocation = "off"\n'
                         'client_rules = ["mail", "upn", "issuer-serial"]\n')
            if name == "groups":
                text += 'administrator_groups = ["ops"]\n'
        text += '\n[[domain]]\nname = "rooms.example"\nserves = "rooms"\ncertificates = ["server.pem"]\nkeys = ["server.key"]\n'
        text += '[domain.extension.muc]\ndefault_members_only = true\nlock_new_rooms = false\n'
        text += 'owner_groups = ["war-*=ops@groups.example"]\nmember_groups = ["staff@groups.example"]\n'
        text += '\n[[domain]]\nname = "own.example"\ncertificates = ["server.pem"]\nkeys = ["server.key"]\n'
        self.config.write_text(text)

    def client(self, jid, password):
        return Person({"ca_file": str(self.folder / "ca.pem"), "transport": "starttls", "host": "127.0.0.1", "port": self.port},
                      {"jid": jid, "password": password})

    def close(self):
        self.stop()
        self.slapd.stop()
        for pretender in self.pretenders.values():
            pretender.close()


class Raw:
    """A stream of our own over direct TLS, for what no client library sends."""

    def __init__(self, world, domain, card=None):
        context = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
        if card is not None:
            context.load_cert_chain(*card)
        context.set_alpn_protocols(["xmpp-client"])
        plain = socket.create_connection(("127.0.0.1", world.direct_port), timeout=20)
        self.socket = context.wrap_socket(plain, server_hostname=domain)
        self.seen = ""
        self.send(f"<stream:stream to='{domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        self.features = self.until("</stream:features>")

    def send(self, text):
        self.socket.sendall(text.encode())

    def until(self, *marks):
        while not any(mark in self.seen for mark in marks):
            more = self.socket.recv(65536)
            assert more, f"closed after {self.seen}"
            self.seen += more.decode()
        seen, self.seen = self.seen, ""
        return seen

    def plain(self, name, password):
        """What PLAIN is answered: "success", or the condition."""
        both = [part if isinstance(part, bytes) else part.encode() for part in (name, password)]
        data = base64.b64encode(b"\0" + both[0] + b"\0" + both[1]).decode()
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>")
        answer = self.until("</failure>", "<success", "</stream:stream>")
        return "success" if "<success" in answer else re.search(r"<failure[^>]*><([a-z-]+)", answer).group(1)

    def external(self):
        """The same of EXTERNAL; nothing: it is not offered."""
        if "EXTERNAL" not in mechanisms(self):
            return "not-offered"
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>")
        answer = self.until("</failure>", "<success", "</stream:stream>")
        return "success" if "<success" in answer else re.search(r"<failure[^>]*><([a-z-]+)", answer).group(1)

    def close(self):
        self.socket.close()


def try_plain(world, domain, name, password):
    stream = Raw(world, domain)
    began = time.monotonic()
    answer = stream.plain(name, password)
    stream.close()
    return answer, time.monotonic() - began


def mechanisms(stream):
    return re.findall(r"<mechanism>([^<]*)</mechanism>", stream.features.split("<mechanisms")[1].split("</mechanisms>")[0])


def eventually(claim, seconds, what):
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def run(coroutine):
    return asyncio.get_event_loop().run_until_complete(asyncio.wait_for(coroutine, 120))


# ---- logins

def bind(world):
    """PLAIN over TLS, checked by a bind as the user; only what can be proved is offered; at most five questions a login."""
    stream = Raw(world, "bind.example")
    assert mechanisms(stream) == ["PLAIN"], stream.features
    assert "UPGR" not in stream.features, stream.features
    stream.close()
    before = len(re.findall(r"(BIND dn=.* method|SRCH base)", world.slapd.log()))
    answer, _ = try_plain(world, "bind.example", "juliet", "juliet secret")
    assert answer == "success", answer
    log = world.slapd.log()
    assert 'BIND dn="cn=juliet,' in log, "the password was not checked by a bind as its owner"
    asked = [line for line in re.findall(r"(?:BIND dn=.* method|SRCH base.*filter.*)", log)[before:] if "juliet" in line]
    assert 1 <= len(asked) <= 5, asked
    assert try_plain(world, "bind.example", "JULIET", "juliet secret")[0] == "success", "uid compares without case, as localparts do"

    async def story():
        juliet = await world.client("juliet@bind.example", "juliet secret").log_in()
        await juliet.log_out()
        refused = world.client("juliet@bind.example", "romeo secret")
        refused.open()
        await refused.happens("failed_auth")
        refused.give_up()
    run(story())


def scram(world):
    """SCRAM with keys from the entry: no password reaches the directory, and the mechanisms are those that entries have keys of."""
    stream = Raw(world, "scram.example")
    assert set(mechanisms(stream)) == {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"}, stream.features
    stream.close()
    binds = world.slapd.log().count('BIND dn="cn=romeo,')

    async def story():
        romeo = await world.client("romeo@scram.example", "romeo secret").log_in()
        await romeo.log_out()
        refused = world.client("romeo@scram.example", "juliet secret")
        refused.open()
        await refused.happens("failed_auth")
        refused.give_up()
    run(story())
    assert "mechanism=SCRAM-SHA-256" in world.log(), "slixmpp did not log in by SCRAM"
    assert try_plain(world, "scram.example", "romeo", "romeo secret")[0] == "success"
    assert try_plain(world, "scram.example", "romeo", "wrong secret")[0] == "not-authorized"
    assert world.slapd.log().count('BIND dn="cn=romeo,') == binds, "a password went to the directory"


def ways(world):
    """ldaps, SASL EXTERNAL to the directory, whole addresses, and a first server that hangs."""
    for name in ("tls", "external", "upn"):
        assert try_plain(world, f"{name}.example", "nurse", "nurse secret")[0] == "success", name
        assert try_plain(world, f"{name}.example", "nurse", "wrong")[0] == "not-authorized", name
    assert 'mech=EXTERNAL' in world.slapd.log() or "EXTERNAL" in world.slapd.log(), "no SASL EXTERNAL"
    answer, seconds = try_plain(world, "failover.example", "nurse", "nurse secret")
    assert answer == "success" and seconds < TOO_LATE, (answer, seconds)
    answer, seconds = try_plain(world, "failover.example", "nurse", "nurse secret")
    assert answer == "success" and seconds < TOO_LATE, (answer, seconds)


# ---- bad input

def odd_names(world):
    """Names with a filter's and a DN's own characters, NUL, 5 KB, no password: nobody gets in, and nobody else's entry is found."""
    for domain in ("bind.example", "scram.example"):
        for name in ("*", "juliet*", "j*t", "*)(uid=*", "juliet)(|(uid=*", "a\\2a", "\\00", "juliet,ou=people", "uid=juliet", "#juliet", "+", "<>;\"",
                     "juliet\\", "\u00e9", "x" * 5000, "star\\2a", " ", "juliet ", b"jul\xff\xfeiet"):
            answer, _ = try_plain(world, domain, name, "juliet secret")
            assert answer in ("not-authorized", "malformed-request", "incorrect-encoding"), (domain, name, answer)
    assert try_plain(world, "bind.example", "juliet\0x", "juliet secret")[0] == "malformed-request"
    for password in ("", "\0", "juliet secret\0", "x" * 3000, "*", "juliet secre*", "\u0007"):
        answer, _ = try_plain(world, "bind.example", "juliet", password)
        assert answer in ("not-authorized", "malformed-request"), (password, answer)
    assert 'BIND dn="cn=juliet,ou=people,dc=example,dc=org" method=128\n' in world.slapd.log()
    answer, _ = try_plain(world, "bind.example", "o\\27brien", "brien secret")   # XEP-0106
    assert answer == "success", answer
    answer, _ = try_plain(world, "bind.example", "star*", "star secret")
    assert answer == "success", "an asterisk in a name is an asterisk: " + answer
    run(bystander(world))


def two_entries(world):
    """Two entries with one name: it is nobody's."""
    for domain in ("bind.example", "scram.example"):
        assert try_plain(world, domain, "twin", "twin secret")[0] == "not-authorized", domain
    assert "audit-directory-name-twice" in world.log()


async def bystander(world):
    """People of another domain notice nothing."""
    montague = await world.client("montague@own.example", "montague secret").log_in()
    await montague.log_out()


# ---- directories that are not well

def unwell(world):
    """One that hangs, answers garbage or drop by drop, refers elsewhere, drops TLS, has a certificate of a stranger or for another
    name: temporary-auth-failure in time, to known and unknown alike; others log in meanwhile."""
    for name in ("hang", "garbage", "drip", "refer", "drop", "stranger", "misnamed"):
        for who in ("juliet", "nobody"):
            answer, seconds = try_plain(world, f"{name}.example", who, "juliet secret")
            assert answer == "temporary-auth-failure", (name, answer)
            assert seconds < TOO_LATE, (name, seconds)
    limits = world.pretenders["refer"].time_limits
    assert limits and min(limits) >= 2, f"timeout is a second, and a directory may end with the clock's second: {limits}"
    run(bystander(world))
    assert world.slapd.log().count("TLS established") > 0
    for name in ("stranger", "misnamed"):
        code, said = world.operator("directory", "check", f"juliet@{name}.example")
        assert code == 0 and re.search(r"connection\s+no", said), said


def away(world):
    """slapd goes and comes back: who is here goes on, who comes is told to wait within 5 s, whom policy remembers comes in."""
    async def story():
        assert try_plain(world, "remember.example", "paris", "paris secret")[0] == "success"
        assert try_plain(world, "remember.example", "tybalt", "wrong")[0] == "not-authorized"
        romeo = await world.client("romeo@bind.example", "romeo secret").log_in()
        nurse = await world.client("nurse@scram.example", "nurse secret").log_in()
        world.slapd.stop()
        for domain in ("bind.example", "scram.example", "tls.example"):
            answer, seconds = try_plain(world, domain, "juliet", "juliet secret")
            assert answer == "temporary-auth-failure" and seconds < TOO_LATE, (domain, answer, seconds)
        assert try_plain(world, "remember.example", "paris", "paris secret")[0] == "success", "policy says that what was right is remembered"
        assert try_plain(world, "remember.example", "paris", "another")[0] == "not-authorized"
        assert try_plain(world, "remember.example", "tybalt", "tybalt secret")[0] == "temporary-auth-failure", "never proved before"
        assert try_plain(world, "remember.example", "nurse", "nurse secret")[0] == "temporary-auth-failure", "never seen before"
        romeo.send_message(mto="nurse@scram.example", mbody="still here", mtype="chat")
        message = await nurse.happens("message")
        assert message["body"] == "still here", message
        await bystander(world)
        world.slapd.start()
        began = time.monotonic()
        while try_plain(world, "bind.example", "juliet", "juliet secret")[0] != "success":
            assert time.monotonic() < began + 15, "the directory is back, and nobody gets in"
            await asyncio.sleep(0.2)
        romeo.send_message(mto="nurse@scram.example", mbody="and on", mtype="chat")
        assert (await nurse.happens("message"))["body"] == "and on"
        await romeo.log_out()
        await nurse.log_out()
    run(story())


def together(world):
    """Many logins of one person at once ask the directory once."""
    began = world.slapd.log().count("(uid=laurence)")
    world.slapd.freeze()
    streams = [Raw(world, "bind.example") for _ in range(20)]
    data = base64.b64encode(b"\0laurence\0laurence secret").decode()
    for stream in streams:
        stream.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>")
    time.sleep(0.3)   # they are all at the server; the directory has a second for its answer
    world.slapd.freeze(False)
    answers = [stream.until("</failure>", "<success") for stream in streams]
    assert all("<success" in answer for answer in answers), answers
    asked = world.slapd.log().count("(uid=laurence)") - began
    assert asked <= 3, f"{asked} searches for one person"
    for stream in streams:
        stream.close()


# ---- people come and go

def out_in_time(world):
    """Disabled, removed, given another password: the sessions end within the minute, and not somebody else's."""
    async def story():
        stays = await world.client("nurse@bind.example", "nurse secret").log_in()
        gone = {}
        for who, act in (("tybalt", lambda: world.slapd.set("tybalt", "pwdAccountLockedTime", "000001010000Z")),
                         ("paris", lambda: world.slapd.remove("paris")),
                         ("benvolio", lambda: world.slapd.set("benvolio", "userPassword", "a new secret"))):
            gone[who] = await world.client(f"{who}@bind.example", f"{who} secret").log_in()
            gone[who].auto_reconnect = False
            act()
            began = time.monotonic()
            await gone[who].happens("disconnected")
            assert time.monotonic() - began < OUT, who
            answer, _ = try_plain(world, "bind.example", who, f"{who} secret")
            assert answer in ("not-authorized", "account-disabled"), (who, answer)
        assert try_plain(world, "bind.example", "benvolio", "a new secret")[0] == "success"
        stays.send_message(mto=stays.boundjid.bare, mbody="here", mtype="chat")
        assert (await stays.happens("message"))["body"] == "here"
        await stays.log_out()
        world.slapd.change(f"dn: cn=tybalt,{PEOPLE}\nchangetype: modify\ndelete: pwdAccountLockedTime\n")
        assert try_plain(world, "bind.example", "tybalt", "tybalt secret")[0] == "success", "who is enabled again comes in at once"
        code, said = world.operator("user", "show", "paris@bind.example")
        assert code == 0 and re.search(r"enabled\s+no", said), said
    run(story())


def messages_wait(world):
    """Somebody who has never logged in has an account from the moment the directory has them: what is written to them is kept. Nobody
    has one whom the directory does not have."""
    async def story():
        world.slapd.add(person("newcomer", "newcomer secret"))
        eventually(lambda: world.operator("user", "show", "newcomer@bind.example")[0] == 0, 20, "the newcomer has no account")
        romeo = await world.client("romeo@bind.example", "romeo secret").log_in()
        errors = asyncio.Queue()
        romeo.add_event_handler("message_error", errors.put_nowait)
        romeo.send_message(mto="rosaline@bind.example", mbody="fair Rosaline", mtype="chat")
        romeo.send_message(mto="newcomer@bind.example", mbody="welcome", mtype="chat")
        romeo.send_message(mto="nobody@bind.example", mbody="who are you", mtype="chat")
        error = await asyncio.wait_for(errors.get(), 10)
        assert error["from"].bare == "nobody@bind.example", error
        await romeo.log_out()
        for who, body in (("rosaline", "fair Rosaline"), ("newcomer", "welcome")):
            reader = await world.client(f"{who}@bind.example", f"{who} secret").log_in()
            assert (await reader.happens("message"))["body"] == body
            await reader.log_out()
        assert errors.empty(), "a message for somebody whom the directory has was refused"
    run(story())


# ---- profiles

CARD = "{vcard-temp}"


async def ask(client, kind, payload, to=None):
    """The payload of the answer, or the condition of the error."""
    request = client.make_iq(ito=to) if to else client.make_iq()
    request["type"] = kind
    request.append(ET.fromstring(payload))
    try:
        return (await request.send(timeout=10)).xml
    except slixmpp.exceptions.IqError as error:
        return error.condition


def text_in(card, *path):
    return [each.text for each in card.iter() if each.tag == CARD + path[-1]] if len(path) == 1 else [
        each.text for each in card.iterfind("/".join([f".//{CARD}{path[0]}", *(CARD + name for name in path[1:])]))]


def card_of(people, changes=None):
    """A whole card as a client writes it: what it has read, with these changes."""
    fields = {"FN": "", "NICKNAME": "", "TITLE": "", "N/FAMILY": "", "EMAIL/USERID": "", "CELL": "", "PHOTO": "", **people, **(changes or {})}
    text = "".join(f"<{name}>{fields[name]}</{name}>" for name in ("FN", "NICKNAME", "TITLE") if fields[name])
    text += f"<N><FAMILY>{fields['N/FAMILY']}</FAMILY></N><EMAIL><INTERNET/><USERID>{fields['EMAIL/USERID']}</USERID></EMAIL>"
    text += f"<TEL><CELL/><NUMBER>{fields['CELL']}</NUMBER></TEL>" if fields["CELL"] else ""
    text += f"<PHOTO><TYPE>image/jpeg</TYPE><BINVAL>{fields['PHOTO']}</BINVAL></PHOTO>" if fields["PHOTO"] else ""
    return f"<vCard xmlns='vcard-temp'>{text}{fields.get('more', '')}</vCard>"


def profile(world):
    """A card is what the entry says; what is changed and writable goes back as the person, all of it or nothing."""
    photo = b"\xff\xd8\xff" + bytes(range(256)) * 4
    mercutio = {"FN": "mercutio", "N/FAMILY": "mercutio", "EMAIL/USERID": "mercutio@example.org", "CELL": "+39 1", "TITLE": "Kinsman",
                "PHOTO": base64.b64encode(photo).decode()}
    for attribute, value in (("mobile", "+39 1"), ("title", "Kinsman"), ("jpegPhoto", photo), ("homePhone", "+39 9")):
        world.slapd.set("mercutio", attribute, value)
    world.slapd.set("rosaline", "jpegPhoto", b"\xff\xd8\xff" + b"x" * 40_000)
    world.slapd.set("rosaline", "mobile", "+39 5")

    async def story():
        who = await world.client("mercutio@bind.example", "mercutio secret").log_in()
        reader = await world.client("laurence@bind.example", "laurence secret").log_in()
        outside = await world.client("montague@own.example", "montague secret").log_in()
        empty = "<vCard xmlns='vcard-temp'/>"
        own = await ask(who, "get", empty)
        assert text_in(own, "FN") == ["mercutio"] and set(text_in(own, "TEL", "NUMBER")) == {"+39 1", "+39 9"}, ET.tostring(own)
        assert base64.b64decode(text_in(own, "PHOTO", "BINVAL")[0]) == photo
        seen = await ask(reader, "get", empty, "mercutio@bind.example")
        assert text_in(seen, "TEL", "NUMBER") == ["+39 1"] and text_in(seen, "TITLE") == ["Kinsman"], ET.tostring(seen)
        assert await ask(outside, "get", empty, "mercutio@bind.example") == "service-unavailable"
        large = await ask(reader, "get", empty, "rosaline@bind.example")
        assert text_in(large, "FN") == ["rosaline"] and not text_in(large, "PHOTO", "BINVAL"), "an over-large photo is left out"
        home = {"more": "<TEL><HOME/><NUMBER>+39 9</NUMBER></TEL>"}

        # what goes back, and as whom
        mercutio.update(home)
        fresh = base64.b64encode(b"\xff\xd8\xff fresh").decode()
        answer = await ask(who, "set", card_of(mercutio, {"CELL": "+39 2", "NICKNAME": "Merc", "PHOTO": fresh}))
        assert not isinstance(answer, str), answer
        assert world.slapd.get("mercutio", "mobile") == ["+39 2"] and world.slapd.get("mercutio", "displayName") == ["Merc"]
        assert world.slapd.get("mercutio", "jpegPhoto") == [b"\xff\xd8\xff fresh"]
        log = world.slapd.log()
        assert re.search(r'PROXYAUTHZ dn="cn=mercutio,ou=people', log, re.I), "the change was not made as the person"
        assert "audit-profile-changed" in world.log() and "+39 2" not in world.log(), "the log names fields, not values"
        seen = await ask(reader, "get", empty, "mercutio@bind.example")
        assert text_in(seen, "TEL", "NUMBER") == ["+39 2"], "what was changed is read at once"
        mercutio.update({"CELL": "+39 2", "NICKNAME": "Merc", "PHOTO": fresh})
        cell = await ask(who, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:vcard4'><item><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'>"
                         "<fn><text>mercutio</text></fn><nickname><text>Merc</text></nickname><title><text>Kinsman</text></title><n><surname>mercutio</surname></n>"
                         "<email><text>mercutio@example.org</text></email><tel><parameters><type><text>cell</text></type></parameters><uri>tel:+39-3</uri></tel>"
                         "<tel><parameters><type><text>home</text></type></parameters><text>+39 9</text></tel></vcard></item></publish></pubsub>")
        assert not isinstance(cell, str), cell
        assert world.slapd.get("mercutio", "mobile") == ["+39-3"] and world.slapd.get("mercutio", "jpegPhoto") == [b"\xff\xd8\xff fresh"]
        mercutio["CELL"] = "+39-3"

        # what does not
        before = world.slapd.entry("mercutio")
        for changes, wanted in (
                ({"N/FAMILY": "Escalus"}, "not-allowed"),                                     # not writable here
                ({"CELL": "+39 4", "TITLE": "Prince"}, "not-allowed"),                        # half of it the directory refuses
                ({"CELL": "\u260e"}, "not-allowed"),                                          # not the attribute's syntax
                ({"CELL": "+39 4", "more": home["more"] + "<ROLE>wit</ROLE>"}, "not-allowed"),  # no place for it
                ({"NICKNAME": "x" * 5000}, "not-acceptable"),
                ({"PHOTO": base64.b64encode(b"x" * 5000).decode()}, "not-acceptable")):
            answer = await ask(who, "set", card_of(mercutio, changes))
            assert answer == wanted, (changes, answer)
            now = world.slapd.entry("mercutio")
            assert now == before, (changes, now)
        assert "audit-profile-refused" in world.log()
        for odd in ("*)(uid=*", "a\\2a", "cn=x,dc=y", "<>;&quot;#+", " lead", "\u00e9\u4e16"):
            answer = await ask(who, "set", card_of(mercutio, {"NICKNAME": odd.replace("<", "&lt;")}))
            assert not isinstance(answer, str), (odd, answer)
            assert world.slapd.get("mercutio", "displayName") == [odd.replace("&quot;", '"').strip()], odd
        await ask(who, "set", card_of(mercutio, {"NICKNAME": "", "PHOTO": ""}))
        assert world.slapd.get("mercutio", "displayName") == [] and world.slapd.get("mercutio", "jpegPhoto") == []

        # a server that may not act as its people
        mute = await world.client("mercutio@reader.example", "mercutio secret").log_in()
        mercutio.update({"NICKNAME": "", "PHOTO": ""})
        assert await ask(mute, "set", card_of(mercutio, {"CELL": "+39 6"})) == "not-allowed"
        assert world.slapd.get("mercutio", "mobile") == ["+39-3"]
        kept = await ask(mute, "set", card_of(mercutio, {"more": home["more"] + "<ROLE>wit</ROLE>"}))   # profile_rest = "store"
        assert not isinstance(kept, str), kept
        assert text_in(await ask(mute, "get", empty), "ROLE") == ["wit"]
        for each in (who, reader, outside, mute):
            await each.log_out()
    run(story())
    code, said = world.operator("directory", "check", "mercutio@bind.example")
    assert code == 0, said
    for wanted in (r"profile\s+yes\s+fn \(cn; seen by the domain\): mercutio", r"profile\s+yes\s+mobile \(mobile; seen by the domain; writable\): \+39-3",
                   r"profile\s+yes\s+home-telephone \(homePhone; seen by its owner\): \+39 9", r"write\s+yes\s+this server may act"):
        assert re.search(wanted, said), (wanted, said)
    code, said = world.operator("directory", "check", "rosaline@bind.example")
    assert re.search(r"profile\s+no\s+photo .*left out, for it has 40003 bytes, and profile_photo allows 4096", said), said
    code, said = world.operator("directory", "check", "mercutio@reader.example")
    assert re.search(r"write\s+no", said), said


def search(world):
    """XEP-0055 by the same map: words are words, few are found, and nobody outside asks."""
    async def story():
        who = await world.client("laurence@bind.example", "laurence secret").log_in()
        outside = await world.client("montague@own.example", "montague secret").log_in()

        async def find(last, client=who):
            answer = await ask(client, "set", f"<query xmlns='jabber:iq:search'><last>{last}</last></query>", "bind.example")
            return answer if isinstance(answer, str) else sorted(item.get("jid") for item in answer.iter("{jabber:iq:search}item"))
        assert await find("roM") == ["romeo@bind.example"]
        assert await find("brien") == [] and await find("o'br") == ["o\\27brien@bind.example"]
        assert await find("twin") == [], "a name of two entries is nobody's"
        for odd in ("**", "*)(uid=*", "ro*", "\\72\\6f", "))", "x" * 250, "\u0000".strip("\0") or "()"):
            assert await find(odd) == [], odd
        for wrong in ("", "r", " r ", "x" * 300):
            assert await find(wrong) == "not-acceptable", wrong
        assert await find("romeo", outside) == "forbidden"
        for number in range(5):
            world.slapd.add(person(f"guard{number}", "guard secret"))
        assert len(await find("guard")) == 3, "search_results"
        form = await ask(who, "set", "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>jabber:iq:search</value></field>"
                         "<field var='x-fn'><value>guard</value></field></x></query>", "bind.example")
        assert b"there are more" in ET.tostring(form), ET.tostring(form)
        await who.log_out()
        await outside.log_out()
    run(story())


def certificates(world):
    """The rules of certificates look in the directory too: one entry is somebody, two are nobody, silence is a reason to try again."""
    folder = world.folder
    cards = {name: servers.make_card(folder, f"card-{name}", names) for name, names in (
        ("juliet", "email:juliet@example.org"), ("nurse", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:1234567890@mil"), ("two", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:two@mil"),
        ("romeo", "DNS:romeo.example"), ("star", "email:*@example.org"), ("stranger", "email:stranger@example.org"))}

    def login(name, domain="bind.example"):
        stream = Raw(world, domain, cards[name])
        answer = stream.external()
        stream.close()
        return answer
    world.slapd.set("nurse", "employeeNumber", "1234567890@mil")
    for name in ("romeo", "benvolio"):
        world.slapd.set(name, "employeeNumber", "two@mil")
    der = subprocess.run(["openssl", "x509", "-in", cards["romeo"][0], "-outform", "DER"], capture_output=True, check=True).stdout
    assert login("romeo") == "not-offered"
    world.slapd.set("romeo", "userCertificate;binary", der)
    assert login("juliet") == "success"
    assert login("nurse") == "success"
    assert login("romeo") == "success", "found by issuer and serial number"
    assert "certificateExactMatch" in world.slapd.log() or "serialNumber" in world.slapd.log()
    for name in ("two", "star", "stranger"):
        assert login(name) in ("not-offered", "not-authorized"), name
    world.slapd.set("nurse", "pwdAccountLockedTime", "000001010000Z")
    assert login("nurse") != "success", "disabled"
    world.slapd.change(f"dn: cn=nurse,{PEOPLE}\nchangetype: modify\ndelete: pwdAccountLockedTime\n")
    began = time.monotonic()
    answer = login("juliet", "hang.example")
    assert answer == "temporary-auth-failure" and time.monotonic() - began < TOO_LATE, answer


def cards_while_away(world):
    """While the directory does not answer, the last card known is shown, and nobody gets an empty one."""
    world.slapd.add(person("unread", "unread secret"))
    eventually(lambda: world.operator("user", "show", "unread@bind.example")[0] == 0, 20, "a new person has no account")

    async def story():
        who = await world.client("juliet@bind.example", "juliet secret").log_in()
        own = await ask(who, "get", "<vCard xmlns='vcard-temp'/>")
        assert text_in(own, "FN") == ["juliet"]
        world.slapd.freeze()
        try:
            began = time.monotonic()
            answer = await ask(who, "get", "<vCard xmlns='vcard-temp'/>", "unread@bind.example")
            assert answer == "resource-constraint" and time.monotonic() - began < TOO_LATE, answer
            answer = await ask(who, "set", card_of({"FN": "juliet", "N/FAMILY": "juliet", "EMAIL/USERID": "juliet@example.org", "CELL": "+39 8"}))
            assert answer == "resource-constraint", answer
            again = await ask(who, "get", "<vCard xmlns='vcard-temp'/>")
            assert not isinstance(again, str) and text_in(again, "FN") == ["juliet"], again
            who.send_message(mto=who.boundjid.bare, mbody="here", mtype="chat")
            assert (await who.happens("message"))["body"] == "here", "chat does not wait for a directory"
        finally:
            world.slapd.freeze(False)
        await who.log_out()
    run(story())
    eventually(lambda: try_plain(world, "bind.example", "juliet", "juliet secret")[0] == "success", 20, "the directory is back, and nobody notices")
# ---- groups

async def roster(client):
    request = client.Iq()
    request["type"] = "get"
    request.enable("roster")
    answer = await request.send(timeout=10)
    return {jid.user: sorted(item["groups"]) for jid, item in answer["roster"]["items"].items() if item["subscription"] == "both"}


async def pushed(client, who, subscription):
    """The push about somebody."""
    def is_it(iq):
        return iq["type"] == "set" and any(jid.user == who and item["subscription"] == subscription for jid, item in iq["roster"]["items"].items())
    await client.happens("roster_update", is_it)


async def may_count(client, domain="groups.example"):
    """Whether the client may do what administrators do."""
    request = client.Iq()
    request["type"], request["to"] = "set", domain
    command = slixmpp.xmlstream.ET.Element("{http://jabber.org/protocol/commands}command",
                                           {"node": "http://jabber.org/protocol/admin#get-online-users-num", "action": "execute"})
    request.append(command)
    try:
        await request.send(timeout=10)
        return True
    except slixmpp.exceptions.IqError as error:
        assert error.iq["error"]["condition"] == "forbidden", error
        return False


async def enters(client, room):
    """None: he is in. Otherwise why not."""
    client.register_plugin("xep_0045")
    try:
        await client["xep_0045"].join_muc_wait(f"{room}@rooms.example", client.boundjid.user, timeout=10)
        return None
    except slixmpp.exceptions.PresenceError as error:
        return error.presence["error"]["condition"]


def groups(world):
    """Who is in a group has the others on the roster, rooms and rights, without having asked anybody; who comes and goes is told, one push for
    each; while the directory is away everything stays. Somebody in no group notices nothing."""
    async def story():
        people = {uid: await world.client(f"{uid}@groups.example", f"{uid} secret").log_in() for uid in MEMBERS}
        sampson, gregory, abram, balthasar = people.values()
        assert await roster(sampson) == {"gregory": ["The staff"], "abram": ["The staff"]}, await roster(sampson)
        assert await roster(balthasar) == {}
        await sampson.happens("presence_available", lambda presence: presence["from"].user == "abram")
        assert [await may_count(each) for each in people.values()] == [False, True, False, False]
        assert await enters(sampson, "yard") is None and await enters(gregory, "yard") is None
        assert await enters(balthasar, "yard") == "registration-required"
        assert await enters(sampson, "war-room") is None and await enters(gregory, "war-room") is None
        assert (await gregory["xep_0045"].get_room_config("war-room@rooms.example", timeout=10)) is not None, "ops own the war room"

        world.slapd.join("staff", "balthasar")
        for each in (sampson, gregory, abram):
            await pushed(each, "balthasar", "both")
        await balthasar.happens("presence_available", lambda presence: presence["from"].user == "sampson")
        assert await roster(balthasar) == {uid: ["The staff"] for uid in ("sampson", "gregory", "abram")}
        assert await enters(balthasar, "yard") is None

        # A name that begins so; somebody in two groups has both.
        world.slapd.add(group("team-verona", ["sampson", "abram"]))
        await pushed(sampson, "abram", "both")
        assert (await roster(sampson))["abram"] == ["The staff", "The team-verona"]

        # The directory is away: nobody has lost anything.
        world.slapd.stop()
        eventually(lambda: "directory-groups-not-read" in world.log(), 20, "the directory was not missed")
        await asyncio.sleep(2)
        assert (await roster(sampson)).keys() == {"gregory", "abram", "balthasar"}
        assert await may_count(gregory)
        world.slapd.start()
        eventually(lambda: "directory-groups-read-again" in world.log(), 30, "the directory was not found again")

        # Who is taken out has lost roster, room and right.
        out = asyncio.get_running_loop().create_future()
        gregory.add_event_handler("muc::yard@rooms.example::got_offline",
                                  lambda presence: out.done() or presence["muc"]["nick"] != "gregory" or out.set_result(str(presence)))
        world.slapd.join("staff", "gregory", is_in=False)
        await pushed(sampson, "gregory", "remove")
        await pushed(gregory, "sampson", "remove")
        assert "code='321'" in (await asyncio.wait_for(out, 10)).replace('"', "'")
        assert await roster(gregory) == {}
        world.slapd.join("ops", "gregory", is_in=False, attribute="memberUid")
        while await may_count(gregory):
            await asyncio.sleep(0.2)
        code, said = world.operator("directory", "check", "abram@groups.example")
        assert code == 0, said
        for wanted in (r"groups\s+yes\s+inner, staff, team-verona", r"roster-groups\s+yes\s+staff \(shown as The staff", r"rights\s+yes\s+member of \*@rooms.example by staff"):
            assert re.search(wanted, said), (wanted, said)
        assert await roster(balthasar) == {"sampson": ["The staff"], "abram": ["The staff"]}
        for each in people.values():
            await each.log_out()
    run(story())


# ---- operators

def operators(world):
    """What the directory owns nobody changes here, by any door; aldis directory check explains."""
    for command in (("user", "add", "somebody@bind.example"), ("user", "passwd", "juliet@bind.example")):
        code, said = world.operator(*command, text="a long password\n")
        assert code == 1 and 'the directory "bind"' in said, said
    for command in (("user", "disable"), ("user", "delete")):
        code, said = world.operator(*command, "juliet@bind.example")
        assert code == 1 and 'the directory "bind"' in said, said

    async def story():
        juliet = await world.client("juliet@bind.example", "juliet secret").log_in()
        try:
            await juliet["xep_0077"].change_password("another long password", timeout=10)
            raise AssertionError("a password was changed")
        except Exception as error:
            assert getattr(error, "condition", "") == "not-allowed", error
        await juliet.log_out()
    run(story())
    code, said = world.operator("directory", "check", "juliet@bind.example")
    assert code == 0, said
    for wanted in (r"connection\s+yes", r"tls\s+yes\s+.*TLS", r"login\s+yes\s+as cn=aldis", r"search\s+yes\s+one entry", r"entry\s+yes\s+cn=juliet",
                   r"name\s+yes", r"enabled\s+yes", r"password\s+yes", r"everybody\s+yes\s+\d+ entries", r"account\s+yes\s+known here"):
        assert re.search(wanted, said), (wanted, said)
    code, said = world.operator("directory", "check", "romeo@scram.example")
    assert code == 0 and "SHA-256 (4096 iterations)" in said, said
    code, said = world.operator("directory", "check", "twin@bind.example")
    assert code == 0 and re.search(r"search\s+no\s+more than one", said), said
    code, said = world.operator("directory", "check", "nobody@bind.example")
    assert code == 0 and re.search(r"search\s+no\s+no entry", said), said
    code, said = world.operator("directory", "check", "montague@own.example")
    assert code == 1 and "no directory owns" in said, said
    assert SERVICE_PASSWORD not in world.log() and "juliet secret" not in world.log(), "a password is in the log"


def own_passwords(world):
    """A password of this server's own accounts is judged in the same words by every door (SP 800-63B), with the server running."""
    why = "the password is one of those that are guessed first"
    for command, who in (("add", "capulet"), ("passwd", "montague")):
        code, said = world.operator("user", command, f"{who}@own.example", text="PasswordPassword\n")
        assert code == 1 and why in said, said
    assert world.operator("user", "show", "capulet@own.example")[0] == 1, "an account was made"

    async def story():
        montague = await world.client("montague@own.example", "montague secret").log_in()
        try:
            await montague["xep_0077"].change_password("PasswordPassword", timeout=10)
            raise AssertionError("the password was changed")
        except Exception as error:
            assert (getattr(error, "condition", ""), getattr(error, "text", "")) == ("not-acceptable", why), error
        await montague["xep_0077"].change_password("a longer secret", timeout=10)
        await montague.log_out()
        again = await world.client("montague@own.example", "a longer secret").log_in()
        await again.log_out()
        code, said = world.operator("user", "passwd", "montague@own.example", text="montague secret\n")
        assert code == 0, said

        # One that an operator wants changed lets its owner in for that, and for nothing else.
        code, said = world.operator("user", "expire", "montague@own.example")
        assert code == 0, said
        await changes_it(world.client("montague@own.example", "montague secret"), "a longer secret still")
        again = await world.client("montague@own.example", "a longer secret still").log_in()
        await again.log_out()
        code, said = world.operator("user", "passwd", "montague@own.example", text="montague secret\n")
        assert code == 0, said
    run(story())


async def refused(who, password):
    """Why a password may not be changed to this one: condition and text."""
    try:
        await who["xep_0077"].change_password(password, timeout=10)
    except slixmpp.exceptions.IqError as error:
        return error.condition, error.text
    raise AssertionError(f"changed to {password}")


async def changes_it(who, password, *refusals):
    """Whoever is let in only to change a password: is told so, may do nothing else, changes it, and is sent to log in anew."""
    who.open()
    await who.happens("session_start")
    told = await who.happens("message")
    assert told["from"] == who.boundjid.domain and "must be changed" in told["body"], told
    try:
        await who.get_roster(timeout=10)
        raise AssertionError("a roster came")
    except slixmpp.exceptions.IqError as error:
        assert "<policy-violation " in str(error.iq), error   # slixmpp 1.8 has no name for it
    for wanted, condition, text in refusals:
        assert await refused(who, wanted) == (condition, text), wanted
    await who["xep_0077"].change_password(password, timeout=10)
    await who.happens("disconnected")


def password_policy(world):
    """What the directory's policy says of a password (draft-behera-ldap-password-policy): locked, expired, grace, near its end, reset; and its
    change by RFC 3062 as its owner, refused in the directory's own words."""
    assert try_plain(world, "policy.example", "expired", "expired secret")[0] == "credentials-expired"
    assert try_plain(world, "policy.example", "expired", "wrong")[0] == "not-authorized", "told only to who knows the password"
    for _ in range(2):
        assert try_plain(world, "policy.example", "locked", "wrong")[0] == "not-authorized"
    assert try_plain(world, "policy.example", "locked", "locked secret")[0] == "not-authorized", "locked looks like wrong"
    assert re.search("audit-password-verdict.*locked@policy.example.*the account is locked", world.log()), "and is written down"
    assert try_plain(world, "bind.example", "reset", "reset secret")[0] == "credentials-expired", "it cannot be changed there"
    code, said = world.operator("directory", "check", "reset@policy.example")
    assert re.search("password-must-change.*yes", said), said

    async def story():
        for name, words in (("grace", "Logins with it that are left: "), ("ending", "expires in 8 days")):
            client = world.client(f"{name}@policy.example", f"{name} secret")
            client.open()
            await client.happens("session_start")
            told = await client.happens("message")
            assert words in told["body"], told
            assert await client.get_roster(timeout=10) is not None
            if name == "ending":   # a change by somebody who is at work leaves that session alone
                elsewhere = await world.client("ending@policy.example", "ending secret").log_in()
                await client["xep_0077"].change_password("another secret", timeout=10)
                await elsewhere.happens("disconnected")
                await asyncio.sleep(4.5)   # two looks of the mirror
                assert await client.get_roster(timeout=10) is not None, "the session that changed it was ended"
                assert try_plain(world, "policy.example", "ending", "another secret")[0] == "success"
                assert try_plain(world, "policy.example", "ending", "ending secret")[0] == "not-authorized"
            await client.log_out()
        await changes_it(world.client("reset@policy.example", "reset secret"), "a fresh secret",
                         ("short", "not-acceptable", "the directory says that the password is too short"),
                         ("reset secret", "not-acceptable", "the directory says that the password is one of the former ones"))
        client = await world.client("reset@policy.example", "a fresh secret").log_in()
        await client.log_out()
        for name, domain, words in (("safe", "policy", "the directory wants the old password"), ("fixed", "policy", "does not let you change"),
                                    ("nurse", "bind", 'in the directory "bind": change it there')):
            client = await world.client(f"{name}@{domain}.example", f"{name} secret").log_in()
            condition, text = await refused(client, "another secret")
            assert condition == "not-allowed" and words in text, (name, condition, text)
            await client.log_out()
    run(story())
    log = world.slapd.log()
    assert re.search("PASSMOD|EXT oid=1.3.6.1.4.1.4203.1.11.1", log), "no password was modified"
    for secret in ("a fresh secret", "another secret", "reset secret"):
        assert secret not in world.log(), "a password is in the log"


CASES = {each.__name__.replace("_", "-"): each for each in (bind, scram, ways, odd_names, two_entries, unwell, messages_wait, groups, operators, own_passwords, password_policy, profile, search,
                                                           certificates, cards_while_away, together, away,
                                                           out_in_time)}


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
