"""People come and go."""
import asyncio
import re
import time

from directory_world import eventually, run, try_plain
from directories import PEOPLE, person

OUT = 60         # until somebody who is disabled must be out


def out_in_time(world):
    """Disabled, removed, given another password: the sessions end within the minute, and not somebody else's."""
    async def story():
        stays = await world.client("nurse@bind.example", "nurse secret").log_in()
        gone = {}
        for who, act in (("tybalt", lambda: world.slapd.set("tybalt", "pwdAccountLockedTime", "000001010000Z")),
                         ("paris", lambda: world.slapd.remove("paris")),
                         ("benvolio", lambda: world.slapd.set("benvolio", "userPassword", "a new secret"))):
            gone[who] = await world.client(f"{who}@bind.example", f"{who} secret").log_in()
            gone[who].auto_reconnect = False
            act()
            began = time.monotonic()
            await gone[who].happens("disconnected")
            assert time.monotonic() - began < OUT, who
            answer, _ = try_plain(world, "bind.example", who, f"{who} secret")
            assert answer in ("not-authorized", "account-disabled"), (who, answer)
        assert try_plain(world, "bind.example", "benvolio", "a new secret")[0] == "success"
        stays.send_message(mto=stays.boundjid.bare, mbody="here", mtype="chat")
        assert (await stays.happens("message"))["body"] == "here"
        await stays.log_out()
        world.slapd.change(f"dn: cn=tybalt,{PEOPLE}\nchangetype: modify\ndelete: pwdAccountLockedTime\n")
        assert try_plain(world, "bind.example", "tybalt", "tybalt secret")[0] == "success", "who is enabled again comes in at once"
        code, said = world.operator("user", "show", "paris@bind.example")
        assert code == 0 and re.search(r"enabled\s+no", said), said
    run(story())


def messages_wait(world):
    """Somebody who has never logged in has an account from the moment the directory has them: what is written to them is kept. Nobody
    has one whom the directory does not have."""
    async def story():
        world.slapd.add(person("newcomer", "newcomer secret"))
        eventually(lambda: world.operator("user", "show", "newcomer@bind.example")[0] == 0, 20, "the newcomer has no account")
        romeo = await world.client("romeo@bind.example", "romeo secret").log_in()
        errors = asyncio.Queue()
        romeo.add_event_handler("message_error", errors.put_nowait)
        romeo.send_message(mto="rosaline@bind.example", mbody="fair Rosaline", mtype="chat")
        romeo.send_message(mto="newcomer@bind.example", mbody="welcome", mtype="chat")
        romeo.send_message(mto="nobody@bind.example", mbody="who are you", mtype="chat")
        error = await asyncio.wait_for(errors.get(), 10)
        assert error["from"].bare == "nobody@bind.example", error
        await romeo.log_out()
        for who, body in (("rosaline", "fair Rosaline"), ("newcomer", "welcome")):
            reader = await world.client(f"{who}@bind.example", f"{who} secret").log_in()
            assert (await reader.happens("message"))["body"] == body
            await reader.log_out()
        assert errors.empty(), "a message for somebody whom the directory has was refused"
    run(story())
