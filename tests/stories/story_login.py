"""Stories of logging in: RFC 6120 sections 5 to 7, RFC 7590, XEP-0368."""
from client import SASL, TLS, Refused, Unexpected
from story import story


@story("RFC 6120 5.3.1, RFC 7590 3.1: before TLS only a required STARTTLS is on offer")
def login_over_starttls(scene):
    scene.account("juliet@capulet.example")
    juliet = scene.connect()
    features = juliet.open_stream()
    if [child.tag for child in features] != [f"{{{TLS}}}starttls"]:
        raise Unexpected(f"more than STARTTLS is offered in the clear: {[child.tag for child in features]}")
    if features.find(f"{{{TLS}}}starttls/{{{TLS}}}required") is None:
        raise Unexpected("STARTTLS is not required")
    first_id = juliet.header.get("id")
    juliet.starttls()
    features = juliet.open_stream()
    if juliet.header.get("id") in (None, "", first_id):
        raise Unexpected("stream ids must be new and present")  # RFC 6120 4.7.3
    if features.find(f"{{{TLS}}}starttls") is not None:
        raise Unexpected("STARTTLS is offered inside TLS")
    juliet.authenticate("juliet", scene.account("juliet@capulet.example"))
    juliet.open_stream()
    if juliet.mechanisms():
        raise Unexpected("SASL is offered again after it succeeded")
    if juliet.bind("balcony") != "juliet@capulet.example/balcony":
        raise Unexpected(f"bound as {juliet.jid}")
    juliet.sees_nothing()
    juliet.logout()


@story("XEP-0368 section 3: TLS from the first byte, with and without ALPN")
def login_over_direct_tls(scene):
    password = scene.account("juliet@capulet.example")
    for alpn in (("xmpp-client",), ()):
        juliet = scene.connect_tls(alpn=alpn)
        if alpn and juliet.socket.selected_alpn_protocol() not in ("xmpp-client", None):
            raise Unexpected("the server chose an ALPN protocol we did not offer")
        juliet.open_stream()
        juliet.authenticate("juliet", password)
        juliet.open_stream()
        juliet.bind("balcony")
        juliet.logout()


@story("RFC 6120 6.4.5, RFC 4616: each mechanism on offer that we know lets us in")
def every_mechanism_works(scene):
    password = scene.account("juliet@capulet.example")
    tried = 0
    for mechanism in ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        juliet = scene.secured()
        if mechanism in juliet.mechanisms():
            juliet.authenticate("juliet", password, mechanism)
            juliet.open_stream()
            juliet.bind()
            tried += 1
        juliet.logout()
    if tried < 2:
        raise Unexpected("PLAIN inside TLS and a SCRAM should both be there")


@story("RFC 6120 6.5.10: a wrong password and an unknown name look alike, and the right one still gets in")
def wrong_password_is_refused(scene):
    password = scene.account("juliet@capulet.example")
    juliet = scene.secured()
    for user, secret in (("juliet", "wrong"), ("nobody-of-this-name", password)):
        for mechanism in ("SCRAM-SHA-1",):
            client = scene.secured()
            try:
                client.authenticate(user, secret, mechanism)
            except Refused as refused:
                if refused.condition != "not-authorized":
                    raise
            else:
                raise Unexpected(f"{user} got in")
            client.close()
    juliet.authenticate("juliet", password)
    juliet.open_stream()
    juliet.bind()
    juliet.logout()


@story("RFC 6120 6.5.4: credentials that are no base64 are refused, and the stream lives on")
def malformed_credentials_are_refused(scene):
    scene.account("juliet@capulet.example")
    juliet = scene.secured()
    juliet.send(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-1'>!!!</auth>")
    juliet.receives(f"<failure xmlns='{SASL}'/>")
    juliet.authenticate("juliet", scene.account("juliet@capulet.example"))
    juliet.close()


@story("RFC 6120 7.6, 7.7: a client may leave the resource to the server, and two resources live side by side")
def resources(scene):
    first = scene.login("juliet@capulet.example/balcony", presence=None)
    second = scene.login("juliet@capulet.example", presence=None)
    third = scene.login("juliet@capulet.example", presence=None)
    if len({first.jid, second.jid, third.jid}) != 3:
        raise Unexpected(f"resources are not distinct: {first.jid} {second.jid} {third.jid}")
    if not second.jid.startswith("juliet@capulet.example/"):
        raise Unexpected(f"bound as {second.jid}")


@story("XEP-0077 3.3: a changed password is the one that works")
def change_password(scene):
    password = scene.account("juliet@capulet.example")
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    juliet.iq("set", "<query xmlns='jabber:iq:register'><username>juliet</username>"
                     "<password>new pass &amp; word</password></query>", to="capulet.example")
    again = scene.login("juliet@capulet.example/orchard", presence=None, password="new pass & word")
    again.sees_nothing()
    client = scene.secured()
    try:
        client.authenticate("juliet", password)
    except Refused as refused:
        if refused.condition != "not-authorized":
            raise
    else:
        raise Unexpected("the old password still works")
