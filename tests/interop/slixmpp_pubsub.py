"""slixmpp and nodes (see run.py): one of a service is created, configured, found, subscribed to, published to, read, asked for what its
owner may ask, and deleted (XEP-0060); over PEP a position (XEP-0163, XEP-0080) and a mood (XEP-0107) reach a contact who wants them,
and nobody else; bookmarks are stored where only their owner reads them (XEP-0223, XEP-0402)."""
import asyncio
import json
import sys

from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET
from slixmpp_client import PATIENCE, Person

ENTRY = "{http://www.w3.org/2005/Atom}entry"


class Subscriber(Person):
    EVENTS = Person.EVENTS + ("pubsub_publish", "pubsub_retract", "pubsub_delete", "pubsub_config", "user_location_publish", "user_mood_publish")

    def __init__(self, scenario, who):
        super().__init__(scenario, who)
        for name in ("xep_0004", "xep_0060", "xep_0115", "xep_0163", "xep_0080", "xep_0107"):
            self.register_plugin(name)

    async def befriend(self, other):
        self.send_presence_subscription(pto=other.boundjid.bare)  # slixmpp says yes, and asks back, by itself
        await self.happens("presence_subscribed")
        await other.happens("presence_subscribed")


def entry(text):
    element = ET.Element(ENTRY)
    ET.SubElement(element, "{http://www.w3.org/2005/Atom}title").text = text
    return element


def title_of(item):
    return item["payload"].findtext("{http://www.w3.org/2005/Atom}title")


def form(person, kind, **fields):
    made = person["xep_0004"].make_form(ftype="submit")
    made.add_field(var="FORM_TYPE", ftype="hidden", value=f"http://jabber.org/protocol/pubsub#{kind}")
    for name, value in fields.items():
        made.add_field(var=f"pubsub#{name}", value=value)
    return made


async def refused(action, condition):
    try:
        await action
    except IqError as error:
        assert error.condition == condition, error
        return
    raise AssertionError(f"not refused with {condition}")


async def nodes_of_a_service(juliet, romeo, service):
    pubsub = juliet["xep_0060"]
    await pubsub.create_node(service, "balcony", config=form(juliet, "node_config", title="What is said there", access_model="open", notify_retract="1",
                                                             persist_items="1", max_items="10"), timeout=PATIENCE)
    listed = (await romeo["xep_0030"].get_items(jid=service, timeout=PATIENCE))["disco_items"]["items"]
    assert "balcony" in {node for _, node, _ in listed}, listed
    about = (await romeo["xep_0030"].get_info(jid=service, node="balcony", timeout=PATIENCE))["disco_info"]
    assert ("pubsub", "leaf") in {(category, kind) for category, kind, _, _ in about["identities"]}, about
    subscribed = await romeo["xep_0060"].subscribe(service, "balcony", timeout=PATIENCE)
    assert subscribed["pubsub"]["subscription"]["subscription"] == "subscribed", subscribed
    for number, text in enumerate(("But soft", "It is the east"), 1):
        await pubsub.publish(service, "balcony", id=str(number), payload=entry(text), timeout=PATIENCE)
        event = await romeo.happens("pubsub_publish")
        item = event["pubsub_event"]["items"]["item"]
        assert (item["id"], title_of(item)) == (str(number), text), event
    got = (await romeo["xep_0060"].get_items(service, "balcony", timeout=PATIENCE))["pubsub"]["items"]
    assert {title_of(item) for item in got["substanzas"]} == {"But soft", "It is the east"}, got
    one = (await romeo["xep_0060"].get_item(service, "balcony", "1", timeout=PATIENCE))["pubsub"]["items"]["substanzas"]
    assert [title_of(item) for item in one] == ["But soft"], one
    await refused(romeo["xep_0060"].publish(service, "balcony", payload=entry("mine"), timeout=PATIENCE), "forbidden")
    await refused(romeo["xep_0060"].get_items(service, "orchard", timeout=PATIENCE), "item-not-found")
    await refused(romeo["xep_0060"].get_node_config(service, "balcony", timeout=PATIENCE), "forbidden")
    configured = (await pubsub.get_node_config(service, "balcony", timeout=PATIENCE))["pubsub_owner"]["configure"]["form"]
    assert configured.get_values()["pubsub#title"] == "What is said there", configured
    await pubsub.set_node_config(service, "balcony", form(juliet, "node_config", title="The balcony"), timeout=PATIENCE)
    subscriptions = (await pubsub.get_node_subscriptions(service, "balcony", timeout=PATIENCE))["pubsub_owner"]["subscriptions"]
    assert romeo.boundjid.bare in {str(each["jid"]) for each in subscriptions["substanzas"]}, subscriptions
    await pubsub.modify_affiliations(service, "balcony", affiliations=[(romeo.boundjid.bare, "publisher")], timeout=PATIENCE)
    await romeo["xep_0060"].publish(service, "balcony", id="3", payload=entry("Ay me"), timeout=PATIENCE)
    await romeo.happens("pubsub_publish", lambda event: event["pubsub_event"]["items"]["item"]["id"] == "3")
    await pubsub.retract(service, "balcony", "1", notify="1", timeout=PATIENCE)
    event = await romeo.happens("pubsub_retract")
    assert event["pubsub_event"]["items"]["retract"]["id"] == "1", event
    mine = (await romeo["xep_0060"].get_subscriptions(service, timeout=PATIENCE))["pubsub"]["subscriptions"]["substanzas"]
    assert [(each["node"], each["subscription"]) for each in mine] == [("balcony", "subscribed")], mine
    await pubsub.delete_node(service, "balcony", timeout=PATIENCE)
    event = await romeo.happens("pubsub_delete")
    assert event["pubsub_event"]["delete"]["node"] == "balcony", event
    await refused(romeo["xep_0060"].get_items(service, "balcony", timeout=PATIENCE), "item-not-found")


