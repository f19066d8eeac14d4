"""Stories of push notifications (XEP-0357) on the real program; a client stands for the app server. Debian's prosody has none."""
from client import Unexpected
from story import story

PUSH = "urn:xmpp:push:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
OPTIONS = f"""<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{PUBSUB}#publish-options</value></field>\
<field var='secret'><value>eruio234</value></field></x>"""


def published(app):
    """The next notification: the id of its request, and how many messages it says wait."""
    request = app.receives(f"<iq type='set' id='*' from='juliet@capulet.example'><pubsub xmlns='{PUBSUB}'><publish node='phone'>"
                           f"<item><notification xmlns='{PUSH}'/></item></publish></pubsub></iq>")
    fields = {field.get("var"): field.findtext("{jabber:x:data}value") for field in request.iter("{jabber:x:data}field")}
    if fields.get("secret") != "eruio234" or "last-message-body" in fields or "last-message-sender" in fields:
        raise Unexpected(f"published {fields}")
    return request.get("id"), int(fields["message-count"])


def app_server(scene):
    """A client that lets juliet's server reach it: requests of strangers do not pass."""
    app = scene.login("app@montague.example/push", presence=None)
    app.send("<presence to='juliet@capulet.example'/>")
    return app


def enable(scene, app):
    juliet = scene.login("juliet@capulet.example/phone")
    juliet.iq("set", f"<enable xmlns='{PUSH}' jid='{app.jid}' node='phone'>{OPTIONS}</enable>")
    scene.leave(juliet)


@story("XEP-0357 5 and 7: what waits for a user who is away is published, also after the server was killed", only="aldis")
def away(scene):
    app = app_server(scene)
    nurse = scene.login("nurse@capulet.example/hall")
    enable(scene, app)
    scene.people.clear()
    scene.server.kill()
    scene.server.start()
    app = app_server(scene)
    romeo = scene.login("romeo@montague.example/orchard")
    nurse = scene.login("nurse@capulet.example/hall")
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>Call me but love</body></message>")
    request, count = published(app)
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>and I'll be new baptized</body></message>")
    app.sees_nothing()
    app.send(f"<iq type='result' id='{request}' to='juliet@capulet.example'/>")
    request, more = published(app)
    if (count, more) != (1, 2):
        raise Unexpected(f"{count} and then {more} messages were said to wait")
    app.send(f"<iq type='result' id='{request}' to='juliet@capulet.example'/>")
    nurse.sees_nothing()
    juliet = scene.login("juliet@capulet.example/phone", roster=False, presence=None)
    juliet.send("<presence/>")
    juliet.receives("<presence from='juliet@capulet.example/phone'/>",
                    "<message from='romeo@montague.example/orchard'><body>Call me but love</body></message>",
                    "<message from='romeo@montague.example/orchard'><body>and I'll be new baptized</body></message>")
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>She speaks</body></message>")
    juliet.receives("<message from='romeo@montague.example/orchard'><body>She speaks</body></message>")
    app.sees_nothing()


@story("XEP-0357 7.1: an error ends the registration", only="aldis")
def refused(scene):
    app = app_server(scene)
    romeo = scene.login("romeo@montague.example/orchard")
    enable(scene, app)
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>1</body></message>")
    request, _ = published(app)
    app.send(f"<iq type='error' id='{request}' to='juliet@capulet.example'><error type='cancel'>"
             "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>2</body></message>")
    app.sees_nothing()
