"""aioxmpp and nodes (see run.py): one of a service is created, configured, subscribed to, published to, read and deleted (XEP-0060); over
PEP (XEP-0163) an item reaches a contact who wants it by its capabilities (XEP-0115), and can be read by it."""
import asyncio
import json
import sys

import aioxmpp
import aioxmpp.entitycaps
import aioxmpp.errors
import aioxmpp.pep
import aioxmpp.pubsub
import aioxmpp.pubsub.xso
import aioxmpp.vcard.xso
import aioxmpp.xso
from aioxmpp_client import Person, wait

NICK = "http://jabber.org/protocol/nick"


@aioxmpp.pubsub.xso.as_payload_class
class Nick(aioxmpp.xso.XSO):
    TAG = NICK, "nick"
    text = aioxmpp.xso.Text(default="")

    def __init__(self, text=""):
        super().__init__()
        self.text = text


class Subscriber(Person):
    def __init__(self, scenario, who):
        super().__init__(scenario, who)
        self.pubsub = self.client.summon(aioxmpp.PubSubClient)
        self.client.summon(aioxmpp.EntityCapsService)
        self.pep = self.client.summon(aioxmpp.pep.PEPClient)
        self.published, self.retracted, self.deleted, self.personal = (asyncio.Queue() for _ in range(4))
        self.pubsub.on_item_published.connect(lambda jid, node, item, message=None: self.published.put_nowait((node, item)))
        self.pubsub.on_item_retracted.connect(lambda jid, node, id_, message=None: self.retracted.put_nowait((node, id_)))
        self.pubsub.on_node_deleted.connect(lambda jid, node, redirect_uri=None, message=None: self.deleted.put_nowait(node))


async def refused(action, condition):
    try:
        await wait(action, condition)
    except aioxmpp.errors.XMPPError as error:
        assert condition.value[1] in str(error), error
        return
    raise AssertionError(f"not refused with {condition}")


async def nodes_of_a_service(juliet, romeo, service):
    await wait(juliet.pubsub.create(service, "balcony"), "the node")
    config = await wait(juliet.pubsub.get_node_config(service, "balcony"), "its configuration")
    for field in config.fields:
        if field.var == "pubsub#access_model":
            field.values[:] = ["open"]
        elif field.var in ("pubsub#notify_retract", "pubsub#persist_items"):
            field.values[:] = ["1"]
    config.type_ = aioxmpp.forms.DataType.SUBMIT
    await wait(juliet.pubsub.set_node_config(service, config, "balcony"), "its configuration to be set")
    subscription = await wait(romeo.pubsub.subscribe(service, "balcony"), "the subscription")
    assert subscription.payload.subscription == "subscribed", subscription
    nodes = await wait(romeo.pubsub.get_nodes(service), "the nodes")
    assert "balcony" in {node for node, _ in nodes}, nodes
    await wait(juliet.pubsub.publish(service, "balcony", Nick("But soft"), id_="1"), "the item to be published")
    node, item = await wait(romeo.published.get(), "the item")
    assert (node, item.id_, item.registered_payload.text) == ("balcony", "1", "But soft"), item
    got = await wait(romeo.pubsub.get_items(service, "balcony"), "the items")
    assert [each.id_ for each in got.payload.items] == ["1"], got
    await refused(romeo.pubsub.publish(service, "balcony", Nick("mine")), aioxmpp.ErrorCondition.FORBIDDEN)
    await wait(juliet.pubsub.retract(service, "balcony", "1", notify=True), "the item to be retracted")
    assert await wait(romeo.retracted.get(), "the retraction") == ("balcony", "1")
    affiliations = await wait(juliet.pubsub.get_node_affiliations(service, "balcony"), "the affiliations")
    assert ("owner", juliet.jid.bare()) in {(each.affiliation, each.jid) for each in affiliations.payload.affiliations}, affiliations
    await wait(juliet.pubsub.delete(service, "balcony"), "the node to be deleted")
    assert await wait(romeo.deleted.get(), "the deletion") == "balcony"
    await refused(romeo.pubsub.get_items(service, "balcony"), aioxmpp.ErrorCondition.ITEM_NOT_FOUND)


async def befriend(juliet, romeo):
    romeo.roster.subscribe(juliet.jid)
    asked = await wait(juliet.asked.get(), "juliet to be asked")
    juliet.roster.approve(asked.from_)
    juliet.roster.subscribe(romeo.jid)
    await wait(romeo.agreed.get(), "juliet to agree")
    romeo.roster.approve((await wait(romeo.asked.get(), "romeo to be asked")).from_)
    await wait(juliet.agreed.get(), "romeo to agree")


async def meet(scenario):
    juliet = Subscriber(scenario, scenario["juliet"])
    romeo = Subscriber(scenario, scenario["romeo"])
    claim = romeo.pep.claim_pep_node(NICK, notify=True)
    claim.on_item_publish.connect(lambda jid, node, item, message=None: romeo.personal.put_nowait((jid, item)))
    await juliet.log_in()
    await romeo.log_in()
    await nodes_of_a_service(juliet, romeo, aioxmpp.JID.fromstr(scenario["pubsub"]))
    await befriend(juliet, romeo)
    await wait(juliet.pep.available(), "the answer whether there is PEP")
    await wait(juliet.pep.publish(NICK, Nick("Jule")), "the nickname to be published")

    async def told():
        while True:
            jid, item = await romeo.personal.get()
            if jid == juliet.jid.bare():
                return item
    item = await wait(told(), "the nickname")
    assert item.registered_payload.text == "Jule", item
    got = await wait(romeo.pubsub.get_items(juliet.jid.bare(), NICK), "the nickname's item")
    assert [each.registered_payload.text for each in got.payload.items] == ["Jule"], got
    await romeo.log_out()
    await juliet.log_out()


if __name__ == "__main__":
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
