"""Stories of a phone that comes back: XEP-0388, XEP-0386, XEP-0484 and XEP-0480. Debian's prosody knows none of them."""
import os
import subprocess

from client import BIND, FAST, Refused, Unexpected
from story import story

PHONE = "d4565fa7-4d72-4749-b3d3-740edbf87770"
LAPTOP = "0ac1e2ff-9f1c-4ae1-8a30-f40cbbd0ea6a"
BOUND = "urn:xmpp:bind:0"
UPGRADE = "urn:xmpp:sasl:upgrade:0"


def agent(client):
    return f"<user-agent id='{client}'><software>Story</software><device>Juliet's phone</device></user-agent>"


def bind(tag="Phone"):
    return f"<bind xmlns='{BOUND}'><tag>{tag}</tag></bind>"


WANTS_TOKEN = f"<request-token xmlns='{FAST}' mechanism='HT-SHA-256-ENDP'/>"


def refused(condition, act):
    try:
        act()
    except Refused as problem:
        if problem.condition != condition:
            raise
    else:
        raise Unexpected(f"got in; {condition} was due")


def secured(scene, sender="juliet@capulet.example"):
    client = scene.connect_tls()
    client.open_stream(sender=sender)
    return client


def operator(scene, *words):
    done = subprocess.run([scene.server.binary, "--config", scene.server.config, *words], text=True, capture_output=True,
                          timeout=30, cwd=scene.server.folder)
    if done.returncode != 0:
        raise Unexpected(f"aldis {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def first_login(scene, client_id=PHONE):
    password = scene.account("juliet@capulet.example")
    juliet = secured(scene)
    juliet.authenticate2("juliet", password, agent(client_id) + bind() + WANTS_TOKEN)
    token = juliet.token()
    if token is None:
        raise Unexpected("no token was given")
    return juliet, token


@story("XEP-0388 2.6, XEP-0386 3.2, XEP-0484 3: password once, then back in one round trip with a token", only="aldis")
def back_in_one_round_trip(scene):
    romeo = scene.login("romeo@capulet.example/orchard", presence=None)
    juliet, token = first_login(scene)
    first_jid = juliet.jid
    if not first_jid.startswith("juliet@capulet.example/Phone/") or PHONE in first_jid:
        raise Unexpected(f"bound as {first_jid}")
    if juliet.success.find(f"{{{BOUND}}}bound") is None or juliet.features.find(f"{{{BIND}}}bind") is not None:
        raise Unexpected("the resource should be bound with the success")
    juliet.close()  # The train goes into a tunnel.
    back = secured(scene)
    back.authenticate_with_token("juliet", token, agent(PHONE) + bind())
    if back.jid != first_jid:
        raise Unexpected(f"another resource for the same client: {back.jid}")
    romeo.send(f"<message to='{back.jid}' type='chat' id='m'><body>back?</body></message>")
    back.receives("<message id='m'><body>back?</body></message>")
    # The same with -PLUS: the channel is bound with the password too.
    plus = secured(scene)
    plus.authenticate2("juliet", scene.account("juliet@capulet.example"), agent(LAPTOP) + bind(), "SCRAM-SHA-512-PLUS")
    plus.logout()
    back.logout()
    romeo.sees_nothing()


@story("XEP-0484 3.4: a token is good for its client, mechanism and channel, and for nobody else", only="aldis")
def token_of_another(scene):
    scene.account("romeo@capulet.example")
    juliet, token = first_login(scene)
    for attempt in (
            lambda client: client.authenticate_with_token("juliet", token, agent(LAPTOP) + bind()),
            lambda client: client.authenticate_with_token("romeo", token, agent(PHONE) + bind()),
            lambda client: client.authenticate_with_token("juliet", token, agent(PHONE) + bind(), binding=bytes(32)),
            lambda client: client.authenticate_with_token("juliet", token + "x", agent(PHONE) + bind())):
        refused("not-authorized", lambda: attempt(secured(scene, sender=None)))
    refused("invalid-mechanism", lambda: secured(scene).authenticate_with_token(
        "juliet", token, agent(PHONE), binding=b"", mechanism="HT-SHA-256-NONE"))
    refused("invalid-authzid", lambda: secured(scene, sender="romeo@capulet.example").authenticate2(
        "juliet", scene.account("juliet@capulet.example"), agent(PHONE)))
    juliet.sees_nothing()
    juliet.logout()


@story("XEP-0484 3.4: a count that was seen is not taken again", only="aldis")
def replayed_count(scene):
    juliet, token = first_login(scene)
    juliet.logout()
    for count, is_good in ((5, True), (5, False), (4, False), (6, True)):
        client = secured(scene)
        login = lambda: client.authenticate_with_token("juliet", token, agent(PHONE) + bind(), fast=f"count='{count}'")
        if is_good:
            login()
            client.logout()
        else:
            refused("not-authorized", login)


@story("XEP-0484 3.6: a client that logs out takes its token with it", only="aldis")
def logged_out(scene):
    juliet, token = first_login(scene)
    juliet.logout()
    last = secured(scene)
    last.authenticate_with_token("juliet", token, agent(PHONE), fast="invalidate='true'")
    last.logout()
    refused("not-authorized", lambda: secured(scene).authenticate_with_token("juliet", token, agent(PHONE) + bind()))


@story("security S13: tokens end with the password, and when an operator takes them back", only="aldis")
def token_taken_back(scene):
    juliet, token = first_login(scene)
    listed = operator(scene, "session", "tokens", "juliet@capulet.example")
    if PHONE not in listed or "Juliet's phone" not in listed or token in listed:
        raise Unexpected(f"session tokens says\n{listed}")
    operator(scene, "session", "forget", "juliet@capulet.example", PHONE)
    juliet.is_closed_with("not-authorized")
    refused("not-authorized", lambda: secured(scene).authenticate_with_token("juliet", token, agent(PHONE) + bind()))
    again, token = first_login(scene)
    again.iq("set", "<query xmlns='jabber:iq:register'><username>juliet</username><password>another password</password></query>",
             to="capulet.example")
    again.logout()
    refused("not-authorized", lambda: secured(scene).authenticate_with_token("juliet", token, agent(PHONE) + bind()))
    fresh = secured(scene)
    fresh.authenticate2("juliet", "another password", agent(PHONE) + bind())
    fresh.logout()


@story("XEP-0484: tokens are known after a restart, and without the key's file none is good", only="aldis")
def token_after_a_restart(scene):
    juliet, token = first_login(scene)
    juliet.logout()
    scene.server.stop()
    scene.server.start()
    back = secured(scene)
    back.authenticate_with_token("juliet", token, agent(PHONE) + bind())
    back.logout()
    scene.server.stop()
    os.remove(scene.server.folder / "data" / "token.key")
    scene.server.start()
    refused("not-authorized", lambda: secured(scene).authenticate_with_token("juliet", token, agent(PHONE) + bind()))
    first_login(scene)[0].logout()


@story("XEP-0480 3: a task is refused to who did not prove the password, and unknown ones are left out", only="aldis")
def upgrade_is_not_needed(scene):
    juliet, token = first_login(scene)
    juliet.logout()
    wish = f"<upgrade xmlns='{UPGRADE}'>UPGR-SCRAM-SHA-256</upgrade><upgrade xmlns='{UPGRADE}'>UPGR-NONE</upgrade>"
    back = secured(scene)
    back.authenticate2("juliet", scene.account("juliet@capulet.example"), agent(PHONE) + bind() + wish)  # has all keys
    back.logout()
    back = secured(scene)
    back.authenticate_with_token("juliet", token, agent(PHONE) + bind() + wish)
    back.logout()
