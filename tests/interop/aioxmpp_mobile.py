"""aioxmpp as a phone (see run.py): it loses its line and resumes its stream (XEP-0198), and sees what another client of its user
wrote (XEP-0280)."""
import asyncio
import json
import socket
import sys

import aioxmpp
import aioxmpp.carbons

from aioxmpp_client import Person, wait


async def meet(scenario):
    phone = dict(scenario["juliet"], jid=scenario["juliet"]["jid"] + "/phone")
    laptop = dict(scenario["juliet"], jid=scenario["juliet"]["jid"] + "/laptop")
    juliet = Person(scenario, phone)
    suspended, resumed = asyncio.Event(), asyncio.Event()
    juliet.client.on_stream_suspended.connect(lambda reason: suspended.set())
    juliet.client.on_stream_resumed.connect(resumed.set)
    await juliet.log_in()
    assert juliet.client.stream.sm_enabled and juliet.client.stream.sm_resumable, "stream management was not negotiated"
    address = juliet.client.local_jid
    await wait(juliet.client.summon(aioxmpp.CarbonsClient).enable(), "carbons")
    other = await Person(scenario, laptop).log_in()
    romeo = await Person(scenario, scenario["romeo"]).log_in()

    romeo.say(address, "one")
    await juliet.hears(romeo.client.local_jid, "one")
    juliet.client.stream._xmlstream._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)  # the line is cut
    romeo.say(address, "two")
    await wait(suspended.wait(), "the lost line")
    await wait(resumed.wait(), "the stream to be resumed")
    await juliet.hears(romeo.client.local_jid, "two")
    assert juliet.client.local_jid == address, juliet.client.local_jid
    juliet.say(romeo.client.local_jid, "three")
    await romeo.hears(address, "three")

    copies = asyncio.Queue()
    juliet.client.stream.service_inbound_message_filter.register(lambda message: copies.put_nowait(message), 1)
    other.say(romeo.client.local_jid, "from the laptop")
    await romeo.hears(other.client.local_jid, "from the laptop")
    copy = await wait(copies.get(), "the copy")
    assert copy.xep0280_sent.stanza.body.any() == "from the laptop", copy
    for person in (other, romeo, juliet):
        await person.log_out()


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
