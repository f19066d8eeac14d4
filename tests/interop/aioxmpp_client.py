"""aioxmpp meets the server (see run.py for what happens). Any failure or silence ends with an exception."""
import asyncio
import contextlib
import json
import sys

import aioxmpp
import aioxmpp.connector
import aioxmpp.ibr
import aioxmpp.muc
import aioxmpp.security_layer

PATIENCE = 20


class Person:
    """An aioxmpp client that keeps what happens to it, so that one can wait for it."""

    def __init__(self, scenario, who, password=None):
        self.scenario = scenario
        self.jid = aioxmpp.JID.fromstr(who["jid"])
        self.security = security(scenario, password or who["password"])
        self.client = aioxmpp.PresenceManagedClient(self.jid, self.security, override_peer=[peer(scenario)])
        self.roster = self.client.summon(aioxmpp.RosterClient)
        self.presence = self.client.summon(aioxmpp.PresenceClient)
        self.rooms = self.client.summon(aioxmpp.MUCClient)
        self.messages, self.asked, self.shown, self.agreed = (asyncio.Queue() for _ in range(4))
        dispatcher = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, self.messages.put_nowait)
        self.roster.on_subscribe.connect(self.asked.put_nowait)
        self.roster.on_subscribed.connect(self.agreed.put_nowait)
        self.presence.on_available.connect(lambda jid, stanza: self.shown.put_nowait(stanza))
        self.presence.on_changed.connect(lambda jid, stanza: self.shown.put_nowait(stanza))
        self.presence.on_unavailable.connect(lambda jid, stanza: self.shown.put_nowait(stanza))
        self.stack = contextlib.AsyncExitStack()

    async def log_in(self):
        await wait(self.stack.enter_async_context(self.client.connected()), f"{self.jid} to log in")
        return self

    async def log_out(self):
        await wait(self.stack.aclose(), f"{self.jid} to log out")

    async def sees(self, other, condition):
        async def look():
            while True:
                stanza = await self.shown.get()
                if stanza.from_.bare() == other and condition(stanza):
                    return
        await wait(look(), f"{self.jid} to see {other}")

    def say(self, to, body):
        message = aioxmpp.Message(to=to, type_=aioxmpp.MessageType.CHAT)
        message.body[None] = body
        self.client.enqueue(message)

    async def hears(self, sender, body):
        message = await wait(self.messages.get(), f"{self.jid} to hear {body!r}")
        assert (message.from_, message.body.any()) == (sender, body), message


async def wait(action, what):
    try:
        return await asyncio.wait_for(action, PATIENCE)
    except asyncio.TimeoutError:
        raise SystemExit(f"waited in vain for {what}") from None


def security(scenario, password):
    def context():
        made = aioxmpp.security_layer.default_ssl_context()
        made.load_verify_locations(scenario["ca_file"])
        return made
    return aioxmpp.make_security_layer(password, ssl_context_factory=context)


def peer(scenario):
    connector = (aioxmpp.connector.STARTTLSConnector() if scenario["transport"] == "starttls"
                 else aioxmpp.connector.XMPPOverTLSConnector())
    return scenario["host"], scenario["port"], connector


async def register(scenario):
    jid = aioxmpp.JID.fromstr(scenario["newcomer"]["jid"])
    nobody = security(scenario, "")._replace(sasl_providers=())  # No login: only TLS and the features inside.
    _, stream, _ = await wait(aioxmpp.node.connect_xmlstream(jid, nobody, override_peer=[peer(scenario)]), "a stream")
    query = aioxmpp.ibr.Query(jid.localpart, scenario["newcomer"]["password"])
    await wait(aioxmpp.ibr.register(stream, query, timeout=PATIENCE), "registration")
    stream.close()
    newcomer = await Person(scenario, scenario["newcomer"]).log_in()
    await newcomer.log_out()


async def enter(person, address, nickname):
    """The room, with what is said and happens in it as queues."""
    room, entered = person.rooms.join(address, nickname, autorejoin=False)
    room.said, room.topics, room.left, room.roles = (asyncio.Queue() for _ in range(4))
    room.on_message.connect(lambda message, member, source, **_: room.said.put_nowait((member.nick, message.body.any())))
    room.on_topic_changed.connect(lambda member, topic, **_: room.topics.put_nowait(topic.any() if topic else ""))
    room.on_leave.connect(lambda member, muc_leave_mode=None, muc_reason=None, **_: room.left.put_nowait(
        (member.nick, muc_leave_mode, muc_reason)))
    room.on_exit.connect(lambda muc_leave_mode=None, muc_reason=None, **_: room.left.put_nowait((nickname, muc_leave_mode, muc_reason)))
    room.on_muc_role_changed.connect(lambda presence, member, **_: room.roles.put_nowait((member.nick, member.role)))
    await wait(entered, f"{person.jid} to enter")
    return room


async def next_of(queue, expected, what):
    async def look():
        while await queue.get() != expected:
            pass
    await wait(look(), what)


