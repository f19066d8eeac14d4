"""Stories of questions: IQ semantics (RFC 6120 8.2.3) and what a server answers about itself and its accounts."""
import datetime

from client import CLIENT, Closed, Unexpected
from story import story

DISCO = "http://jabber.org/protocol/disco"


@story("XEP-0199 4.2, XEP-0092, XEP-0202, XEP-0012, XEP-0030: the server answers about itself")
def server_answers(scene):
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    ping = juliet.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to="capulet.example")
    if len(ping) or ping.get("from") != "capulet.example":
        raise Unexpected("a ping's answer is an empty result from whom was asked")
    version = juliet.iq("get", "<query xmlns='jabber:iq:version'/>", to="capulet.example")
    if not version.findtext("{jabber:iq:version}query/{jabber:iq:version}name"):
        raise Unexpected("no name")
    time = juliet.iq("get", "<time xmlns='urn:xmpp:time'/>", to="capulet.example")
    utc = time.findtext("{urn:xmpp:time}time/{urn:xmpp:time}utc")
    said = datetime.datetime.fromisoformat(utc.replace("Z", "+00:00"))
    if not utc.endswith("Z") or abs((datetime.datetime.now(datetime.timezone.utc) - said).total_seconds()) > 60:
        raise Unexpected(f"the time is wrong: {utc}")
    last = juliet.iq("get", "<query xmlns='jabber:iq:last'/>", to="capulet.example")
    if int(last.find("{jabber:iq:last}query").get("seconds")) < 0:
        raise Unexpected("uptime below zero")
    info = juliet.iq("get", f"<query xmlns='{DISCO}#info'/>", to="capulet.example")
    features = {each.get("var") for each in info.iter(f"{{{DISCO}#info}}feature")}
    identities = {each.get("category") for each in info.iter(f"{{{DISCO}#info}}identity")}
    missing = {f"{DISCO}#info", f"{DISCO}#items", "urn:xmpp:ping", "urn:xmpp:blocking", "jabber:iq:version"} - features
    if missing or "server" not in identities:
        raise Unexpected(f"disco lacks {missing}; identities {identities}")
    juliet.iq("get", f"<query xmlns='{DISCO}#items'/>", to="capulet.example")


