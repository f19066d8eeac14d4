"""Stories of rooms (XEP-0045) on the real program: what a restart and a kill leave of them."""
import threading
import time

from client import PATIENCE, Closed, Unexpected, local
from story import story
from story_resumption import come_back, lose, manage

ROOM = "coven@rooms.capulet.example"
SM = "urn:xmpp:sm:3"
MUC = "http://jabber.org/protocol/muc"
MAM = "urn:xmpp:mam:2"
CLIENT = "{jabber:client}"


def with_rooms(scene):
    """The server again, with a domain of rooms."""
    if not scene.server.rooms:
        scene.server.stop()
        scene.server.rooms = "rooms.capulet.example"
        scene.server.start()


def enters(client, nickname, *inside):
    client.send(f"<presence to='{ROOM}/{nickname}'><x xmlns='{MUC}'><history maxstanzas='0'/></x></presence>")
    while True:
        element = client.next()
        if element.tag == f"{CLIENT}message" and element.find(f"{CLIENT}subject") is not None:
            break
        if element.get("type") == "error":
            raise Unexpected(f"{client.jid} could not enter: {element.find(f'{CLIENT}error')[0].tag}")
    for other in inside:
        other.receives(f"<presence from='{ROOM}/{nickname}'/>")


def makes(client, nickname):
    """A persistent room that keeps an archive."""
    enters(client, nickname)
    client.iq("set", f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'>"
              f"<field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field>"
              "<field var='muc#roomconfig_persistentroom'><value>1</value></field>"
              "<field var='muc#roomconfig_enablearchiving'><value>1</value></field></x></query>", to=ROOM)


@story("XEP-0045 11.2, XEP-0198 5: after a restart who resumes is still in the room, and who did not is not", only="aldis")
def a_restart(scene):
    with_rooms(scene)
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    makes(juliet, "juliet")
    enters(romeo, "romeo", juliet)
    enters(nurse, "nurse", juliet, romeo)
    previd, romeos = manage(juliet), manage(romeo)
    for client in (juliet, romeo, nurse):
        scene.people.remove(client)
    scene.server.stop()
    gone = nurse.receives(f"<presence type='unavailable' from='{ROOM}/nurse'><x xmlns='{MUC}#user'><status code='332'/></x></presence>")
    if gone.get("to") != nurse.jid:
        raise Unexpected(f"the room said farewell to {gone.get('to')}")
    scene.server.start()
    back = come_back(scene, juliet.jid, previd, 0)
    back.receives(f"<resumed xmlns='{SM}' previd='{previd}'/>", f"<presence type='unavailable' from='{ROOM}/nurse'/>")
    romeo = come_back(scene, romeo.jid, romeos, 0)
    romeo.receives(f"<resumed xmlns='{SM}' previd='{romeos}'/>", f"<presence type='unavailable' from='{ROOM}/nurse'/>")
    back.send(f"<message to='{ROOM}' type='groupchat'><body>three still</body></message>")
    for client in (back, romeo):
        client.receives(f"<message from='{ROOM}/juliet'><body>three still</body></message>")
        client.logout()



class Listener(threading.Thread):
    """Reads what the room reflects until the stream ends: the bodies, in order."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.bodies = client, []

    def run(self):
        try:
            while True:
                element = self.client.next(timeout=PATIENCE)
                body = element.find(f"{CLIENT}body")
                if local(element) == "message" and body is not None and element.get("type") == "groupchat":
                    self.bodies.append(body.text)
        except (Closed, Unexpected, OSError):
            pass


def archived(client):
    """The bodies in the room's archive, in order."""
    bodies, after = [], ""
    while True:
        before = len(client.inbox)
        answer = client.iq("set", f"<query xmlns='{MAM}' queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>100</max>{after}</set></query>", to=ROOM)
        page, client.inbox = client.inbox[before:], client.inbox[:before]
        bodies += [body.text for element in page for body in element.iter(f"{CLIENT}body")]
        fin = answer.find(f"{{{MAM}}}fin")
        last = fin.find("{http://jabber.org/protocol/rsm}set/{http://jabber.org/protocol/rsm}last")
        if fin.get("complete") == "true" or last is None:
            return bodies
        after = f"<after>{last.text}</after>"


@story("ADR 0049: what a room with an archive has reflected is in it, whenever the server is killed", only="aldis")
def a_kill(scene):
    with_rooms(scene)
    juliet = scene.login("juliet@capulet.example/balcony")
    makes(juliet, "juliet")
    lose(scene, juliet)
    heard, number = [], 0
    for _ in range(5):
        listener = scene.login("romeo@montague.example/orchard")
        speakers = [scene.login(f"{who}@capulet.example/x") for who in ("nurse", "tybalt")]
        for nickname, client in zip(("romeo", "nurse", "tybalt"), (listener, *speakers)):
            enters(client, nickname)
        for client in (listener, *speakers):
            scene.people.remove(client)
        reader = Listener(listener)
        reader.start()
        began = len(heard)
        for _ in range(400):
            for speaker in speakers:
                number += 1
                speaker.send(f"<message to='{ROOM}' type='groupchat'><body>{number}</body></message>")
            if len(reader.bodies) > 150:
                break
            time.sleep(0.002)  # the pace of the talk: the kill comes in the middle of it
        scene.server.kill()
        reader.join(PATIENCE)
        heard += reader.bodies
        if len(heard) - began < 10:
            raise Unexpected(f"only {len(heard) - began} messages were reflected before the kill")
        scene.server.start()
    juliet = scene.login("juliet@capulet.example/balcony")
    kept = archived(juliet)
    missing = [body for body in heard if body not in set(kept)]
    if missing:
        raise Unexpected(f"reflected, but not in the archive: {missing[:20]} of {len(heard)}")
    if [body for body in kept if body in set(heard)] != heard or len(set(kept)) != len(kept):
        raise Unexpected("the archive has another order than the room, or something twice")
