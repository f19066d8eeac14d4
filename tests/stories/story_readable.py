"""Stories of a site that must read its own traffic: TLS suites that protect integrity and do not encrypt, where a listener
allows them (RFC 9150; security T08). A tap on the line shows what others see. Aldis only.
"""
import json
import select
import socket
import ssl
import threading
import urllib.request

import servers
from client import PATIENCE, Client, Closed, Refused, Unexpected
from story import story

ONLY_NULL = "ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA:@SECLEVEL=0"
NULL_FIRST = "ECDHE-ECDSA-NULL-SHA:ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=0"
COUNT_USERS = ("<command xmlns='http://jabber.org/protocol/commands' "
               "node='http://jabber.org/protocol/admin#get-registered-users-num'/>")


class Tap:
    """One connection to the server through a wire that keeps what passes, and changes it if told."""

    def __init__(self, target):
        self.seen = b""
        self.change = lambda data: data
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = self.door.getsockname()
        threading.Thread(target=self._carry, args=(target,), daemon=True).start()

    def _carry(self, target):
        near, _ = self.door.accept()
        self.door.close()
        with near, socket.create_connection(target, timeout=PATIENCE) as far:
            while True:
                for source in select.select((near, far), (), ())[0]:
                    try:
                        data = source.recv(65536)
                        self.seen += data
                        (far if source is near else near).sendall(self.change(data))
                    except OSError:
                        return
                    if not data:
                        return


class Site:
    """The server with a third listener, which allows what the others do not, and metrics; Juliet is an administrator."""

    def __init__(self, scene):
        self.scene = scene
        self.port, self.metrics_port = servers.free_ports(2)
        scene.server.stop()
        configure = scene.server.configure

        def with_administrator():
            configure()
            text = scene.server.config.read_text()
            name = 'name = "capulet.example"\n'
            scene.server.config.write_text(text.replace(name, name + 'administrators = ["juliet@capulet.example"]\n'))
        scene.server.configure = with_administrator
        scene.server.settings = f"""[[listener]]
address = "{scene.server.host}"
port = {self.port}
tls = "direct"
allow_integrity_only = true
[metrics]
port = {self.metrics_port}
"""
        scene.server.start()

    def connect(self, ciphers, port=None):
        """(a client inside TLS with these ciphers, the tap on its line)"""
        tap = Tap((self.scene.server.host, port or self.port))
        client = Client(tap.address, "capulet.example", self.scene.server.ca_file)
        client.start_tls_now(ciphers=ciphers)
        client.open_stream()
        return client, tap

    def login(self, ciphers, resource, user="juliet"):
        password = self.scene.account(f"{user}@capulet.example")
        client, tap = self.connect(ciphers)
        client.authenticate(user, password, mechanism="SCRAM-SHA-256-PLUS")  # channel binding holds
        client.open_stream()
        client.bind(resource)
        self.scene.people.append(client)
        return client, tap, password

    def metric(self, name):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE).read().decode()
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(name + " "))


def must_be(what, is_so):
    if not is_so:
        raise Unexpected(what)


@story("T08: without a word in the configuration no listener speaks a suite that does not encrypt", only="aldis")
def not_by_accident(scene):
    for prepare, address in ((lambda client: None, scene.server.tls_port),
                             (lambda client: (client.open_stream(), client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                                              client.next()), scene.server.port)):
        client = Client((scene.server.host, address), "capulet.example", scene.server.ca_file)
        prepare(client)
        try:
            client.start_tls_now(ciphers=ONLY_NULL)
        except (ssl.SSLError, OSError):
            continue
        raise Unexpected(f"the server took {client.socket.cipher()}")
    site = Site(scene)  # nor do the others because one does
    try:
        site.connect(ONLY_NULL, scene.server.tls_port)
    except (ssl.SSLError, OSError):
        return
    raise Unexpected("a listener that does not allow it took a suite that does not encrypt")


