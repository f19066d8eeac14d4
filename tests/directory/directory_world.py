"""slapd, the pretenders, and one Aldis that serves a domain for each directory; what the cases of every subject do with them."""
import asyncio
import base64
import os
import pathlib
import re
import socket
import ssl
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
for each in ("interop", "stories", "support"):
    sys.path.insert(0, str(HERE.parent / each))
import servers  # noqa: E402
from directories import GROUPS, PEOPLE, READER, SERVICE, SERVICE_PASSWORD, Pretender, Slapd, group, person, under  # noqa: E402
from served import Served, toml  # noqa: E402
from slixmpp_client import Person  # noqa: E402

TOO_LATE = 5.0   # seconds until somebody must have been told that the directory does not answer

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


async def bystander(world):
    """People of another domain notice nothing."""
    montague = await world.client("montague@own.example", "montague secret").log_in()
    await montague.log_out()
