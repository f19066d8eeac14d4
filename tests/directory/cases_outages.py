"""Directories that are not well, or away, or asked by many at once."""
import asyncio
import base64
import re
import time

from directory_world import TOO_LATE, Raw, bystander, run, try_plain


def unwell(world):
    """One that hangs, answers garbage or drop by drop, refers elsewhere, drops TLS, has a certificate of a stranger or for another
    name: temporary-auth-failure in time, to known and unknown alike; others log in meanwhile."""
    for name in ("hang", "garbage", "drip", "refer", "drop", "stranger", "misnamed"):
        for who in ("juliet", "nobody"):
            answer, seconds = try_plain(world, f"{name}.example", who, "juliet secret")
            assert answer == "temporary-auth-failure", (name, answer)
            assert seconds < TOO_LATE, (name, seconds)
    limits = world.pretenders["refer"].time_limits
    assert limits and min(limits) >= 2, f"timeout is a second, and a directory may end with the clock's second: {limits}"
    run(bystander(world))
    assert world.slapd.log().count("TLS established") > 0
    for name in ("stranger", "misnamed"):
        code, said = world.operator("directory", "check", f"juliet@{name}.example")
        assert code == 0 and re.search(r"connection\s+no", said), said


def away(world):
    """slapd goes and comes back: who is here goes on, who comes is told to wait within 5 s, whom policy remembers comes in."""
    async def story():
        assert try_plain(world, "remember.example", "paris", "paris secret")[0] == "success"
        assert try_plain(world, "remember.example", "tybalt", "wrong")[0] == "not-authorized"
        romeo = await world.client("romeo@bind.example", "romeo secret").log_in()
        nurse = await world.client("nurse@scram.example", "nurse secret").log_in()
        world.slapd.stop()
        for domain in ("bind.example", "scram.example", "tls.example"):
            answer, seconds = try_plain(world, domain, "juliet", "juliet secret")
            assert answer == "temporary-auth-failure" and seconds < TOO_LATE, (domain, answer, seconds)
        assert try_plain(world, "remember.example", "paris", "paris secret")[0] == "success", "policy says that what was right is remembered"
        assert try_plain(world, "remember.example", "paris", "another")[0] == "not-authorized"
        assert try_plain(world, "remember.example", "tybalt", "tybalt secret")[0] == "temporary-auth-failure", "never proved before"
        assert try_plain(world, "remember.example", "nurse", "nurse secret")[0] == "temporary-auth-failure", "never seen before"
        romeo.send_message(mto="nurse@scram.example", mbody="still here", mtype="chat")
        message = await nurse.happens("message")
        assert message["body"] == "still here", message
        await bystander(world)
        world.slapd.start()
        began = time.monotonic()
        while try_plain(world, "bind.example", "juliet", "juliet secret")[0] != "success":
            assert time.monotonic() < began + 15, "the directory is back, and nobody gets in"
            await asyncio.sleep(0.2)
        romeo.send_message(mto="nurse@scram.example", mbody="and on", mtype="chat")
        assert (await nurse.happens("message"))["body"] == "and on"
        await romeo.log_out()
        await nurse.log_out()
    run(story())


def together(world):
    """Many logins of one person at once find the person once, and each is told of its own password, the first one too."""
    began = world.slapd.log().count("(uid=laurence)")
    world.slapd.freeze()
    streams = [Raw(world, "bind.example") for _ in range(20)]
    wrong = (0, 7)
    for number, stream in enumerate(streams):
        password = b"juliet secret" if number in wrong else b"laurence secret"
        data = base64.b64encode(b"\0laurence\0" + password).decode()
        stream.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>")
    time.sleep(0.3)   # they are all at the server; the directory has a second for its answer
    world.slapd.freeze(False)
    answers = [stream.until("</failure>", "<success") for stream in streams]
    assert [number for number, answer in enumerate(answers) if "not-authorized" in answer] == list(wrong), answers
    assert all("<success" in answer for number, answer in enumerate(answers) if number not in wrong), answers
    asked = world.slapd.log().count("(uid=laurence)") - began
    assert asked <= 3, f"{asked} searches for one person"
    for stream in streams:
        stream.close()
