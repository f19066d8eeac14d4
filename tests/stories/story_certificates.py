"""Stories of people who log in with certificates (SASL EXTERNAL, XEP-0178), and of those who should not. Aldis only."""
import base64
import json
import os
import select
import subprocess
import time

import servers
from client import Closed, Refused, Unexpected
from story import story

MAIL = "email:j.capulet@verona.example"


def make_card(scene, name, names, **how):
    servers.make_card(scene.server.folder, name, names, **how)


def of(address):
    return servers.xmpp_name(address)


def start_with_certificates(scene, use="optional"):
    """The server anew, its domain capulet.example with certificates of its authority."""
    scene.server.stop()
    scene.server.client_certificates = use
    scene.server.settings += '[lobby]\ncertificate_check = "1s"\n'
    scene.server.start()


def with_card(scene, name, direct=True):
    """A connection that has shown the card and seen the features."""
    files = (scene.server.folder / f"{name}.pem", scene.server.folder / f"{name}.key")
    if direct:
        client = scene.connect_direct(files)
    else:
        client = scene.connect()
        client.open_stream()
        client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        client.receives("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        client.start_tls_now(alpn=(), card=files)
    client.open_stream()
    return client


def closes(client, condition):
    """The stream ends with this error, and nothing else is sent before."""
    try:
        said = client.next()
    except Closed as closed:
        if closed.condition != condition:
            raise
    else:
        raise Unexpected(f"the session should end: {said}")


@story("XEP-0178 2, RFC 4422 A: a certificate is let in as whom it says, and nobody else; a bystander sees nothing", only="aldis")
def certificate_login(scene):
    scene.account("juliet@capulet.example")
    scene.account("nurse@capulet.example")
    start_with_certificates(scene)
    romeo = scene.login("romeo@montague.example/orchard")
    make_card(scene, "juliet", of("juliet@capulet.example"))
    make_card(scene, "tybalt", of("tybalt@capulet.example"))
    for direct in (True, False):
        juliet = with_card(scene, "juliet", direct)
        if juliet.mechanisms()[0] != "EXTERNAL":
            raise Unexpected(f"EXTERNAL should come first: {juliet.mechanisms()}")
        try:
            juliet.external("nurse@capulet.example")
        except Refused as refused:
            if refused.condition != "invalid-authzid":
                raise
        juliet.external()
        juliet.open_stream()
        if juliet.bind("balcony") != "juliet@capulet.example/balcony":
            raise Unexpected(f"bound as {juliet.jid}")
        juliet.sees_nothing()
        sessions = json.loads(scene.server.command_line("session", "list", "juliet@capulet.example", "--json"))
        if [each["mechanism"] for each in sessions] != ["EXTERNAL"]:
            raise Unexpected(f"{sessions}")
        juliet.logout()
    tybalt = with_card(scene, "tybalt")
    if "EXTERNAL" in tybalt.mechanisms():
        raise Unexpected("Tybalt has no account, and is offered EXTERNAL")
    try:
        tybalt.external("juliet@capulet.example")
    except Refused as refused:
        if refused.condition != "invalid-mechanism":
            raise
    else:
        raise Unexpected("Tybalt got in as Juliet")
    tybalt.logout()
    # Her card is lost, and there is no network: what the authority says of it (RFC 6960) is brought by hand.
    juliet = with_card(scene, "juliet")
    juliet.external()
    juliet.open_stream()
    juliet.bind("balcony")
    servers.revoke(scene.server.folder, "juliet")
    answer = str(servers.ocsp_response(scene.server.folder, "juliet"))
    for expected in ("1 of 1 answers are newer", "0 of 1 answers are newer"):
        said = scene.server.command_line("cert", "import-ocsp", answer)
        if expected not in said:
            raise Unexpected(said)
    closes(juliet, "not-authorized")
    again = with_card(scene, "juliet")
    if "EXTERNAL" in again.mechanisms():
        raise Unexpected("the card is revoked")
    again.logout()
    known = json.loads(scene.server.command_line("cert", "revocation", "--json"))
    if [(each["kind"], each["says"], each["until"]) for each in known] != [("OCSP", "revoked", None)]:
        raise Unexpected(f"{known}")
    romeo.sees_nothing()


@story("a mail address in a certificate is somebody's once the operator has said so, and the session ends when it is taken back",
       only="aldis")
def certificate_of_an_account(scene):
    scene.account("juliet@capulet.example")
    start_with_certificates(scene)
    make_card(scene, "card", MAIL)
    card = str(scene.server.folder / "card.pem")
    explained = json.loads(scene.server.command_line("cert", "explain", card, "--json"))
    if explained[-1] != {"step": "account", "outcome": "refused", "detail": "no rule finds an account"}:
        raise Unexpected(f"{explained}")
    scene.server.command_line("user", "certificate", "add", "juliet@capulet.example", "--file", card, "--key", "mail")
    listed = json.loads(scene.server.command_line("user", "certificate", "list", "juliet@capulet.example", "--json"))
    if [(each["key"], each["value"]) for each in listed] != [("mail", "j.capulet@verona.example")]:
        raise Unexpected(f"{listed}")
    if "juliet@capulet.example, enabled" not in scene.server.command_line("cert", "explain", card):
        raise Unexpected("the card should be Juliet's now")
    juliet = with_card(scene, "card")
    juliet.external()
    juliet.open_stream()
    juliet.bind("balcony")
    juliet.sees_nothing()
    scene.server.command_line("user", "certificate", "remove", "juliet@capulet.example", "--key", "mail", "--value",
                              "J.Capulet@Verona.Example")
    closes(juliet, "not-authorized")
    if "audit-session-certificate" not in scene.server.log():
        raise Unexpected("and the log should say so")
    again = with_card(scene, "card")
    if "EXTERNAL" in again.mechanisms():
        raise Unexpected("the card is nobody's any more")
    again.logout()


@story("where certificates are required no password is taken, and nobody without one is offered anything", only="aldis")
def certificates_only(scene):
    password = scene.account("juliet@capulet.example")
    scene.account("romeo@montague.example")
    start_with_certificates(scene, "required")
    make_card(scene, "juliet", of("juliet@capulet.example"))
    make_card(scene, "server_like", of("juliet@capulet.example"), usage="serverAuth")
    bare = scene.secured()
    late = with_card(scene, "server_like")
    for client in (bare, late):
        if client.mechanisms():
            raise Unexpected(f"offered without a good certificate: {client.mechanisms()}")
        try:
            client.authenticate("juliet", password, "PLAIN")
        except Refused as refused:
            if refused.condition != "invalid-mechanism":
                raise
        else:
            raise Unexpected("a password was taken")
        client.logout()
    juliet = with_card(scene, "juliet")
    if juliet.mechanisms() != ["EXTERNAL"]:
        raise Unexpected(f"{juliet.mechanisms()}")
    juliet.external()
    juliet.open_stream()
    juliet.bind("balcony")
    juliet.sees_nothing()
    juliet.logout()
    romeo = scene.login("romeo@montague.example/orchard")  # Another domain of the same server has passwords as ever.
    romeo.sees_nothing()


class CardReader:
    """OpenSSL's s_client as the client of somebody whose key is in a token (package libengine-pkcs11-openssl)."""

    def __init__(self, scene, token, key, certificate):
        command = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{scene.server.tls_port}", "-servername", "capulet.example",
                   "-alpn", "xmpp-client", "-CAfile", scene.server.ca_file, "-verify_return_error", "-engine", "pkcs11", "-keyform", "engine",
                   "-key", f"{key};pin-value={token.PIN}", "-cert", scene.server.folder / certificate]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **token.environment})
        self.heard = ""

    def says(self, text, until):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + 20
        while until not in self.heard:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not more:
                self.process.kill()
                raise Unexpected(f"wanted {until}, heard {self.heard!r}; {self.process.stderr.read().decode()}")
            self.heard += more.decode()
        said, self.heard = self.heard, ""
        return said

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@story("RFC 7512: the server's private key, and a person's, are in a token and in no file; TLS is served and a login done with them", only="aldis")
def keys_in_a_token(scene):
    scene.account("juliet@capulet.example")
    romeo = None
    token = servers.Token(scene.server.folder)
    make_card(scene, "juliet", of("juliet@capulet.example"))
    key = token.take("juliet")
    scene.server.server_key = f"{token.take('server')}?module-path={token.MODULE}&pin-source=file:{scene.server.folder}/pin"
    os.environ["SOFTHSM2_CONF"] = token.environment["SOFTHSM2_CONF"]
    try:
        start_with_certificates(scene)
        romeo = scene.login("romeo@montague.example/orchard")  # an ordinary client, and the bystander
        header = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
                  "to='capulet.example' version='1.0'>")
        juliet = CardReader(scene, token, key, "juliet.pem")
        try:
            features = juliet.says(header, "</stream:features>")
            if "EXTERNAL" not in features:
                raise Unexpected(features)
            identity = base64.b64encode(b"juliet@capulet.example").decode()
            juliet.says(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>{identity}</auth>", "<success")
            juliet.says(header, "</stream:features>")
            bound = juliet.says("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>card</resource></bind></iq>", "</iq>")
            if "juliet@capulet.example/card" not in bound:
                raise Unexpected(bound)
            sessions = json.loads(scene.server.command_line("session", "list", "juliet@capulet.example", "--json"))
            if [each["mechanism"] for each in sessions] != ["EXTERNAL"]:
                raise Unexpected(f"{sessions}")
            juliet.says("</stream:stream>", "</stream:stream>")
        finally:
            juliet.close()
        romeo.sees_nothing()
        scene.server.command_line("check", "--offline")  # reads the key in the token too, and finds no fault
        scene.leave(romeo)  # before the server ends, whose token this story alone names
    finally:
        scene.server.stop()
        os.environ.pop("SOFTHSM2_CONF", None)
