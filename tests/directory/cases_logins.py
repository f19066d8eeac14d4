"""Logins: by a bind, by SCRAM, by every way to a directory; names and passwords with odd characters; one name of two entries."""
import re

from directory_world import TOO_LATE, Raw, bystander, mechanisms, run, try_plain


def bind(world):
    """PLAIN over TLS, checked by a bind as the user; only what can be proved is offered; at most five questions a login."""
    stream = Raw(world, "bind.example")
    assert mechanisms(stream) == ["PLAIN"], stream.features
    assert "UPGR" not in stream.features, stream.features
    stream.close()
    before = len(re.findall(r"(BIND dn=.* method|SRCH base)", world.slapd.log()))
    answer, _ = try_plain(world, "bind.example", "juliet", "juliet secret")
    assert answer == "success", answer
    log = world.slapd.log()
    assert 'BIND dn="cn=juliet,' in log, "the password was not checked by a bind as its owner"
    asked = [line for line in re.findall(r"(?:BIND dn=.* method|SRCH base.*filter.*)", log)[before:] if "juliet" in line]
    assert 1 <= len(asked) <= 5, asked
    assert try_plain(world, "bind.example", "JULIET", "juliet secret")[0] == "success", "uid compares without case, as localparts do"

    async def story():
        juliet = await world.client("juliet@bind.example", "juliet secret").log_in()
        await juliet.log_out()
        refused = world.client("juliet@bind.example", "romeo secret")
        refused.open()
        await refused.happens("failed_auth")
        refused.give_up()
    run(story())


def scram(world):
    """SCRAM with keys from the entry: no password reaches the directory, and the mechanisms are those that entries have keys of."""
    stream = Raw(world, "scram.example")
    assert set(mechanisms(stream)) == {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"}, stream.features
    stream.close()
    binds = world.slapd.log().count('BIND dn="cn=romeo,')

    async def story():
        romeo = await world.client("romeo@scram.example", "romeo secret").log_in()
        await romeo.log_out()
        refused = world.client("romeo@scram.example", "juliet secret")
        refused.open()
        await refused.happens("failed_auth")
        refused.give_up()
    run(story())
    assert "mechanism=SCRAM-SHA-256" in world.log(), "slixmpp did not log in by SCRAM"
    assert try_plain(world, "scram.example", "romeo", "romeo secret")[0] == "success"
    assert try_plain(world, "scram.example", "romeo", "wrong secret")[0] == "not-authorized"
    assert world.slapd.log().count('BIND dn="cn=romeo,') == binds, "a password went to the directory"


def ways(world):
    """ldaps, SASL EXTERNAL to the directory, whole addresses, and a first server that hangs."""
    for name in ("tls", "external", "upn"):
        assert try_plain(world, f"{name}.example", "nurse", "nurse secret")[0] == "success", name
        assert try_plain(world, f"{name}.example", "nurse", "wrong")[0] == "not-authorized", name
    assert 'mech=EXTERNAL' in world.slapd.log() or "EXTERNAL" in world.slapd.log(), "no SASL EXTERNAL"
    answer, seconds = try_plain(world, "failover.example", "nurse", "nurse secret")
    assert answer == "success" and seconds < TOO_LATE, (answer, seconds)
    answer, seconds = try_plain(world, "failover.example", "nurse", "nurse secret")
    assert answer == "success" and seconds < TOO_LATE, (answer, seconds)


def odd_names(world):
    """Names with a filter's and a DN's own characters, NUL, 5 KB, no password: nobody gets in, and nobody else's entry is found."""
    for domain in ("bind.example", "scram.example"):
        for name in ("*", "juliet*", "j*t", "*)(uid=*", "juliet)(|(uid=*", "a\\2a", "\\00", "juliet,ou=people", "uid=juliet", "#juliet", "+", "<>;\"",
                     "juliet\\", "\u00e9", "x" * 5000, "star\\2a", " ", "juliet ", b"jul\xff\xfeiet"):
            answer, _ = try_plain(world, domain, name, "juliet secret")
            assert answer in ("not-authorized", "malformed-request", "incorrect-encoding"), (domain, name, answer)
    assert try_plain(world, "bind.example", "juliet\0x", "juliet secret")[0] == "malformed-request"
    for password in ("", "\0", "juliet secret\0", "x" * 3000, "*", "juliet secre*", "\u0007"):
        answer, _ = try_plain(world, "bind.example", "juliet", password)
        assert answer in ("not-authorized", "malformed-request"), (password, answer)
    assert 'BIND dn="cn=juliet,ou=people,dc=example,dc=org" method=128\n' in world.slapd.log()
    answer, _ = try_plain(world, "bind.example", "o\\27brien", "brien secret")   # XEP-0106
    assert answer == "success", answer
    answer, _ = try_plain(world, "bind.example", "star*", "star secret")
    assert answer == "success", "an asterisk in a name is an asterisk: " + answer
    run(bystander(world))


def two_entries(world):
    """Two entries with one name: it is nobody's."""
    for domain in ("bind.example", "scram.example"):
        assert try_plain(world, domain, "twin", "twin secret")[0] == "not-authorized", domain
    assert "audit-directory-name-twice" in world.log()