@story("RFC 6120 8.2.3, 8.4: a question nobody can answer gets exactly one error")
def one_answer_always(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    scene.login("nurse@capulet.example/hall")
    unknown = "<query xmlns='urn:example:unknown'/>"
    for number, to in enumerate(("capulet.example", "juliet@capulet.example", "nobody-here@capulet.example",
                                 "nurse@capulet.example/cellar", "nurse@capulet.example")):
        for kind in ("get", "set"):
            stanza_id = f"q{number}{kind}"
            juliet.send(f"<iq type='{kind}' id='{stanza_id}' to='{to}'>{unknown}</iq>")
            error = juliet.receives_error(stanza_id, "service-unavailable", "cancel")
            own = to == "juliet@capulet.example"  # RFC 6120 8.1.2.1: one's own account may leave "from" out.
            if error.get("from") not in ((to, None) if own else (to,)):
                raise Unexpected(f"{to} was asked, {error.get('from')} answered")
    juliet.send(f"<iq type='get' id='none'>{unknown}</iq>")
    juliet.receives_error("none", "service-unavailable", "cancel")


@story("RFC 6120 8.2.3: answers that nobody asked for are not answered")
def stray_answers_are_dropped(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    nurse = scene.login("nurse@capulet.example/hall")
    for to in ("capulet.example", "nobody-here@capulet.example", "nurse@capulet.example"):
        juliet.send(f"<iq type='result' id='stray' to='{to}'/>")
        juliet.send(f"<iq type='error' id='stray' to='{to}'><error type='cancel'>"
                    "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
    juliet.sees_nothing()
    nurse.sees_nothing()


@story("RFC 6120 8.2.3: questions between clients pass, and so do their answers")
def client_to_client(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.login("nurse@capulet.example/hall")
    scene.befriend(juliet, romeo)
    romeo.send("<iq type='get' id='v1' to='juliet@capulet.example/balcony'><query xmlns='jabber:iq:version'/></iq>")
    juliet.receives("<iq type='get' id='v1' from='romeo@montague.example/orchard'><query xmlns='jabber:iq:version'/></iq>")
    juliet.send("<iq type='result' id='v1' to='romeo@montague.example/orchard'><query xmlns='jabber:iq:version'>"
                "<name>Quill</name></query></iq>")
    answer = romeo.receives("<iq type='result' id='v1' from='juliet@capulet.example/balcony'/>")
    if answer.findtext("{jabber:iq:version}query/{jabber:iq:version}name") != "Quill":
        raise Unexpected("the answer changed on its way")


@story("RFC 6121 8.5.3.1: who may not see one's presence may not ask one's clients either", only="aldis")
def stranger_asks_a_client(scene):
    """Not for prosody 0.12: it delivers the question, and the answer tells that the resource is there."""
    juliet = scene.login("juliet@capulet.example/balcony")
    mallory = scene.login("mallory@montague.example/cellar")
    for resource in ("balcony", "cellar"):  # The first is there, the second is not: the same answer.
        mallory.send(f"<iq type='get' id='v1' to='juliet@capulet.example/{resource}'><query xmlns='jabber:iq:version'/></iq>")
        mallory.receives_error("v1", "service-unavailable", "cancel")
    juliet.sees_nothing()


@story("RFC 6120 8.2.3: a question has an id, a type and one child")
def malformed_questions(scene):
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    for stanza_id, stanza in (("b1", "<iq type='get' id='b1'/>"),
                              ("b2", "<iq type='sing' id='b2'><query xmlns='urn:example:q'/></iq>"),
                              ("b3", "<iq type='get' id='b3'><a xmlns='urn:example:q'/><b xmlns='urn:example:q'/></iq>")):
        juliet.send(stanza)
        juliet.receives_error(stanza_id, "bad-request", "modify")
    juliet.sees_nothing()


@story("XEP-0049: what one puts away privately comes back, to oneself only")
def private_storage(scene):
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    nurse = scene.login("nurse@capulet.example/hall", presence=None)
    ask = "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>"
    first = juliet.iq("get", ask)
    if list(first.iter("{exodus:prefs}nick")):
        raise Unexpected("something is there before anything was put")
    juliet.iq("set", "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'><nick>J&amp;R</nick></exodus></query>")
    if juliet.iq("get", ask).findtext(".//{exodus:prefs}nick") != "J&R":
        raise Unexpected("it did not come back")
    other = nurse.iq("get", ask, to="juliet@capulet.example", any_answer=True)
    if other.get("type") != "error":
        raise Unexpected("another could ask")


@story("XEP-0054: everybody reads a vCard; only its owner writes it")
def vcard(scene):
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    romeo = scene.login("romeo@montague.example/orchard", presence=None)
    juliet.iq("set", "<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN><NICKNAME>J</NICKNAME></vCard>")
    for client in (juliet, romeo):
        card = client.iq("get", "<vCard xmlns='vcard-temp'/>", to="juliet@capulet.example")
        if card.findtext("{vcard-temp}vCard/{vcard-temp}FN") != "Juliet Capulet":
            raise Unexpected("the card is not hers")
    forged = romeo.iq("set", "<vCard xmlns='vcard-temp'><FN>Fool</FN></vCard>", to="juliet@capulet.example", any_answer=True)
    if forged.get("type") != "error":
        raise Unexpected("another wrote her card")
    mine = juliet.iq("get", "<vCard xmlns='vcard-temp'/>")
    if mine.findtext("{vcard-temp}vCard/{vcard-temp}FN") != "Juliet Capulet":
        raise Unexpected("her card changed")


@story("XEP-0077 3.1: where the domain allows it a stranger gets an account; elsewhere not")
def registration(scene):
    stranger = scene.secured("montague.example")
    if stranger.features.find("{http://jabber.org/features/iq-register}register") is None:
        raise Unexpected("registration is not offered where it is allowed")
    form = "<iq type='{}' id='{}'><query xmlns='jabber:iq:register'>{}</query></iq>"
    stranger.send(form.format("get", "r1", ""))
    fields = stranger.receives(f"<iq type='result' id='r1' xmlns='{CLIENT}'/>")
    if fields.find("{jabber:iq:register}query/{jabber:iq:register}username") is None:
        raise Unexpected("the form has no username")
    stranger.send(form.format("set", "r2", "<username>paris</username><password>count of verona</password>"))
    stranger.receives("<iq type='result' id='r2'/>")
    stranger.close()
    scene.login("paris@montague.example/gate", presence=None, password="count of verona")
    elsewhere = scene.secured("capulet.example")
    if elsewhere.features.find("{http://jabber.org/features/iq-register}register") is not None:
        raise Unexpected("registration is offered where it is not allowed")
    elsewhere.send(form.format("set", "r3", "<username>paris</username><password>count of verona</password>"))
    try:
        elsewhere.receives("<iq type='error' id='r3'/>")
    except Closed:
        pass  # An end of the stream is an answer too: nothing but SASL was on offer.
    elsewhere.close()
    again = scene.secured("capulet.example")
    try:
        again.authenticate("paris", "count of verona")
    except Unexpected:
        return
    raise Unexpected("a stranger made himself an account")