async def personal_eventing(juliet, romeo, stranger):
    for person in (romeo, stranger):
        person["xep_0163"].add_interest(["http://jabber.org/protocol/geoloc", "http://jabber.org/protocol/mood"])
        await person["xep_0115"].update_caps()
    await romeo.befriend(juliet)
    await juliet["xep_0080"].publish_location(lat=45.44, lon=12.33, accuracy=20, country="Italy", locality="Venice", timeout=PATIENCE)
    event = await romeo.happens("user_location_publish", lambda event: event["from"].bare == juliet.boundjid.bare)
    place = event["pubsub_event"]["items"]["item"]["geoloc"]
    assert (place["lat"], place["lon"], place["locality"]) == (45.44, 12.33, "Venice"), event
    await juliet["xep_0107"].publish_mood("in_love", "Yay", timeout=PATIENCE)
    event = await romeo.happens("user_mood_publish")
    assert event["pubsub_event"]["items"]["item"]["mood"]["value"] == "in_love", event
    read = (await romeo["xep_0060"].get_items(juliet.boundjid.bare, "http://jabber.org/protocol/geoloc", timeout=PATIENCE))["pubsub"]["items"]
    assert len(read["substanzas"]) == 1, read
    try:  # no contact: it may not even learn whether there is a node
        await stranger["xep_0060"].get_items(juliet.boundjid.bare, "http://jabber.org/protocol/geoloc", timeout=PATIENCE)
        raise AssertionError("a stranger read a position")
    except IqError as error:
        assert error.condition in ("not-authorized", "forbidden", "item-not-found", "service-unavailable"), error
    assert stranger.seen["user_location_publish"].empty(), "a stranger was told"
    await juliet["xep_0080"].stop(timeout=PATIENCE)
    event = await romeo.happens("user_location_publish")
    assert not event["pubsub_event"]["items"]["item"]["geoloc"]["lat"], event


async def bookmarks(juliet, romeo):
    """XEP-0402: with publish-options that make the node private whoever created it."""
    options = form(juliet, "publish-options", persist_items="true", max_items="max", send_last_published_item="never", access_model="whitelist")
    conference = ET.Element("{urn:xmpp:bookmarks:1}conference", {"name": "Orchard", "autojoin": "true"})
    await juliet["xep_0060"].publish(juliet.boundjid.bare, "urn:xmpp:bookmarks:1", id="orchard@rooms.capulet.example", payload=conference,
                                     options=options, timeout=PATIENCE)
    kept = (await juliet["xep_0060"].get_items(juliet.boundjid.bare, "urn:xmpp:bookmarks:1", timeout=PATIENCE))["pubsub"]["items"]["substanzas"]
    assert [item["id"] for item in kept] == ["orchard@rooms.capulet.example"], kept
    try:
        await romeo["xep_0060"].get_items(juliet.boundjid.bare, "urn:xmpp:bookmarks:1", timeout=PATIENCE)
        raise AssertionError("a contact read bookmarks")
    except IqError as error:
        assert error.condition in ("not-allowed", "forbidden", "item-not-found"), error


async def meet(scenario):
    juliet = await Subscriber(scenario, scenario["juliet"]).log_in()
    romeo = await Subscriber(scenario, scenario["romeo"]).log_in()
    tybalt = await Subscriber(scenario, scenario["tybalt"]).log_in()
    await nodes_of_a_service(juliet, romeo, scenario["pubsub"])
    await personal_eventing(juliet, romeo, tybalt)
    await bookmarks(juliet, romeo)
    for person in (tybalt, romeo, juliet):
        await person.log_out()


if __name__ == "__main__":
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
