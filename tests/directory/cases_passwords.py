"""Passwords: of this server's own accounts, and what a directory's policy says of its."""
import asyncio
import re

from directory_world import run, try_plain
import slixmpp


def own_passwords(world):
    """A password of this server's own accounts is judged in the same words by every door (SP 800-63B), with the server running."""
    why = "the password is one of those that are guessed first"
    for command, who in (("add", "capulet"), ("passwd", "montague")):
        code, said = world.operator("user", command, f"{who}@own.example", text="PasswordPassword\n")
        assert code == 1 and why in said, said
    assert world.operator("user", "show", "capulet@own.example")[0] == 1, "an account was made"

    async def story():
        montague = await world.client("montague@own.example", "montague secret").log_in()
        try:
            await montague["xep_0077"].change_password("PasswordPassword", timeout=10)
            raise AssertionError("the password was changed")
        except Exception as error:
            assert (getattr(error, "condition", ""), getattr(error, "text", "")) == ("not-acceptable", why), error
        await montague["xep_0077"].change_password("a longer secret", timeout=10)
        await montague.log_out()
        again = await world.client("montague@own.example", "a longer secret").log_in()
        await again.log_out()
        code, said = world.operator("user", "passwd", "montague@own.example", text="montague secret\n")
        assert code == 0, said

        # One that an operator wants changed lets its owner in for that, and for nothing else.
        code, said = world.operator("user", "expire", "montague@own.example")
        assert code == 0, said
        await changes_it(world.client("montague@own.example", "montague secret"), "a longer secret still")
        again = await world.client("montague@own.example", "a longer secret still").log_in()
        await again.log_out()
        code, said = world.operator("user", "passwd", "montague@own.example", text="montague secret\n")
        assert code == 0, said
    run(story())


async def refused(who, password):
    """Why a password may not be changed to this one: condition and text."""
    try:
        await who["xep_0077"].change_password(password, timeout=10)
    except slixmpp.exceptions.IqError as error:
        return error.condition, error.text
    raise AssertionError(f"changed to {password}")


async def changes_it(who, password, *refusals):
    """Whoever is let in only to change a password: is told so, may do nothing else, changes it, and is sent to log in anew."""
    who.open()
    await who.happens("session_start")
    told = await who.happens("message")
    assert told["from"] == who.boundjid.domain and "must be changed" in told["body"], told
    try:
        await who.get_roster(timeout=10)
        raise AssertionError("a roster came")
    except slixmpp.exceptions.IqError as error:
        assert "<policy-violation " in str(error.iq), error   # slixmpp 1.8 has no name for it
    for wanted, condition, text in refusals:
        assert await refused(who, wanted) == (condition, text), wanted
    await who["xep_0077"].change_password(password, timeout=10)
    await who.happens("disconnected")


def password_policy(world):
    """What the directory's policy says of a password (draft-behera-ldap-password-policy): locked, expired, grace, near its end, reset; and its
    change by RFC 3062 as its owner, refused in the directory's own words."""
    assert try_plain(world, "policy.example", "expired", "expired secret")[0] == "credentials-expired"
    assert try_plain(world, "policy.example", "expired", "wrong")[0] == "not-authorized", "told only to who knows the password"
    for _ in range(2):
        assert try_plain(world, "policy.example", "locked", "wrong")[0] == "not-authorized"
    assert try_plain(world, "policy.example", "locked", "locked secret")[0] == "not-authorized", "locked looks like wrong"
    assert re.search("audit-password-verdict.*locked@policy.example.*the account is locked", world.log()), "and is written down"
    assert try_plain(world, "bind.example", "reset", "reset secret")[0] == "credentials-expired", "it cannot be changed there"
    code, said = world.operator("directory", "check", "reset@policy.example")
    assert re.search("password-must-change.*yes", said), said

    async def story():
        for name, words in (("grace", "Logins with it that are left: "), ("ending", "expires in 8 days")):
            client = world.client(f"{name}@policy.example", f"{name} secret")
            client.open()
            await client.happens("session_start")
            told = await client.happens("message")
            assert words in told["body"], told
            assert await client.get_roster(timeout=10) is not None
            if name == "ending":   # a change by somebody who is at work leaves that session alone
                elsewhere = await world.client("ending@policy.example", "ending secret").log_in()
                await client["xep_0077"].change_password("another secret", timeout=10)
                await elsewhere.happens("disconnected")
                await asyncio.sleep(4.5)   # two looks of the mirror
                assert await client.get_roster(timeout=10) is not None, "the session that changed it was ended"
                assert try_plain(world, "policy.example", "ending", "another secret")[0] == "success"
                assert try_plain(world, "policy.example", "ending", "ending secret")[0] == "not-authorized"
            await client.log_out()
        await changes_it(world.client("reset@policy.example", "reset secret"), "a fresh secret",
                         ("short", "not-acceptable", "the directory says that the password is too short"),
                         ("reset secret", "not-acceptable", "the directory says that the password is one of the former ones"))
        client = await world.client("reset@policy.example", "a fresh secret").log_in()
        await client.log_out()
        for name, domain, words in (("safe", "policy", "the directory wants the old password"), ("fixed", "policy", "does not let you change"),
                                    ("nurse", "bind", 'in the directory "bind": change it there')):
            client = await world.client(f"{name}@{domain}.example", f"{name} secret").log_in()
            condition, text = await refused(client, "another secret")
            assert condition == "not-allowed" and words in text, (name, condition, text)
            await client.log_out()
    run(story())
    log = world.slapd.log()
    assert re.search("PASSMOD|EXT oid=1.3.6.1.4.1.4203.1.11.1", log), "no password was modified"
    for secret in ("a fresh secret", "another secret", "reset secret"):
        assert secret not in world.log(), "a password is in the log"
