"""What an entry says of its person: cards, their way back, the search."""
import base64
import re
import time
import xml.etree.ElementTree as ET

from directory_world import TOO_LATE, eventually, run, try_plain
from directories import person
import slixmpp

CARD = "{vcard-temp}"


async def ask(client, kind, payload, to=None):
    """The payload of the answer, or the condition of the error."""
    request = client.make_iq(ito=to) if to else client.make_iq()
    request["type"] = kind
    request.append(ET.fromstring(payload))
    try:
        return (await request.send(timeout=10)).xml
    except slixmpp.exceptions.IqError as error:
        return error.condition


def text_in(card, *path):
    return [each.text for each in card.iter() if each.tag == CARD + path[-1]] if len(path) == 1 else [
        each.text for each in card.iterfind("/".join([f".//{CARD}{path[0]}", *(CARD + name for name in path[1:])]))]


def card_of(people, changes=None):
    """A whole card as a client writes it: what it has read, with these changes."""
    fields = {"FN": "", "NICKNAME": "", "TITLE": "", "N/FAMILY": "", "EMAIL/USERID": "", "CELL": "", "PHOTO": "", **people, **(changes or {})}
    text = "".join(f"<{name}>{fields[name]}</{name}>" for name in ("FN", "NICKNAME", "TITLE") if fields[name])
    text += f"<N><FAMILY>{fields['N/FAMILY']}</FAMILY></N><EMAIL><INTERNET/><USERID>{fields['EMAIL/USERID']}</USERID></EMAIL>"
    text += f"<TEL><CELL/><NUMBER>{fields['CELL']}</NUMBER></TEL>" if fields["CELL"] else ""
    text += f"<PHOTO><TYPE>image/jpeg</TYPE><BINVAL>{fields['PHOTO']}</BINVAL></PHOTO>" if fields["PHOTO"] else ""
    return f"<vCard xmlns='vcard-temp'>{text}{fields.get('more', '')}</vCard>"


