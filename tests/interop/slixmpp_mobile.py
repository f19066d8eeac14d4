"""slixmpp as a phone (see run.py): it loses its line and resumes its stream (XEP-0198), sees what another client of its user
wrote (XEP-0280), and finds everything in the archive (XEP-0313)."""
import asyncio
import json
import sys

from slixmpp_client import PATIENCE, Person


class Phone(Person):
    EVENTS = Person.EVENTS + ("sm_enabled", "session_resumed", "stanza_acked", "carbon_sent", "carbon_received")

    def __init__(self, scenario, who):
        super().__init__(scenario, who)
        for name in ("xep_0198", "xep_0280", "xep_0313", "xep_0059"):
            self.register_plugin(name)


async def meet(scenario):
    juliet = await Phone(scenario, {**scenario["juliet"], "jid": scenario["juliet"]["jid"] + "/phone"}).log_in()
    enabled = await juliet.happens("sm_enabled")
    assert enabled["id"] and enabled["resume"], enabled
    await juliet["xep_0280"].enable()
    laptop = await Phone(scenario, {**scenario["juliet"], "jid": scenario["juliet"]["jid"] + "/laptop"}).log_in()
    romeo = await Phone(scenario, scenario["romeo"]).log_in()
    address = juliet.boundjid.full

    async def hears(person, body):
        message = await person.happens("message")
        assert message["body"] == body, message

    romeo.send_message(mto=address, mbody="one", mtype="chat")
    await hears(juliet, "one")
    juliet.abort()
    await juliet.happens("disconnected")
    romeo.send_message(mto=address, mbody="two", mtype="chat")
    romeo["xep_0198"].request_ack()
    acked = await romeo.happens("stanza_acked", lambda stanza: stanza.name == "message" and stanza["body"] == "one")
    assert acked is not None
    juliet.open()
    await juliet.happens("session_resumed")
    await hears(juliet, "two")
    assert juliet.boundjid.full == address, juliet.boundjid
    romeo.send_message(mto=address, mbody="three", mtype="chat")
    await hears(juliet, "three")

    laptop.send_message(mto=romeo.boundjid.full, mbody="from the laptop", mtype="chat")
    await hears(romeo, "from the laptop")
    copy = await juliet.happens("carbon_sent")
    assert copy["carbon_sent"]["body"] == "from the laptop", copy

    found = await juliet["xep_0313"].retrieve(with_jid=romeo.boundjid.bare, rsm={"max": 10}, timeout=PATIENCE)
    bodies = [result["mam_result"]["forwarded"]["stanza"]["body"] for result in found["mam"]["results"]]
    assert bodies == ["one", "two", "three", "from the laptop"], bodies
    for person in (laptop, romeo, juliet):
        await person.log_out()


if __name__ == "__main__":
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
