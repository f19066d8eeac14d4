"""Stories of odd questions: every payload the server knows, with parts missing, doubled, empty, huge, or of the wrong kind,
asked of everybody. Each must get exactly one answer, and the stream must live on (RFC 6120 8.2.3; CVE-2011-4320 and others,
where one such stanza stopped a server).
"""
import copy
import secrets
import xml.etree.ElementTree as ET

from client import CLIENT, STANZA_ERRORS, Unexpected, shown
from story import story

PAYLOADS = (
    "<ping xmlns='urn:xmpp:ping'/>",
    "<query xmlns='jabber:iq:version'/>",
    "<time xmlns='urn:xmpp:time'/>",
    "<query xmlns='jabber:iq:last'/>",
    "<query xmlns='jabber:iq:roster' ver='7'/>",
    "<query xmlns='jabber:iq:roster'><item jid='friend@montague.example' name='Friend'><group>Friends</group></item></query>",
    "<query xmlns='jabber:iq:roster'><item jid='friend@montague.example' subscription='remove'/></query>",
    "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items' node='n'/>",
    "<query xmlns='jabber:iq:private'><prefs xmlns='urn:example:prefs' a='1'><b>c</b></prefs></query>",
    "<vCard xmlns='vcard-temp'><FN>F</FN><N><FAMILY>A</FAMILY></N><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>",
    "<blocklist xmlns='urn:xmpp:blocking'/>",
    "<block xmlns='urn:xmpp:blocking'><item jid='enemy@montague.example'/></block>",
    "<unblock xmlns='urn:xmpp:blocking'><item jid='enemy@montague.example'/></unblock>",
    "<query xmlns='jabber:iq:register'/>",
    "<query xmlns='jabber:iq:register'><username>somebody-else</username><password>secret of theirs</password></query>",
    "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user' action='execute' "
    "sessionid='s'><x xmlns='jabber:x:data' type='submit'><field var='accountjid'><value>x@y</value></field></x></command>",
    "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind>",
    "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>",
    "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>-1</max><before/></set></query>",
)
RECIPIENTS = (None, "capulet.example", "mallory@capulet.example", "nurse@capulet.example", "nobody-here@capulet.example")
BATCH = 25


def local_and_namespace(element):
    namespace, _, name = element.tag[1:].partition("}")
    return namespace, name


def variants(payload):
    """The payload, and everything that differs from it in one place."""
    original = ET.fromstring(payload)
    yield original
    for index, element in enumerate(original.iter()):
        def changed(change):
            made = copy.deepcopy(original)
            change(list(made.iter())[index])
            return made
        namespace, name = local_and_namespace(element)
        for attribute in element.attrib:
            for value in (None, "", "-1", "18446744073709551616", "1e309", "@/", "a@b@c", "\u202e\u0663", "x" * 1100):
                def set_attribute(target, attribute=attribute, value=value):
                    target.attrib.pop(attribute)
                    if value is not None:
                        target.set(attribute, value)
                yield changed(set_attribute)
        for child in range(len(element)):
            yield changed(lambda target, child=child: target.remove(target[child]))
            yield changed(lambda target, child=child: target.append(copy.deepcopy(target[child])))
            yield changed(lambda target, child=child: setattr(target[child], "tag", "{urn:example:other}" + name))
        for text in ("", "x" * 5000, "0", "\u0000".replace("\u0000", " \t\n"), "]]>&<"):
            yield changed(lambda target, text=text: setattr(target, "text", text))
        yield changed(lambda target: setattr(target, "tag", f"{{{namespace}}}unheard-of"))


def ask_all(client, stanzas):
    """Sends the stanzas, given by their ids, and waits until each is answered once."""
    client.send("".join(stanzas.values()))
    left = set(stanzas)
    while left:
        try:
            element = client.next()
        except Unexpected as problem:
            unanswered = "\n".join(text[:300] for stanza_id, text in stanzas.items() if stanza_id in left)
            raise Unexpected(f"{problem}\nno answer to\n{unanswered}") from problem
        if element.tag != f"{{{CLIENT}}}iq" or element.get("type") in ("get", "set"):
            continue
        stanza_id = element.get("id")
        if stanza_id not in left:
            raise Unexpected(f"a second answer, or one to nothing: {shown(element)}")
        left.remove(stanza_id)
        error = element.find(f"{{{CLIENT}}}error")
        if element.get("type") == "error":
            if error is None or not any(child.tag.startswith(f"{{{STANZA_ERRORS}}}") for child in error):
                raise Unexpected(f"an error without a condition: {shown(element)}")
        elif error is not None or element.get("type") != "result":
            raise Unexpected(f"neither a result nor an error: {shown(element)}")


@story("RFC 6120 8.2.3, X14, X15: each odd question gets exactly one answer", only="aldis")
def odd_questions(scene):
    """Not for prosody 0.12: it never answers a vCard whose picture is no base64."""
    nurse = scene.login("nurse@capulet.example/hall")
    mallory = scene.login("mallory@capulet.example/cellar")
    batch, asked = {}, 0
    for payload in PAYLOADS:
        for variant in variants(payload):
            text = ET.tostring(variant, encoding="unicode")
            for kind in ("get", "set"):
                for to in RECIPIENTS:
                    stanza_id = secrets.token_hex(6)
                    address = f" to='{to}'" if to else ""
                    batch[stanza_id] = f"<iq type='{kind}' id='{stanza_id}'{address}>{text}</iq>"
                    asked += 1
                    if len(batch) == BATCH:
                        ask_all(mallory, batch)
                        batch = {}
    ask_all(mallory, batch)
    scene.drain(mallory)
    nurse.sees_nothing()
    if asked < 2000:
        raise Unexpected(f"only {asked} questions were asked")


@story("X14: odd messages and presences are dropped or refused, and harm nobody", only="aldis")
def odd_messages_and_presences(scene):
    nurse = scene.login("nurse@capulet.example/hall")
    mallory = scene.login("mallory@capulet.example/cellar")
    for stanza in ("<message/>", "<message type='error'/>", "<message type='sing' to='nobody-here@capulet.example'/>",
                   "<message to=''/>", "<message to='@capulet.example'/>", "<message to='a@b@c'/>", "<message to='capulet.example'/>",
                   "<message to='nobody-here@capulet.example' type='groupchat'/>", "<message id=''><body/></message>",
                   "<message to='mallory@capulet.example/cellar'><body/><body/></message>",
                   "<presence type='sing'/>", "<presence type='subscribe'/>", "<presence type='subscribed'/>",
                   "<presence type='unsubscribe' to='mallory@capulet.example'/>", "<presence type='subscribe' to='mallory@capulet.example'/>",
                   "<presence type='probe'/>", "<presence type='error' to='nurse@nowhere.example'/>",
                   "<presence><priority>128</priority></presence>", "<presence><priority>-129</priority></presence>",
                   "<presence><priority>\u0663</priority></presence>", "<presence><priority/></presence>",
                   "<presence><show>sing</show><show>dnd</show></presence>", "<presence to='capulet.example' type='subscribe'/>",
                   "<presence to='nobody-here@capulet.example' type='subscribed'/>",
                   f"<presence><status>{'x' * 60_000}</status></presence>", "<iq/>", "<iq type='result'/>", "<iq type='error' id='x'/>"):
        mallory.send(stanza)
        scene.drain(mallory)  # Whatever the answer is, the stream lives on.
    nurse.sees_nothing()
