"""slixmpp logs in with a client certificate (SASL EXTERNAL, XEP-0178): Juliet has a card and no password that is right, Romeo a
password; they write to each other. Then Juliet asks to be somebody else, and is refused. See run.py for the scenario."""
import asyncio
import json
import sys

from slixmpp_client import PATIENCE, Person


class CardHolder(Person):
    def __init__(self, scenario, who, authzid=""):
        super().__init__(scenario, who, "not her password")
        self.certfile, self.keyfile = scenario["card"]
        self["feature_mechanisms"].use_mech = "EXTERNAL"
        self.credentials["authzid"] = authzid


async def meet(scenario):
    romeo = await Person(scenario, scenario["romeo"]).log_in()
    for authzid in ("", scenario["juliet"]["jid"]):
        juliet = await CardHolder(scenario, scenario["juliet"], authzid).log_in()
        assert juliet["feature_mechanisms"].mech.name == "EXTERNAL", juliet["feature_mechanisms"].mech
        assert juliet.boundjid.bare == scenario["juliet"]["jid"], juliet.boundjid
        romeo.send_message(mto=juliet.boundjid.full, mbody="Art thou not Romeo?", mtype="chat")
        message = await juliet.happens("message")
        assert (message["body"], message["from"]) == ("Art thou not Romeo?", romeo.boundjid), message
        message.reply("Neither, fair saint").send()
        message = await romeo.happens("message")
        assert (message["body"], message["from"]) == ("Neither, fair saint", juliet.boundjid), message
        await juliet.log_out()
    other = CardHolder(scenario, scenario["juliet"], "nurse@capulet.example")
    other.open()
    await other.happens("failed_auth")
    other.give_up()
    await romeo.log_out()


if __name__ == "__main__":
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(meet(json.load(sys.stdin)), 5 * PATIENCE))
