"""Stories of positions (XEP-0080): a phone, which is slixmpp, publishes where it is, and each of those who watch sees what is his to see."""
import base64
import hashlib
import json
import pathlib
import subprocess
import time

from client import Unexpected, local, shown
from story import story

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's slixmpp.
CAPS = "http://jabber.org/protocol/caps"
INFO = "http://jabber.org/protocol/disco#info"
GEOLOC = "http://jabber.org/protocol/geoloc"
EVENT = "http://jabber.org/protocol/pubsub#event"
FEATURES = sorted((CAPS, INFO, GEOLOC, GEOLOC + "+notify"))
VER = base64.b64encode(hashlib.sha1(("client/phone//watcher<" + "".join(f"{each}<" for each in FEATURES)).encode()).digest()).decode()
WATCHING = f"<presence><c xmlns='{CAPS}' hash='sha-1' node='https://watcher.example' ver='{VER}'/></presence>"
RULES = """
[[location]]
name = "partners"
users = ["nurse@capulet.example"]
position_grid = 10
"""


class Phone:
    """phone.py, told what to publish."""

    def __init__(self, scene, jid):
        self.bare = jid.partition("/")[0]
        self.process = subprocess.Popen([PYTHON, pathlib.Path(__file__).with_name("phone.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.says(json.dumps({"jid": jid, "password": scene.account(self.bare), "host": scene.server.host, "port": scene.server.port,
                              "ca_file": str(scene.server.ca_file)}))

    def says(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "done":
            raise Unexpected(f"the phone did not do {line!r}")

    def leave(self):
        self.process.stdin.close()
        self.process.wait(15)


def is_question(element):
    return local(element) == "iq" and element.get("type") == "get" and element.find(f"{{{INFO}}}query") is not None


def answer(watcher, question):
    node = question.find(f"{{{INFO}}}query").get("node")
    watcher.send(f"<iq type='result' id='{question.get('id')}' to='{question.get('from')}'><query xmlns='{INFO}' node='{node}'>"
                 "<identity category='client' type='phone' name='watcher'/>" + "".join(f"<feature var='{each}'/>" for each in FEATURES) +
                 "</query></iq>")


def tell_capabilities(*watchers):
    """Answers what the watchers are asked, who all announce the same capabilities (XEP-0115 section 6.2): each of the server's shards asks one of
    those it sees, and the phone asks too. Ends two seconds after the last question."""
    last = time.monotonic()
    while time.monotonic() < last + 2:
        for watcher in watchers:
            watcher.fill()
            for question in filter(is_question, list(watcher.inbox)):
                watcher.inbox.remove(question)
                answer(watcher, question)
                last = time.monotonic()


def watch(watcher, phone):
    """Mutual subscription; the phone says yes by itself, and asks back."""
    watcher.send(f"<presence type='subscribe' to='{phone.bare}'/>")
    seen = set()
    while seen != {"subscribed", "subscribe"}:
        element = watcher.next()
        if is_question(element):
            answer(watcher, element)
        elif element.get("type") in ("subscribed", "subscribe"):
            seen.add(element.get("type"))
    watcher.send(f"<presence type='subscribed' to='{phone.bare}'/>")


def seen_by(watcher, phone):
    """The fields of the position the watcher is told of next."""
    event = watcher.receives(f"<message from='{phone.bare}'><event xmlns='{EVENT}'><items node='{GEOLOC}'><item/></items></event></message>")
    return {local(field): field.text for field in event.find(f".//{{{GEOLOC}}}geoloc")}


def retrieved_by(watcher, phone):
    answer = watcher.iq("get", f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{GEOLOC}'/></pubsub>", to=phone.bare, any_answer=True)
    position = answer.find(f".//{{{GEOLOC}}}geoloc")
    return {local(field): field.text for field in position} if position is not None else shown(answer)


@story("XEP-0080, XEP-0163: a phone says where it is; a contact sees it, a partner sees ten kilometres, a stranger nothing", only="aldis")
def three_watchers(scene):
    scene.server.stop()
    scene.server.settings += RULES
    scene.server.start()
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    nurse = scene.login("nurse@capulet.example/hall", presence=None)
    tybalt = scene.login("tybalt@capulet.example/street", presence=None)
    phone = Phone(scene, "romeo@montague.example/phone")
    watchers = (juliet, nurse, tybalt)
    for watcher in watchers:
        watcher.send(WATCHING)
    tell_capabilities(*watchers)
    watch(juliet, phone)
    watch(nurse, phone)
    tell_capabilities(*watchers)
    scene.drain(*watchers)

    phone.says("45.4401 12.3301")
    exact = seen_by(juliet, phone)
    if (float(exact["lat"]), float(exact["lon"]), exact["street"], exact["alt"]) != (45.4401, 12.3301, "Calle del Volto", "3"):
        raise Unexpected(f"juliet was told {exact}")
    coarse = seen_by(nurse, phone)
    if set(coarse) != {"lat", "lon", "accuracy"} or coarse["accuracy"] != "10000":
        raise Unexpected(f"the nurse was told {coarse}")
    if abs(float(coarse["lat"]) - 45.4401) > 0.1 or abs(float(coarse["lon"]) - 12.3301) > 0.15:
        raise Unexpected(f"the nurse was told of another place: {coarse}")
    tybalt.sees_nothing()

    phone.says("45.4405 12.3305")  # some steps further: to the nurse it is the same place
    if float(seen_by(juliet, phone)["lat"]) != 45.4405:
        raise Unexpected("juliet was not told of the steps")
    if seen_by(nurse, phone) != coarse:
        raise Unexpected("the nurse saw somebody walk in his cell")
    if float(retrieved_by(juliet, phone)["lat"]) != 45.4405:
        raise Unexpected("juliet could not ask")
    if retrieved_by(nurse, phone) != coarse:
        raise Unexpected("the nurse could ask for more than she is told")
    refused = retrieved_by(tybalt, phone)
    if isinstance(refused, dict) or "geoloc>" in refused or "45.44" in refused:
        raise Unexpected(f"tybalt was answered {refused}")

    phone.says("stop")
    for watcher in (juliet, nurse):
        if seen_by(watcher, phone):
            raise Unexpected("not told that it stopped")
    tybalt.sees_nothing()
    phone.leave()
    for watcher in (juliet, nurse):
        watcher.receives("<presence from='romeo@montague.example/phone' type='unavailable'/>")
