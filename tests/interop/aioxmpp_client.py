"""aioxmpp meets the server (see run.py for what happens). Any failure or silence ends with an exception."""
import asyncio
import contextlib
import json
import sys

import aioxmpp
import aioxmpp.connector
import aioxmpp.ibr
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
