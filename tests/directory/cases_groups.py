"""Groups of a directory on rosters, in rooms, as rights."""
import asyncio
import re

from directory_world import MEMBERS, eventually, run
from directories import group
import slixmpp


async def roster(client):
    request = client.Iq()
    request["type"] = "get"
    request.enable("roster")
    answer = await request.send(timeout=10)
    return {jid.user: sorted(item["groups"]) for jid, item in answer["roster"]["items"].items() if item["subscription"] == "both"}


async def pushed(client, who, subscription):
    """The push about somebody."""
    def is_it(iq):
        return iq["type"] == "set" and any(jid.user == who and item["subscription"] == subscription for jid, item in iq["roster"]["items"].items())
    await client.happens("roster_update", is_it)


async def may_count(client, domain="groups.example"):
    """Whether the client may do what administrators do."""
    request = client.Iq()
    request["type"], request["to"] = "set", domain
    command = slixmpp.xmlstream.ET.Element("{http://jabber.org/protocol/commands}command",
                                           {"node": "http://jabber.org/protocol/admin#get-online-users-num", "action": "execute"})
    request.append(command)
    try:
        await request.send(timeout=10)
        return True
    except slixmpp.exceptions.IqError as error:
        assert error.iq["error"]["condition"] == "forbidden", error
        return False


async def enters(client, room):
    """None: he is in. Otherwise why not."""
    client.register_plugin("xep_0045")
    try:
        await client["xep_0045"].join_muc_wait(f"{room}@rooms.example", client.boundjid.user, timeout=10)
        return None
    except slixmpp.exceptions.PresenceError as error:
        return error.presence["error"]["condition"]


def groups(world):
    """Who is in a group has the others on the roster, rooms and rights, without having asked anybody; who comes and goes is told, one push for
    each; while the directory is away everything stays. Somebody in no group notices nothing."""
    async def story():
        people = {uid: await world.client(f"{uid}@groups.example", f"{uid} secret").log_in() for uid in MEMBERS}
        sampson, gregory, abram, balthasar = people.values()
        assert await roster(sampson) == {"gregory": ["The staff"], "abram": ["The staff"]}, await roster(sampson)
        assert await roster(balthasar) == {}
        await sampson.happens("presence_available", lambda presence: presence["from"].user == "abram")
        assert [await may_count(each) for each in people.values()] == [False, True, False, False]
        assert await enters(sampson, "yard") is None and await enters(gregory, "yard") is None
        assert await enters(balthasar, "yard") == "registration-required"
        assert await enters(sampson, "war-room") is None and await enters(gregory, "war-room") is None
        assert (await gregory["xep_0045"].get_room_config("war-room@rooms.example", timeout=10)) is not None, "ops own the war room"

        world.slapd.join("staff", "balthasar")
        for each in (sampson, gregory, abram):
            await pushed(each, "balthasar", "both")
        await balthasar.happens("presence_available", lambda presence: presence["from"].user == "sampson")
        assert await roster(balthasar) == {uid: ["The staff"] for uid in ("sampson", "gregory", "abram")}
        assert await enters(balthasar, "yard") is None

        # A name that begins so; somebody in two groups has both.
        world.slapd.add(group("team-verona", ["sampson", "abram"]))
        await pushed(sampson, "abram", "both")
        assert (await roster(sampson))["abram"] == ["The staff", "The team-verona"]

        # The directory is away: nobody has lost anything.
        world.slapd.stop()
        eventually(lambda: "directory-groups-not-read" in world.log(), 20, "the directory was not missed")
        await asyncio.sleep(2)
        assert (await roster(sampson)).keys() == {"gregory", "abram", "balthasar"}
        assert await may_count(gregory)
        world.slapd.start()
        eventually(lambda: "directory-groups-read-again" in world.log(), 30, "the directory was not found again")

        # Who is taken out has lost roster, room and right.
        out = asyncio.get_running_loop().create_future()
        gregory.add_event_handler("muc::yard@rooms.example::got_offline",
                                  lambda presence: out.done() or presence["muc"]["nick"] != "gregory" or out.set_result(str(presence)))
        world.slapd.join("staff", "gregory", is_in=False)
        await pushed(sampson, "gregory", "remove")
        await pushed(gregory, "sampson", "remove")
        assert "code='321'" in (await asyncio.wait_for(out, 10)).replace('"', "'")
        assert await roster(gregory) == {}
        world.slapd.join("ops", "gregory", is_in=False, attribute="memberUid")
        while await may_count(gregory):
            await asyncio.sleep(0.2)
        code, said = world.operator("directory", "check", "abram@groups.example")
        assert code == 0, said
        for wanted in (r"groups\s+yes\s+inner, staff, team-verona", r"roster-groups\s+yes\s+staff \(shown as The staff", r"rights\s+yes\s+member of \*@rooms.example by staff"):
            assert re.search(wanted, said), (wanted, said)
        assert await roster(balthasar) == {"sampson": ["The staff"], "abram": ["The staff"]}
        for each in people.values():
            await each.log_out()
    run(story())
