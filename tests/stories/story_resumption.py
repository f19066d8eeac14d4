"""Stories of stream management (XEP-0198) on the real program: lost connections, a restart, a kill. Aldis only where the
server itself is stopped, or where prosody acknowledges in another way.
"""
import signal

import servers
from client import Unexpected
from story import story

SM = "urn:xmpp:sm:3"


def asks_for_ack(element):
    return element.tag == f"{{{SM}}}r"


def manage(client):
    """Enables stream management with resumption; the SM-ID. When the server asks for an ack is its own affair."""
    before = client.ignores
    client.ignores = lambda element: before(element) or asks_for_ack(element)
    client.send(f"<enable xmlns='{SM}' resume='true'/>")
    return client.receives(f"<enabled xmlns='{SM}' id='*' resume='true'/>").get("id")


def come_back(scene, jid, previd, h):
    """A new connection that asks for the former stream; the server's answer is the next thing to read."""
    bare, _, _ = jid.partition("/")
    user, _, domain = bare.partition("@")
    client = scene.secured(domain)
    client.authenticate(user, scene.account(bare))
    client.open_stream()
    client.jid = jid
    client.ignores = lambda element: scene.server.is_noise(element) or asks_for_ack(element)
    client.send(f"<resume xmlns='{SM}' previd='{previd}' h='{h}'/>")
    return client


def say(sender, text, to="juliet@capulet.example/balcony"):
    sender.send(f"<message to='{to}' type='chat'><body>{text}</body></message>")


def lose(scene, client):
    """Its TCP connection goes without a word."""
    scene.people.remove(client)
    client.close()


@story("XEP-0198 5: a lost connection is resumed, what was missed comes, and contacts notice nothing")
def lost_connection(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    scene.befriend(juliet, nurse)
    previd = manage(juliet)
    lose(scene, juliet)
    say(romeo, "one")
    say(romeo, "two")
    romeo.sees_nothing()
    back = come_back(scene, "juliet@capulet.example/balcony", previd, 0)
    back.receives(f"<resumed xmlns='{SM}' previd='{previd}' h='0'/>")
    back.receives("<message><body>one</body></message>")
    back.receives("<message><body>two</body></message>")
    nurse.sees_nothing()
    back.send(f"<a xmlns='{SM}' h='2'/>")
    back.logout()
    nurse.receives("<presence from='juliet@capulet.example/balcony' type='unavailable'/>")


@story("XEP-0198 5: taking over from a stream that is still open closes it with conflict", only="aldis")
def takeover(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    scene.login("nurse@capulet.example/hall")
    previd = manage(juliet)
    back = come_back(scene, "juliet@capulet.example/balcony", previd, 0)
    back.receives(f"<resumed xmlns='{SM}' previd='{previd}'/>")
    scene.people.remove(juliet)
    juliet.is_closed_with("conflict")
    back.logout()


@story("XEP-0198 5, 9: nobody else resumes it, nor anybody what never was")
def foreign_resumption(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    scene.account("romeo@montague.example")
    previd = manage(juliet)
    for wanted in (previd, "made-up"):
        romeo = come_back(scene, "romeo@montague.example/orchard", wanted, 0)
        romeo.receives(f"<failed xmlns='{SM}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>")
        romeo.bind("orchard")  # the stream goes on
        romeo.logout()


@story("XEP-0198 5: sessions and their queues survive SIGTERM and a new start", only="aldis")
def graceful_restart(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    previd = manage(juliet)
    say(romeo, "one")
    juliet.receives("<message><body>one</body></message>")
    juliet.send(f"<a xmlns='{SM}' h='1'/>")
    juliet.sees_nothing()
    say(romeo, "two")
    juliet.receives("<message><body>two</body></message>")
    scene.people.clear()
    scene.server.signal(signal.SIGTERM)
    romeo.is_closed_with("system-shutdown")
    if scene.server.process.wait(servers.STOP_SECONDS) != 0:
        raise Unexpected("the server did not end with 0")
    scene.server.process = None
    scene.server.start()
    romeo = scene.login("romeo@montague.example/orchard")
    say(romeo, "three")
    romeo.sees_nothing()
    back = come_back(scene, "juliet@capulet.example/balcony", previd, 2)  # one, and the answer of sees_nothing
    back.receives(f"<resumed xmlns='{SM}' previd='{previd}'/>")
    back.receives("<message><body>two</body></message>")
    back.receives("<message><body>three</body></message>")
    back.logout()


@story("XEP-0198 5: after a kill the client is told, and finds what was acknowledged to its sender", only="aldis")
def kill(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    previd = manage(juliet)
    manage(romeo)
    scene.account("paris@capulet.example")
    say(romeo, "kept", to="paris@capulet.example")
    romeo.send(f"<r xmlns='{SM}'/>")
    while romeo.next().get("h") != "1":
        pass
    scene.people.clear()
    scene.server.kill()
    scene.server.start()
    back = come_back(scene, "juliet@capulet.example/balcony", previd, 0)
    back.receives(f"<failed xmlns='{SM}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>")
    back.bind("balcony")
    back.logout()
    paris = scene.login("paris@capulet.example/church", presence=None)
    paris.send("<presence/>")
    paris.receives("<presence from='paris@capulet.example/church'/>", "<message><body>kept</body></message>")