def profile(world):
    """A card is what the entry says; what is changed and writable goes back as the person, all of it or nothing."""
    photo = b"\xff\xd8\xff" + bytes(range(256)) * 4
    mercutio = {"FN": "mercutio", "N/FAMILY": "mercutio", "EMAIL/USERID": "mercutio@example.org", "CELL": "+39 1", "TITLE": "Kinsman",
                "PHOTO": base64.b64encode(photo).decode()}
    for attribute, value in (("mobile", "+39 1"), ("title", "Kinsman"), ("jpegPhoto", photo), ("homePhone", "+39 9")):
        world.slapd.set("mercutio", attribute, value)
    world.slapd.set("rosaline", "jpegPhoto", b"\xff\xd8\xff" + b"x" * 40_000)
    world.slapd.set("rosaline", "mobile", "+39 5")

    async def story():
        who = await world.client("mercutio@bind.example", "mercutio secret").log_in()
        reader = await world.client("laurence@bind.example", "laurence secret").log_in()
        outside = await world.client("montague@own.example", "montague secret").log_in()
        empty = "<vCard xmlns='vcard-temp'/>"
        own = await ask(who, "get", empty)
        assert text_in(own, "FN") == ["mercutio"] and set(text_in(own, "TEL", "NUMBER")) == {"+39 1", "+39 9"}, ET.tostring(own)
        assert base64.b64decode(text_in(own, "PHOTO", "BINVAL")[0]) == photo
        seen = await ask(reader, "get", empty, "mercutio@bind.example")
        assert text_in(seen, "TEL", "NUMBER") == ["+39 1"] and text_in(seen, "TITLE") == ["Kinsman"], ET.tostring(seen)
        assert await ask(outside, "get", empty, "mercutio@bind.example") == "service-unavailable"
        large = await ask(reader, "get", empty, "rosaline@bind.example")
        assert text_in(large, "FN") == ["rosaline"] and not text_in(large, "PHOTO", "BINVAL"), "an over-large photo is left out"
        home = {"more": "<TEL><HOME/><NUMBER>+39 9</NUMBER></TEL>"}

        # what goes back, and as whom
        mercutio.update(home)
        fresh = base64.b64encode(b"\xff\xd8\xff fresh").decode()
        answer = await ask(who, "set", card_of(mercutio, {"CELL": "+39 2", "NICKNAME": "Merc", "PHOTO": fresh}))
        assert not isinstance(answer, str), answer
        assert world.slapd.get("mercutio", "mobile") == ["+39 2"] and world.slapd.get("mercutio", "displayName") == ["Merc"]
        assert world.slapd.get("mercutio", "jpegPhoto") == [b"\xff\xd8\xff fresh"]
        log = world.slapd.log()
        assert re.search(r'PROXYAUTHZ dn="cn=mercutio,ou=people', log, re.I), "the change was not made as the person"
        assert "audit-profile-changed" in world.log() and "+39 2" not in world.log(), "the log names fields, not values"
        seen = await ask(reader, "get", empty, "mercutio@bind.example")
        assert text_in(seen, "TEL", "NUMBER") == ["+39 2"], "what was changed is read at once"
        mercutio.update({"CELL": "+39 2", "NICKNAME": "Merc", "PHOTO": fresh})
        cell = await ask(who, "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:vcard4'><item><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'>"
                         "<fn><text>mercutio</text></fn><nickname><text>Merc</text></nickname><title><text>Kinsman</text></title><n><surname>mercutio</surname></n>"
                         "<email><text>mercutio@example.org</text></email><tel><parameters><type><text>cell</text></type></parameters><uri>tel:+39-3</uri></tel>"
                         "<tel><parameters><type><text>home</text></type></parameters><text>+39 9</text></tel></vcard></item></publish></pubsub>")
        assert not isinstance(cell, str), cell
        assert world.slapd.get("mercutio", "mobile") == ["+39-3"] and world.slapd.get("mercutio", "jpegPhoto") == [b"\xff\xd8\xff fresh"]
        mercutio["CELL"] = "+39-3"

        # what does not
        before = world.slapd.entry("mercutio")
        for changes, wanted in (
                ({"N/FAMILY": "Escalus"}, "not-allowed"),                                     # not writable here
                ({"CELL": "+39 4", "TITLE": "Prince"}, "not-allowed"),                        # half of it the directory refuses
                ({"CELL": "\u260e"}, "not-allowed"),                                          # not the attribute's syntax
                ({"CELL": "+39 4", "more": home["more"] + "<ROLE>wit</ROLE>"}, "not-allowed"),  # no place for it
                ({"NICKNAME": "x" * 5000}, "not-acceptable"),
                ({"PHOTO": base64.b64encode(b"x" * 5000).decode()}, "not-acceptable")):
            answer = await ask(who, "set", card_of(mercutio, changes))
            assert answer == wanted, (changes, answer)
            now = world.slapd.entry("mercutio")
            assert now == before, (changes, now)
        assert "audit-profile-refused" in world.log()
        for odd in ("*)(uid=*", "a\\2a", "cn=x,dc=y", "<>;&quot;#+", " lead", "\u00e9\u4e16"):
            answer = await ask(who, "set", card_of(mercutio, {"NICKNAME": odd.replace("<", "&lt;")}))
            assert not isinstance(answer, str), (odd, answer)
            assert world.slapd.get("mercutio", "displayName") == [odd.replace("&quot;", '"').strip()], odd
        await ask(who, "set", card_of(mercutio, {"NICKNAME": "", "PHOTO": ""}))
        assert world.slapd.get("mercutio", "displayName") == [] and world.slapd.get("mercutio", "jpegPhoto") == []

        # a server that may not act as its people
        mute = await world.client("mercutio@reader.example", "mercutio secret").log_in()
        mercutio.update({"NICKNAME": "", "PHOTO": ""})
        assert await ask(mute, "set", card_of(mercutio, {"CELL": "+39 6"})) == "not-allowed"
        assert world.slapd.get("mercutio", "mobile") == ["+39-3"]
        kept = await ask(mute, "set", card_of(mercutio, {"more": home["more"] + "<ROLE>wit</ROLE>"}))   # profile_rest = "store"
        assert not isinstance(kept, str), kept
        assert text_in(await ask(mute, "get", empty), "ROLE") == ["wit"]
        for each in (who, reader, outside, mute):
            await each.log_out()
    run(story())
    code, said = world.operator("directory", "check", "mercutio@bind.example")
    assert code == 0, said
    for wanted in (r"profile\s+yes\s+fn \(cn; seen by the domain\): mercutio", r"profile\s+yes\s+mobile \(mobile; seen by the domain; writable\): \+39-3",
                   r"profile\s+yes\s+home-telephone \(homePhone; seen by its owner\): \+39 9", r"write\s+yes\s+this server may act"):
        assert re.search(wanted, said), (wanted, said)
    code, said = world.operator("directory", "check", "rosaline@bind.example")
    assert re.search(r"profile\s+no\s+photo .*left out, for it has 40003 bytes, and profile_photo allows 4096", said), said
    code, said = world.operator("directory", "check", "mercutio@reader.example")
    assert re.search(r"write\s+no", said), said


