"""Stories of rosters and block lists: RFC 6121 section 2, XEP-0237, XEP-0191."""
from client import Unexpected
from story import story

ROSTER = "jabber:iq:roster"
BLOCKING = "urn:xmpp:blocking"


def items(answer):
    return {item.get("jid"): item for item in answer.iterfind(f"{{{ROSTER}}}query/{{{ROSTER}}}item")}


@story("RFC 6121 2.1.6, 2.3: what one resource changes is pushed to every interested one, and to no other")
def roster_push(scene):
    balcony = scene.login("juliet@capulet.example/balcony", presence=None)
    chamber = scene.login("juliet@capulet.example/chamber", presence=None)
    deaf = scene.login("juliet@capulet.example/deaf", presence=None, roster=False)
    nurse = scene.login("nurse@capulet.example/hall")
    for client in (balcony, chamber):
        if items(client.iq("get", f"<query xmlns='{ROSTER}'/>")):
            raise Unexpected("a new roster is empty")
    balcony.iq("set", f"<query xmlns='{ROSTER}'><item jid='romeo@montague.example' name='R&lt;o&apos;meo'>"
                      "<group>Friends</group><group>\u00c9lite</group></item></query>")
    wanted = (f"<iq type='set' id='*'><query xmlns='{ROSTER}'><item jid='romeo@montague.example' "
              "name='R&lt;o&apos;meo' subscription='none'><group>Friends</group><group>\u00c9lite</group></item></query></iq>")
    balcony.receives(wanted)
    chamber.receives(wanted)
    deaf.sees_nothing()
    nurse.sees_nothing()
    later = scene.login("juliet@capulet.example/later", presence=None)
    kept = items(later.iq("get", f"<query xmlns='{ROSTER}'/>"))["romeo@montague.example"]
    groups = {group.text for group in kept}
    if kept.get("name") != "R<o'meo" or groups != {"Friends", "\u00c9lite"}:
        raise Unexpected(f"kept as {kept.attrib} {groups}")
    balcony.iq("set", f"<query xmlns='{ROSTER}'><item jid='romeo@montague.example' subscription='remove'/></query>")
    gone = (f"<iq type='set'><query xmlns='{ROSTER}'><item jid='romeo@montague.example' subscription='remove'/>"
            "</query></iq>")
    for client in (balcony, chamber, later):
        client.receives(gone)


@story("RFC 6121 2.3.3, 2.5.3: a set must name one item; what is not there cannot be removed")
def roster_set_errors(scene):
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    juliet.send(f"<iq type='set' id='r1'><query xmlns='{ROSTER}'><item jid='a@b.example'/><item jid='c@b.example'/></query></iq>")
    juliet.receives_error("r1", "bad-request", "modify")
    juliet.send(f"<iq type='set' id='r2'><query xmlns='{ROSTER}'><item jid='not@there.example' subscription='remove'/></query></iq>")
    juliet.receives_error("r2", "item-not-found")


@story("RFC 6121 2.3.3: nobody touches the roster of another")
def roster_of_another(scene):
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    nurse = scene.login("nurse@capulet.example/hall", presence=None)
    for kind in ("get", "set"):
        answer = nurse.iq(kind, f"<query xmlns='{ROSTER}'>" + ("<item jid='x@y.example'/>" if kind == "set" else "")
                          + "</query>", to="juliet@capulet.example", any_answer=True)
        if answer.get("type") != "error":
            raise Unexpected(f"a roster {kind} of another was answered with {answer.get('type')}")
    juliet.sees_nothing()


@story("XEP-0191 3: whom one blocks can neither write nor see, and is told so; others can")
def blocking(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    scene.befriend(juliet, romeo)
    empty = juliet.iq("get", f"<blocklist xmlns='{BLOCKING}'/>")
    if empty.find(f"{{{BLOCKING}}}blocklist") is None or len(empty.find(f"{{{BLOCKING}}}blocklist")):
        raise Unexpected("a new block list is there and empty")
    juliet.iq("set", f"<block xmlns='{BLOCKING}'><item jid='romeo@montague.example'/></block>")
    scene.drain(juliet)  # the push
    romeo.receives("<presence from='juliet@capulet.example/balcony' type='unavailable'/>")  # 3.3
    romeo.send("<message to='juliet@capulet.example/balcony' type='chat' id='m0'><body>hi</body></message>")
    scene.drain(romeo)  # An error "should" come back (3.2); prosody drops what names a connected resource.
    romeo.send("<message to='juliet@capulet.example' type='chat' id='m1'><body>hi</body></message>")
    romeo.receives_error("m1", "service-unavailable", "cancel")
    for to in ("juliet@capulet.example", "juliet@capulet.example/balcony"):
        romeo.send(f"<iq to='{to}' type='get' id='q1'><query xmlns='jabber:iq:version'/></iq>")
        romeo.receives_error("q1", "service-unavailable", "cancel")
    romeo.send("<presence><show>away</show></presence>")
    romeo.receives("<presence from='romeo@montague.example/orchard'><show>away</show></presence>")
    nurse.send("<message to='juliet@capulet.example' type='chat' id='m2'><body>still me</body></message>")
    juliet.receives("<message from='nurse@capulet.example/hall' id='m2'><body>still me</body></message>")
    juliet.sees_nothing()
    juliet.send("<message to='romeo@montague.example' type='chat' id='m3'><body>oh</body></message>")
    error = juliet.receives_error("m3", "not-acceptable", "cancel")  # 3.4
    if error.find("{jabber:client}error/{urn:xmpp:blocking:errors}blocked") is None:
        raise Unexpected("the error does not say that she blocked him")
    juliet.iq("set", f"<unblock xmlns='{BLOCKING}'><item jid='romeo@montague.example'/></unblock>")
    scene.drain(juliet, romeo)
    romeo.send("<message to='juliet@capulet.example' type='chat' id='m4'><body>again</body></message>")
    juliet.receives("<message from='romeo@montague.example/orchard' id='m4'><body>again</body></message>")