@story("T08, RFC 9150: a site reads its own traffic, and nobody changes it", only="aldis")
def readable_and_unchanged(scene):
    site = Site(scene)
    romeo = scene.login("romeo@capulet.example/orchard")
    juliet, tap, password = site.login(ONLY_NULL, "balcony")
    must_be("the suite does not encrypt", juliet.socket.cipher()[0] == "ECDHE-ECDSA-NULL-SHA")
    juliet.send("<message to='romeo@capulet.example/orchard' type='chat'><body>parting is such sweet sorrow</body></message>")
    romeo.receives("<message from='juliet@capulet.example/balcony'><body>parting is such sweet sorrow</body></message>")
    romeo.send("<message to='juliet@capulet.example/balcony' type='chat'><body>sleep dwell upon thine eyes</body></message>")
    juliet.receives("<message from='romeo@capulet.example/orchard'><body>sleep dwell upon thine eyes</body></message>")
    for words in (b"sweet sorrow", b"thine eyes"):
        must_be("who has the line reads what is said", words in tap.seen)
    must_be("and no password", password.encode() not in tap.seen)
    for path in scene.server.folder.glob("*log"):
        must_be("nor is it logged", password not in path.read_text())
    scene.people.remove(juliet)
    tap.change = lambda data: data.replace(b"a thousand times", b"a hundred  times")
    juliet.send("<message to='romeo@capulet.example/orchard' type='chat'><body>a thousand times good night</body></message>")
    try:
        juliet.next()
        raise Unexpected("the stream goes on after something was changed")
    except Closed:
        pass
    romeo.sees_nothing()


@story("T08: an encrypting suite is chosen wherever the client has one", only="aldis")
def encrypts_when_it_can(scene):
    site = Site(scene)
    juliet, tap, _ = site.login(NULL_FIRST, "balcony")
    must_be("the suite encrypts", juliet.socket.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384")
    must_be("and the line shows nothing", b"balcony" not in tap.seen)
    juliet.iq("set", COUNT_USERS, to="capulet.example")
    listed = json.loads(scene.server.command_line("session", "list", "--json"))
    must_be(f"the session is confidential: {listed}", [row["confidential"] for row in listed] == [True])
    must_be("no session can be read", site.metric("aldis_sessions_not_confidential") == 0)
    must_be("no record", "audit-login-not-confidential" not in scene.server.log())


@story("T08: no password, no token and no operator's command through a stream that others read; and everybody can tell", only="aldis")
def nothing_worth_stealing(scene):
    site = Site(scene)
    password = scene.account("juliet@capulet.example")
    stranger, _ = site.connect(ONLY_NULL)
    must_be(f"PLAIN is not offered: {stranger.mechanisms()}", "PLAIN" not in stranger.mechanisms())
    for tag in ("fast", "register", "upgrade"):
        must_be(f"{tag} is not offered", not any(each.tag.endswith("}" + tag) for each in stranger.features.iter()))
    try:
        stranger.authenticate("juliet", password, mechanism="PLAIN")
        raise Unexpected("PLAIN was accepted")
    except Refused as problem:
        must_be(f"refused with {problem.condition}", problem.condition == "invalid-mechanism")
    stranger.close()
    juliet, _, _ = site.login(ONLY_NULL, "balcony")
    answer = juliet.iq("set", "<query xmlns='jabber:iq:register'><username>juliet</username><password>my new password</password></query>",
                       any_answer=True)
    must_be("XEP-0077 3.3: not-authorized", answer.find(".//{*}not-authorized") is not None)
    answer = juliet.iq("set", COUNT_USERS, to="capulet.example", any_answer=True)
    must_be("an administrator is refused", answer.find(".//{*}policy-violation") is not None)
    listed = json.loads(scene.server.command_line("session", "list", "--json"))
    must_be(f"the listing says so: {listed}",
            [(row["cipher"], row["confidential"]) for row in listed] == [("ECDHE-ECDSA-NULL-SHA", False)])
    must_be("so do the metrics", site.metric("aldis_sessions_not_confidential") == 1 and site.metric("aldis_integrity_only_logins_total") == 1)
    log = "".join(path.read_text() for path in scene.server.folder.glob("*log"))
    for event, also in (("audit-integrity-only-allowed", str(site.port)), ("audit-login-not-confidential", "juliet@capulet.example"),
                        ("command-refused", "policy-violation"), ("password-change-refused", "juliet@capulet.example")):
        must_be(f"the log has {event} with {also}", any(event in line and also in line for line in log.splitlines()))
    scene.leave(juliet)
    again = scene.login("juliet@capulet.example/balcony")  # with the old password, on a usual stream
    again.iq("set", COUNT_USERS, to="capulet.example")