async def hold_a_room(juliet, romeo, service):
    """XEP-0045: making and configuring a room, entering, talking, in public and private, administering, leaving."""
    address = aioxmpp.JID.fromstr(f"balcony@{service}")
    juliets = await enter(juliet, address, "Juliet")
    form = aioxmpp.muc.ConfigurationForm.from_xso(await wait(juliet.rooms.get_room_config(address), "the form"))
    form.roomname.value = "The balcony"
    form.moderatedroom.value = True
    await wait(juliet.rooms.set_room_config(address, form.render_reply()), "the room to be configured")
    info = await wait(romeo.client.summon(aioxmpp.DiscoClient).query_info(address), "what the room says of itself")
    assert {"muc_moderated", "muc_temporary"} <= info.features, info.features
    romeos = await enter(romeo, address, "Romeo")
    assert {member.nick for member in romeos.members} == {"Juliet", "Romeo"}, romeos.members
    assert romeos.me.role == "visitor", romeos.me
    await wait(juliets.muc_set_role("Romeo", "participant", reason="Speak"), "his voice")
    await next_of(romeos.roles, ("Romeo", "participant"), "his voice")
    message = aioxmpp.Message(type_=aioxmpp.MessageType.GROUPCHAT)
    message.body[None] = "Shall I hear more? <\u00e9>"
    romeos.send_message(message)
    for room in (juliets, romeos):
        await next_of(room.said, ("Romeo", "Shall I hear more? <\u00e9>"), "his words")
    romeo.say(address.replace(resource="Juliet"), "in private")
    await juliet.hears(address.replace(resource="Romeo"), "in private")
    await wait(juliets.set_topic({None: "Names"}), "the topic")
    await next_of(romeos.topics, "Names", "the topic")
    await wait(juliets.muc_set_affiliation(romeo.jid, "member"), "his membership")
    assert romeo.jid in await wait(juliet.rooms.get_affiliated(address, "member"), "the members")
    await wait(juliet.rooms.set_affiliation(address, romeo.jid, "outcast", reason="Good night"), "his ban")
    await next_of(romeos.left, ("Romeo", aioxmpp.muc.LeaveMode.BANNED, "Good night"), "his ban")
    try:
        await enter(romeo, address, "Romeo")
    except aioxmpp.errors.XMPPAuthError as error:
        assert error.condition == aioxmpp.ErrorCondition.FORBIDDEN, error
    else:
        raise SystemExit("he is banned and enters")
    await wait(juliets.leave(), "her to leave")


async def meet(scenario):
    await register(scenario)
    juliet = await Person(scenario, scenario["juliet"]).log_in()
    romeo = await Person(scenario, scenario["romeo"]).log_in()

    for asker, asked in ((romeo, juliet), (juliet, romeo)):
        asker.roster.subscribe(asked.jid)
        request = await wait(asked.asked.get(), f"{asked.jid} to be asked")
        assert request.from_ == asker.jid, request
        asked.roster.approve(asker.jid)
        await wait(asker.agreed.get(), f"{asked.jid} to agree")
    await juliet.sees(romeo.jid, lambda stanza: stanza.type_ == aioxmpp.PresenceType.AVAILABLE)
    for person, other in ((romeo, juliet), (juliet, romeo)):
        for _ in range(PATIENCE * 20):
            item = person.roster.items.get(other.jid)
            if item is not None and item.subscription == "both":
                break
            await asyncio.sleep(0.05)
        else:
            raise SystemExit(f"{person.jid} has no mutual subscription")

    juliet.client.set_presence(aioxmpp.PresenceState(available=True, show=aioxmpp.PresenceShow.AWAY), "At the window")
    await romeo.sees(juliet.jid, lambda stanza: stanza.show == aioxmpp.PresenceShow.AWAY
                     and stanza.status.any() == "At the window")

    romeo.say(juliet.client.local_jid, "But soft! <what> light? \u00e9")
    await juliet.hears(romeo.client.local_jid, "But soft! <what> light? \u00e9")
    juliet.say(romeo.client.local_jid, "Ay me!")
    await romeo.hears(juliet.client.local_jid, "Ay me!")
    info = await juliet.client.summon(aioxmpp.DiscoClient).query_info(aioxmpp.JID.fromstr("capulet.example"))
    assert info.features, "no features"
    await hold_a_room(juliet, romeo, scenario["rooms"])

    await wait(juliet.client.summon(aioxmpp.ibr.RegistrationService).change_pass("a new & longer password"), "a new password")
    await juliet.log_out()
    await romeo.sees(juliet.jid, lambda stanza: stanza.type_ == aioxmpp.PresenceType.UNAVAILABLE)
    try:
        await Person(scenario, scenario["juliet"]).log_in()
    except aioxmpp.errors.MultiOSError as errors:
        assert any(isinstance(error, aioxmpp.sasl.aiosasl.AuthenticationFailure) for error in errors.exceptions), errors
    except aioxmpp.sasl.aiosasl.AuthenticationFailure:
        pass
    else:
        raise SystemExit("the old password still works")
    again = await Person(scenario, scenario["juliet"], "a new & longer password").log_in()
    await romeo.sees(juliet.jid, lambda stanza: stanza.type_ == aioxmpp.PresenceType.AVAILABLE)
    await again.log_out()
    await romeo.log_out()


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