def search(world):
    """XEP-0055 by the same map: words are words, few are found, and nobody outside asks."""
    async def story():
        who = await world.client("laurence@bind.example", "laurence secret").log_in()
        outside = await world.client("montague@own.example", "montague secret").log_in()

        async def find(last, client=who):
            answer = await ask(client, "set", f"<query xmlns='jabber:iq:search'><last>{last}</last></query>", "bind.example")
            return answer if isinstance(answer, str) else sorted(item.get("jid") for item in answer.iter("{jabber:iq:search}item"))
        assert await find("roM") == ["romeo@bind.example"]
        assert await find("brien") == [] and await find("o'br") == ["o\\27brien@bind.example"]
        assert await find("twin") == [], "a name of two entries is nobody's"
        for odd in ("**", "*)(uid=*", "ro*", "\\72\\6f", "))", "x" * 250, "\u0000".strip("\0") or "()"):
            assert await find(odd) == [], odd
        for wrong in ("", "r", " r ", "x" * 300):
            assert await find(wrong) == "not-acceptable", wrong
        assert await find("romeo", outside) == "forbidden"
        for number in range(5):
            world.slapd.add(person(f"guard{number}", "guard secret"))
        assert len(await find("guard")) == 3, "search_results"
        form = await ask(who, "set", "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>jabber:iq:search</value></field>"
                         "<field var='x-fn'><value>guard</value></field></x></query>", "bind.example")
        assert b"there are more" in ET.tostring(form), ET.tostring(form)
        await who.log_out()
        await outside.log_out()
    run(story())


def cards_while_away(world):
    """While the directory does not answer, the last card known is shown, and nobody gets an empty one."""
    world.slapd.add(person("unread", "unread secret"))
    eventually(lambda: world.operator("user", "show", "unread@bind.example")[0] == 0, 20, "a new person has no account")

    async def story():
        who = await world.client("juliet@bind.example", "juliet secret").log_in()
        own = await ask(who, "get", "<vCard xmlns='vcard-temp'/>")
        assert text_in(own, "FN") == ["juliet"]
        world.slapd.freeze()
        try:
            began = time.monotonic()
            answer = await ask(who, "get", "<vCard xmlns='vcard-temp'/>", "unread@bind.example")
            assert answer == "resource-constraint" and time.monotonic() - began < TOO_LATE, answer
            answer = await ask(who, "set", card_of({"FN": "juliet", "N/FAMILY": "juliet", "EMAIL/USERID": "juliet@example.org", "CELL": "+39 8"}))
            assert answer == "resource-constraint", answer
            again = await ask(who, "get", "<vCard xmlns='vcard-temp'/>")
            assert not isinstance(again, str) and text_in(again, "FN") == ["juliet"], again
            who.send_message(mto=who.boundjid.bare, mbody="here", mtype="chat")
            assert (await who.happens("message"))["body"] == "here", "chat does not wait for a directory"
        finally:
            world.slapd.freeze(False)
        await who.log_out()
    run(story())
    eventually(lambda: try_plain(world, "bind.example", "juliet", "juliet secret")[0] == "success", 20, "the directory is back, and nobody notices")
