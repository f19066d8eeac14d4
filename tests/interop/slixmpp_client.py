"""slixmpp meets the server (see run.py for what happens). Any failure or silence ends with an exception."""
import asyncio
import json
import ssl
import sys

import slixmpp

PATIENCE = 20


class Person(slixmpp.ClientXMPP):
    """A slixmpp client that keeps what happens to it, so that one can wait for it."""

    EVENTS = ("session_start", "failed_auth", "message", "presence_subscribed", "presence_available", "changed_status",
              "presence_unavailable", "disconnected", "roster_update")

    def __init__(self, scenario, who, password=None):
        super().__init__(who["jid"], password or who["password"])
        self.scenario = scenario
        self.ca_certs = scenario["ca_file"]
        self.ssl_context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.register_plugin("xep_0077")
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        self.seen = {name: asyncio.Queue() for name in self.EVENTS}
        for name in self.EVENTS:
            self.add_event_handler(name, self.seen[name].put_nowait)

    async def happens(self, name, condition=lambda event: True):
        """The next event of that name for which the condition holds."""
        async def look():
            while True:
                event = await self.seen[name].get()
                if condition(event):
                    return event
        try:
            return await asyncio.wait_for(look(), PATIENCE)
        except asyncio.TimeoutError:
            raise SystemExit(f"{self.boundjid}: no {name}") from None

    def open(self):
        direct = self.scenario["transport"] == "direct"
        self.connect((self.scenario["host"], self.scenario["port"]), use_ssl=direct, force_starttls=not direct,
                     disable_starttls=direct)

    async def log_in(self):
        self.open()
        await self.happens("session_start")
        await self.get_roster()
        self.send_presence()
        return self

    def give_up(self):
        """Of one who was refused: closes the connection, which the server may have closed meanwhile (slixmpp's abort() fails then)."""
        if self.transport is not None and not self.transport.is_closing():
            self.abort()

    async def log_out(self):
        self.disconnect()
        await self.happens("disconnected")


async def register(scenario):
    newcomer = Person(scenario, scenario["newcomer"])
    registered = asyncio.get_running_loop().create_future()

    async def fill_in(_form):
        request = newcomer.Iq()
        request["type"] = "set"
        request["register"]["username"] = newcomer.boundjid.user
        request["register"]["password"] = newcomer.password
        await request.send(timeout=PATIENCE)
        registered.set_result(True)

    newcomer.add_event_handler("register", fill_in)
    newcomer._always_send_everything = True  # slixmpp 1.8.3 would hold the registration back until after the login.
    await newcomer.log_in()
    assert registered.done(), "registration was not offered"
    await newcomer.log_out()


async def hold_a_room(juliet, romeo, service):
    """XEP-0045: finding the service, making and configuring a room, entering, talking, administering, leaving."""
    room = f"balcony@{service}"
    mucs = []
    for person in (juliet, romeo):
        person.register_plugin("xep_0045")
        mucs.append(person["xep_0045"])
        for event in ("groupchat_message", "groupchat_subject", f"muc::{room}::got_offline"):
            person.seen[event] = asyncio.Queue()
            person.add_event_handler(event, person.seen[event].put_nowait)
    items = (await romeo["xep_0030"].get_items(jid=juliet.boundjid.domain))["disco_items"]["items"]
    assert service in {item[0] for item in items}, items
    await mucs[0].join_muc_wait(room, "Juliet", timeout=PATIENCE)
    form = await mucs[0].get_room_config(room, timeout=PATIENCE)
    answer = juliet["xep_0004"].make_form(ftype="submit")
    answer.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/muc#roomconfig")
    assert "muc#roomconfig_roomname" in form.get_fields(), list(form.get_fields())
    answer.add_field(var="muc#roomconfig_roomname", ftype="text-single", value="The balcony")
    await mucs[0].set_room_config(room, answer, timeout=PATIENCE)
    await mucs[1].join_muc_wait(room, "Romeo", timeout=PATIENCE)
    romeo.send_message(mto=room, mbody="Shall I hear more?", mtype="groupchat")
    for person in (juliet, romeo):
        message = await person.happens("groupchat_message", lambda message: message["body"] == "Shall I hear more?")
        assert message["from"] == f"{room}/Romeo", message
    mucs[0].set_subject(room, "Names")
    await romeo.happens("groupchat_subject", lambda message: message["subject"] == "Names")
    await mucs[0].set_affiliation(room, "member", jid=romeo.boundjid.bare, timeout=PATIENCE)
    assert romeo.boundjid.bare in await mucs[0].get_affiliation_list(room, "member", timeout=PATIENCE)
    await mucs[0].set_role(room, "Romeo", "none", reason="Good night", timeout=PATIENCE)
    await romeo.happens(f"muc::{room}::got_offline", lambda presence: presence["muc"]["nick"] == "Romeo")
    mucs[0].leave_muc(room, "Juliet")


async def meet(scenario):
    await register(scenario)
    juliet = await Person(scenario, scenario["juliet"]).log_in()
    romeo = await Person(scenario, scenario["romeo"]).log_in()

    romeo.send_presence_subscription(pto=juliet.boundjid.bare)  # slixmpp says yes, and asks back, by itself
    await romeo.happens("presence_subscribed")
    await juliet.happens("presence_subscribed")
    await juliet.happens("roster_update", lambda iq: any(item["subscription"] == "both" for item in iq["roster"]))
    await romeo.get_roster()
    assert romeo.client_roster[juliet.boundjid.bare]["subscription"] == "both", romeo.client_roster
    await juliet.happens("presence_available", lambda presence: presence["from"].bare == romeo.boundjid.bare)

    juliet.send_presence(pshow="away", pstatus="At the window")
    await romeo.happens("changed_status", lambda presence: presence["from"] == juliet.boundjid
                        and presence["show"] == "away" and presence["status"] == "At the window")

    romeo.send_message(mto=juliet.boundjid.full, mbody="But soft! <what> light? \u00e9", mtype="chat")
    message = await juliet.happens("message")
    assert (message["body"], message["from"]) == ("But soft! <what> light? \u00e9", romeo.boundjid), message
    message.reply("Ay me!").send()
    message = await romeo.happens("message")
    assert (message["body"], message["from"]) == ("Ay me!", juliet.boundjid), message
    assert (await romeo["xep_0030"].get_info(jid="capulet.example"))["disco_info"]["features"], "no features"

    await hold_a_room(juliet, romeo, scenario["rooms"])

    await juliet["xep_0077"].change_password("a new & longer password")
    await juliet.log_out()
    await romeo.happens("presence_unavailable", lambda presence: presence["from"].bare == juliet.boundjid.bare)
    refused = Person(scenario, scenario["juliet"])
    refused.open()
    await refused.happens("failed_auth")
    refused.give_up()
    again = await Person(scenario, scenario["juliet"], "a new & longer password").log_in()
    await romeo.happens("presence_available", lambda presence: presence["from"].bare == again.boundjid.bare)
    await again.log_out()
    await romeo.log_out()


if __name__ == "__main__":
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
