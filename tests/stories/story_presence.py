"""Stories of presence and subscriptions: RFC 6121 sections 3 and 4."""
from story import story

ROSTER = "jabber:iq:roster"


def push(jid, attributes):
    return f"<iq type='set' id='*'><query xmlns='{ROSTER}'><item jid='{jid}' {attributes}/></query></iq>"


def answer_pushes(client, *stanzas):
    """RFC 6121 2.1.6: a client answers a push; servers must cope with one that does."""
    for stanza in stanzas:
        if stanza.tag == "{jabber:client}iq":
            client.send(f"<iq type='result' id='{stanza.get('id')}'/>")


@story("RFC 6121 3.1, 3.2: one asks, the other agrees; each step is pushed, and presence follows")
def subscription_handshake(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")

    romeo.send("<presence type='subscribe' to='juliet@capulet.example' id='s1'/>")
    answer_pushes(romeo, romeo.receives(push("juliet@capulet.example", "subscription='none' ask='subscribe'")))
    juliet.receives("<presence type='subscribe' from='romeo@montague.example' to='juliet@capulet.example'/>")

    juliet.send("<presence type='subscribed' to='romeo@montague.example'/>")
    answer_pushes(juliet, juliet.receives(push("romeo@montague.example", "subscription='from'")))
    stanzas = romeo.receives(push("juliet@capulet.example", "subscription='to' ask='-'"),
                             "<presence type='subscribed' from='juliet@capulet.example'/>",
                             "<presence from='juliet@capulet.example/balcony' type='-'/>")
    answer_pushes(romeo, *stanzas)

    juliet.send("<presence type='subscribe' to='romeo@montague.example'/>")
    juliet.receives(push("romeo@montague.example", "subscription='from' ask='subscribe'"))
    romeo.receives("<presence type='subscribe' from='juliet@capulet.example'/>")
    romeo.send("<presence type='subscribed' to='juliet@capulet.example'/>")
    romeo.receives(push("juliet@capulet.example", "subscription='both'"))
    juliet.receives(push("romeo@montague.example", "subscription='both' ask='-'"),
                    "<presence type='subscribed' from='romeo@montague.example'/>",
                    "<presence from='romeo@montague.example/orchard' type='-'/>")
    nurse.sees_nothing()
    scene.drain(romeo)  # A server may say again how Juliet is, now that the subscription is mutual.


@story("RFC 6121 3.1.2: who was away when asked is asked at the next login, until there is an answer")
def subscription_request_waits(scene):
    scene.account("juliet@capulet.example")
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<presence type='subscribe' to='juliet@capulet.example'/>")
    romeo.receives(push("juliet@capulet.example", "subscription='none' ask='subscribe'"))
    for _ in range(2):
        juliet = scene.login("juliet@capulet.example/balcony", presence=None)
        juliet.sees_nothing()
        juliet.send("<presence/>")
        juliet.receives("<presence from='juliet@capulet.example/balcony'/>",
                        "<presence type='subscribe' from='romeo@montague.example'/>")
        scene.leave(juliet)
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    juliet.send("<presence/>")
    juliet.receives("<presence from='juliet@capulet.example/balcony'/>",
                    "<presence type='subscribe' from='romeo@montague.example'/>")
    juliet.send("<presence type='unsubscribed' to='romeo@montague.example'/>")
    romeo.receives("<presence type='unsubscribed' from='juliet@capulet.example'/>",
                   push("juliet@capulet.example", "subscription='none' ask='-'"))
    scene.leave(juliet)
    scene.login("juliet@capulet.example/balcony").sees_nothing()


@story("RFC 6121 4.2, 4.4, 4.5: contacts see one come, change and go; nobody else does")
def presence_broadcast(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    scene.befriend(juliet, romeo)
    juliet.send("<presence><show>away</show><status>At the window</status></presence>")
    juliet.receives("<presence from='juliet@capulet.example/balcony'><show>away</show></presence>")
    romeo.receives("<presence from='juliet@capulet.example/balcony' type='-'><show>away</show>"
                   "<status>At the window</status></presence>")
    juliet.send("<presence type='unavailable'><status>Gone</status></presence>")
    romeo.receives("<presence from='juliet@capulet.example/balcony' type='unavailable'><status>Gone</status></presence>")
    scene.drain(juliet)
    juliet.send("<presence/>")
    # RFC 6121 4.3: coming back, one learns how one's contacts are.
    juliet.receives("<presence from='juliet@capulet.example/balcony'/>", "<presence from='romeo@montague.example/orchard'/>")
    romeo.receives("<presence from='juliet@capulet.example/balcony' type='-'/>")
    nurse.sees_nothing()


@story("RFC 6121 4.5.2: a connection that breaks is a departure like any other")
def lost_connection_is_unavailable(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.login("nurse@capulet.example/hall")
    scene.befriend(juliet, romeo)
    scene.people.remove(juliet)
    juliet.close()
    romeo.receives("<presence from='juliet@capulet.example/balcony' type='unavailable'/>")


@story("RFC 6121 4.6: presence may be shown to a stranger, who is also told when it ends")
def directed_presence(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    juliet.send("<presence to='romeo@montague.example/orchard'><status>Only you</status></presence>")
    romeo.receives("<presence from='juliet@capulet.example/balcony'><status>Only you</status></presence>")
    juliet.send("<presence><show>dnd</show></presence>")
    juliet.receives("<presence from='juliet@capulet.example/balcony'><show>dnd</show></presence>")
    romeo.sees_nothing()
    scene.leave(juliet)
    romeo.receives("<presence from='juliet@capulet.example/balcony' type='unavailable'/>")
    nurse.sees_nothing()


@story("RFC 6121 4.3.2: a stranger's probe learns nothing")
def probe_by_a_stranger(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    mallory = scene.login("mallory@montague.example/cellar")
    mallory.send("<presence type='probe' to='juliet@capulet.example'/>")
    mallory.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to="montague.example", any_answer=True)
    mallory.fill()
    for stanza in mallory.inbox:  # RFC 6121 4.3.2: "unsubscribed" or nothing; either says no more than "no".
        if stanza.get("type") not in ("unsubscribed", "error"):
            raise AssertionError(f"the probe was answered: {stanza.attrib}")
    if b"balcony" in mallory.received:
        raise AssertionError("a stranger learnt the resource")
    mallory.inbox.clear()
    juliet.sees_nothing()


@story("RFC 6121 3.2, 3.3: cancelling and unsubscribing take presence away, on the side they name")
def subscription_ends(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.befriend(juliet, romeo)
    juliet.send("<presence type='unsubscribed' to='romeo@montague.example'/>")
    juliet.receives(push("romeo@montague.example", "subscription='to'"))
    romeo.receives(push("juliet@capulet.example", "subscription='from'"),
                   "<presence type='unsubscribed' from='juliet@capulet.example'/>",
                   "<presence type='unavailable' from='juliet@capulet.example/balcony'/>")
    juliet.send("<presence><show>away</show></presence>")
    juliet.receives("<presence from='juliet@capulet.example/balcony'><show>away</show></presence>")
    romeo.sees_nothing()
