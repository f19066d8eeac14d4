"""Stories of people who log in with certificates (SASL EXTERNAL, XEP-0178), and of those who should not. Aldis only."""
import json

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
    try:
        juliet.next()
    except Closed as closed:
        if closed.condition != "not-authorized":
            raise
    else:
        raise Unexpected("the session should end")
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
