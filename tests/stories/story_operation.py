"""Stories of operating the server: a graceful end, and certificates that change while people talk. Aldis only."""
import json
import signal
import ssl
import time
import xml.etree.ElementTree as ET

import servers
from client import PATIENCE, Refused, Unexpected
from story import story


def certificate(scene):
    """The certificate that a new connection is shown, as DER."""
    client = scene.connect_tls()
    found = client.socket.getpeercert(binary_form=True)
    client.close()
    return found


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Unexpected(f"{what} did not happen in {PATIENCE} s")
        time.sleep(0.05)


@story("RFC 6120 4.9.3.20: SIGTERM says system-shutdown to everybody and ends with code 0", only="aldis")
def graceful_end(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    stranger = scene.secured()
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>Good night</body></message>")
    juliet.receives("<message from='romeo@montague.example/orchard'><body>Good night</body></message>")
    started = time.monotonic()
    scene.server.signal(signal.SIGTERM)
    for client in (juliet, romeo, stranger):
        client.is_closed_with("system-shutdown")
    code = scene.server.process.wait(servers.STOP_SECONDS)
    if code != 0 or time.monotonic() - started > 10:
        raise Unexpected(f"ended with {code} after {time.monotonic() - started:.1f} s")
    scene.server.process = None


@story("What was accepted is kept: an offline message outlives the server's end and a kill", only="aldis")
def accepted_means_kept(scene):
    scene.account("juliet@capulet.example")
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>keep me</body></message>")
    romeo.sees_nothing()
    scene.people.remove(romeo)
    scene.server.kill()
    scene.server.start()
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    juliet.send("<presence/>")
    juliet.receives("<presence from='juliet@capulet.example/balcony'/>",
                    "<message from='romeo@montague.example/orchard' type='chat'><body>keep me</body>"
                    "<delay xmlns='urn:xmpp:delay' stamp='*'/></message>")


@story("SIGHUP: a new certificate is shown to new connections, and those who talk go on talking", only="aldis")
def certificate_reload(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    before = certificate(scene)
    servers.make_certificate(scene.server.folder)
    new = ssl.PEM_cert_to_DER_cert((scene.server.folder / "server.pem").read_text())
    scene.server.signal(signal.SIGHUP)
    wait_until(lambda: certificate(scene) == new, "the new certificate")
    if new == before:
        raise Unexpected("the test made no new certificate")
    juliet.sees_nothing()
    scene.login("nurse@capulet.example/hall")


@story("SIGHUP with a bad certificate: the old one stays, and the log says so", only="aldis")
def bad_certificate_keeps_the_old(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    before = certificate(scene)
    log_before = len(scene.server.log())
    (scene.server.folder / "server.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    scene.server.signal(signal.SIGHUP)
    wait_until(lambda: len(scene.server.log()) > log_before, "a word about it in the log")
    if certificate(scene) != before:
        raise Unexpected("the certificate changed")
    juliet.sees_nothing()


@story("SIGHUP with a bad aldis.toml: nothing changes, and the log names file and line", only="aldis")
def bad_configuration_keeps_the_old(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    scene.account("nurse@capulet.example")  # Operators' commands would refuse the bad file too.
    with open(scene.server.config, "a") as config:
        config.write("\n[nonsense]\nkey = 1\n")
    scene.server.signal(signal.SIGHUP)
    wait_until(lambda: "aldis.toml:" in scene.server.log() and "nonsense" in scene.server.log(), "a word about it in the log")
    juliet.sees_nothing()
    scene.login("nurse@capulet.example/hall")


@story("aldis session list says how each session is protected", only="aldis")
def sessions_show_their_tls(scene):
    scene.login("juliet@capulet.example/balcony")
    password = scene.account("romeo@montague.example")
    bound = scene.secured("montague.example")
    bound.authenticate("romeo", password, mechanism="SCRAM-SHA-256-PLUS")
    bound.open_stream()
    bound.bind("orchard")
    rows = {row["session"]: row for row in json.loads(scene.server.command_line("session", "list", "--json"))}
    for jid, binding in (("juliet@capulet.example/balcony", None), ("romeo@montague.example/orchard", "tls-server-end-point")):
        row = rows[jid]
        if row["tls"] not in ("TLSv1.2", "TLSv1.3") or not row["cipher"] or row["confidential"] is not True:
            raise Unexpected(f"{jid}: {row}")
        if row["channel-binding"] != binding:
            raise Unexpected(f"{jid}: {row}")
    bound.close()


@story("aldis user unlock lets in at once who was locked out by failed logins", only="aldis")
def unlock(scene):
    password = scene.account("juliet@capulet.example")

    def attempt(word):
        client = scene.secured()
        try:
            client.authenticate("juliet", word)
            return True
        except Refused:
            return False
        finally:
            client.close()

    def is_locked():
        row = next(row for row in json.loads(scene.server.command_line("user", "list", "--json"))
                   if row["account"] == "juliet@capulet.example")
        return row["locked-out"] != ""

    if not attempt(password) or is_locked():
        raise Unexpected("a new account is locked")
    for _ in range(5):
        attempt("wrong")
    if attempt(password) or not is_locked():
        raise Unexpected("five failures locked nobody out")
    if "from " not in scene.server.command_line("user", "show", "juliet@capulet.example"):
        raise Unexpected("user show says nothing of it")
    scene.server.command_line("user", "unlock", "juliet@capulet.example")
    if is_locked() or not attempt(password):
        raise Unexpected("still locked out")


@story("Administrators of a domain change with a reload, and use operators' commands over XMPP", only="aldis")
def administrators_reload(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    ask = "<command xmlns='http://jabber.org/protocol/commands' node='urn:aldis:operator#session-list'/>"

    def is_allowed():
        return juliet.iq("set", ask, to="capulet.example", any_answer=True).get("type") == "result"

    if is_allowed():
        raise Unexpected("anybody may")
    text = scene.server.config.read_text()
    scene.server.config.write_text(text.replace('name = "capulet.example"', 'name = "capulet.example"\n'
                                                'administrators = ["juliet@capulet.example"]'))
    if "capulet.example administrators" not in scene.server.command_line("reload"):
        raise Unexpected("the reload does not name what it applied")
    if not is_allowed():
        raise Unexpected("an administrator may not")
    scene.server.config.write_text(text)
    scene.server.command_line("reload")
    if is_allowed():
        raise Unexpected("an administrator no more, and may")


@story("XEP-0133 4.22: the message of the day reaches each user once, and outlives a restart", only="aldis")
def message_of_the_day(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.server.command_line("motd", "set", "capulet.example", "A feast")
    said = "<message from='capulet.example' type='headline'><body>A feast</body></message>"
    juliet.receives(said)
    romeo.sees_nothing()
    scene.people.clear()
    scene.server.kill()
    scene.server.start()
    again = scene.login("juliet@capulet.example/balcony")
    again.sees_nothing()
    nurse = scene.login("nurse@capulet.example/hall")
    nurse.receives(said)


ARCHIVE = "{urn:xmpp:pie:0#mam}archive/{urn:xmpp:mam:2}result"
MESSAGE = "{urn:xmpp:forward:0}forwarded/{jabber:client}message"


@story("XEP-0227 4.11: an archive is exported while the server runs and when it is stopped", only="aldis")
def archive_export(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    count = 1100  # three pages
    for number in range(count):
        romeo.send(f"<message to='{juliet.jid}' type='chat'><body>{number} &lt; &#252;</body></message>")
        juliet.receives(f"<message from='{romeo.jid}'><body>{number} &lt; &#252;</body></message>")
    nurse.send(f"<message to='{juliet.jid}' type='chat'><body>Madam!</body></message>")
    juliet.receives(f"<message from='{nurse.jid}'><body>Madam!</body></message>")

    def export(*arguments):
        document = ET.fromstring(scene.server.command_line("archive", "export", "juliet@capulet.example", *arguments))
        user = document.find("{urn:xmpp:pie:0}host[@jid='capulet.example']/{urn:xmpp:pie:0}user[@name='juliet']")
        return [result.find(MESSAGE).findtext("{jabber:client}body") for result in user.findall(ARCHIVE)]

    words = [f"{number} < \u00fc" for number in range(count)]
    if export() != [*words, "Madam!"]:
        raise Unexpected("the export is not what was said")
    if export("--with", "nurse@capulet.example") != ["Madam!"] or export("--end", "2026-01-01") != []:
        raise Unexpected("the export is not the part that was asked for")
    scene.server.command_line("archive", "keep", "juliet@capulet.example", "--age", "90d")
    scene.people.clear()
    scene.server.stop()
    if export() != [*words, "Madam!"]:
        raise Unexpected("the store tells something else than the server did")
    if json.loads(scene.server.command_line("archive", "show", "juliet@capulet.example", "--json"))["messages"] != count + 1:
        raise Unexpected("the messages are not counted")
    for arguments in (("nobody@capulet.example",), ("juliet@capulet.example", "--start", "soon")):
        try:
            scene.server.command_line("archive", "export", *arguments)
        except servers.Failed:
            continue
        raise Unexpected(f"{arguments} was accepted")
    scene.server.start()
