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

    await juliet["xep_0077"].change_password("a new & longer password")
    await juliet.log_out()
    await romeo.happens("presence_unavailable", lambda presence: presence["from"].bare == juliet.boundjid.bare)
    refused = Person(scenario, scenario["juliet"])
    refused.open()
    await refused.happens("failed_auth")
    refused.abort()
    again = await Person(scenario, scenario["juliet"], "a new & longer password").log_in()
    await romeo.happens("presence_available", lambda presence: presence["from"].bare == again.boundjid.bare)
    await again.log_out()
    await romeo.log_out()


if __name__ == "__main__":
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(meet(json.load(sys.stdin)), 110))
