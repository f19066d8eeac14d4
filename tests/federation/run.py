#!/usr/bin/python3
"""Servers of two vendors speak with each other on a network of their own (network.py): for each case two people, one on each,
subscribe to each other, see each other come and go, write, and ask each other's software; slixmpp is the client.

    run.py --binary build/release/aldis                  # all cases
    run.py --binary build/release/aldis aldis-prosody    # one
"""
import argparse
import asyncio
import hashlib
import pathlib
import re
import shutil
import socket
import ssl
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "interop"))
import slixmpp  # noqa: E402
import network  # noqa: E402
from network import Aldis, Ejabberd, Network, Prosody  # noqa: E402
import servers  # noqa: E402
from hostile_peer import HostilePeer  # noqa: E402
from slixmpp_client import PATIENCE, Person  # noqa: E402


async def log_in(net, who):
    person = Person({"ca_file": str(net.ca_file), "transport": "starttls", "host": who["host"], "port": who["port"]}, who)
    person.seen["message_error"] = asyncio.Queue()
    person.add_event_handler("message_error", person.seen["message_error"].put_nowait)
    return await person.log_in()


async def talk(net, first, second):
    """Everything two people on two servers do with each other."""
    juliet, romeo = await log_in(net, first), await log_in(net, second)
    romeo.send_presence_subscription(pto=juliet.boundjid.bare)  # slixmpp says yes, and asks back, by itself
    await romeo.happens("presence_subscribed")
    await juliet.happens("presence_subscribed")
    await juliet.happens("presence_available", lambda presence: presence["from"].bare == romeo.boundjid.bare)
    await romeo.happens("presence_available", lambda presence: presence["from"].bare == juliet.boundjid.bare)

    juliet.send_presence(pshow="away", pstatus="At the window")
    await romeo.happens("changed_status", lambda presence: presence["from"] == juliet.boundjid and presence["show"] == "away")

    for i in range(20):
        romeo.send_message(mto=juliet.boundjid.bare, mbody=f"But soft! <what> light? \u00e9 {i}", mtype="chat")
    for i in range(20):
        message = await juliet.happens("message")
        assert (message["body"], message["from"]) == (f"But soft! <what> light? \u00e9 {i}", romeo.boundjid), message
    message.reply("Ay me!").send()
    message = await romeo.happens("message")
    assert (message["body"], message["from"]) == ("Ay me!", juliet.boundjid), message

    for asker, domain in ((romeo, first["jid"].split("@")[1]), (juliet, second["jid"].split("@")[1])):
        assert (await asker["xep_0030"].get_info(jid=domain, timeout=PATIENCE))["disco_info"]["features"], "no features"
    try:
        await romeo["xep_0030"].get_info(jid=juliet.boundjid.bare.replace("juliet", "nobody"), timeout=PATIENCE)
        raise AssertionError("nobody answered")
    except Exception as error:
        assert getattr(error, "condition", "") in ("service-unavailable", "subscription-required"), error

    await juliet.log_out()
    await romeo.happens("presence_unavailable", lambda presence: presence["from"].bare == juliet.boundjid.bare)
    romeo.send_message(mto=first["jid"], mbody="While you were out", mtype="chat")
    await asyncio.sleep(0.5)
    again = await log_in(net, first)
    message = await again.happens("message")
    assert message["body"] == "While you were out", message
    await again.log_out()
    await romeo.log_out()


def two(kind, domain, authentication, proof):
    """A case: an Aldis beside a server of that kind."""
    def case(net):
        north = net.make(Aldis, "north.example", authentication)
        other = net.make(kind, domain, authentication)
        juliet, romeo = north.person("juliet"), other.person("romeo")
        net.start(north)
        net.start(other)
        run(talk(net, juliet, romeo))
        code, said = north.operator("peer", "list", "--json")
        assert code == 0 and domain in said and f'"{proof}"' in said, said
        code, said = north.operator("peer", "explain", domain)
        assert code == 0 and "has convinced" in said, said
        assert "it may send to us" in said and f"by {proof}" in said and "5269 (STARTTLS)" in said, said   # and the other way
    return case


async def write(net, who, to, bodies, kind="chat"):
    writer = await log_in(net, who)
    for body in bodies:
        writer.send_message(mto=to, mbody=body, mtype=kind)
    await asyncio.sleep(0.3)
    return writer


async def reads(net, who, bodies):
    reader = await log_in(net, who)
    for body in bodies:
        message = await reader.happens("message")
        assert message["body"] == body, (message["body"], body)
    return reader


def away(net):
    """The other server is away: messages wait on disk, also when ours is killed meanwhile, and arrive in order; a question is
    answered at once; what waits too long comes back."""
    north = net.make(Aldis, "north.example", "external", settings='queue_time = "8s"\n')
    south = net.make(Aldis, "south.example", "external")
    juliet, romeo = north.person("juliet"), south.person("romeo")
    net.start(north)
    first = [f"one {i}" for i in range(30)]
    second = [f"two {i}" for i in range(30)]

    async def before():
        writer = await write(net, juliet, romeo["jid"], first)
        await writer.log_out()
    run(before())
    north.kill()  # nobody was told anything: what was accepted is on disk
    net.start(north)

    async def again():
        writer = await write(net, juliet, romeo["jid"], second)
        try:
            await writer["xep_0030"].get_info(jid="south.example", timeout=PATIENCE)
            raise AssertionError("who is away answered")
        except Exception as error:
            assert getattr(error, "condition", "") == "remote-server-timeout", error
        net.start(south)
        reader = await reads(net, romeo, first + second)
        await reader.log_out()
        await writer.log_out()
    run(again())
    south.stop()
    assert '"waiting": 0' in north.operator("peer", "list", "--json")[1]

    async def late():
        writer = await write(net, juliet, romeo["jid"], ["too late"])
        message = await writer.happens("message_error")
        assert message["error"]["condition"] == "remote-server-timeout", message
        await writer.log_out()
    run(late())


def killed(net):
    """The other server is killed again and again while messages go there (XEP-0198): none is lost."""
    north = net.make(Aldis, "north.example", "external")
    south = net.make(Aldis, "south.example", "external")
    juliet, romeo = north.person("juliet"), south.person("romeo")
    net.start(north)
    net.start(south)
    count = 600

    async def story():
        writer = await log_in(net, juliet)
        for i in range(count):
            writer.send_message(mto=romeo["jid"], mbody=f"{i}", mtype="chat")
            if i % 10 == 0:
                await asyncio.sleep(0.02)
            if i % 200 == 100:
                south.kill()
                net.start(south)
        reader = await log_in(net, romeo)
        seen = set()
        while len(seen) < count:
            seen.add((await reader.happens("message"))["body"])
        assert seen == {str(i) for i in range(count)}
        await reader.log_out()
        await writer.log_out()
    run(story())


def rules(net):
    """Strict by default: nobody is spoken to who is not named, and nobody learns of the rule but the log; a changed rule cuts the link."""
    north = net.make(Aldis, "north.example", "external", peers='[[peer]]\ndomain = "south.example"\nname = "the south"\n')
    south = net.make(Aldis, "south.example", "external")
    juliet, romeo = north.person("juliet"), south.person("romeo")
    stranger = net.make(Prosody, "prosody.example", "external")
    paris = stranger.person("paris")
    for server in (north, south, stranger):
        net.start(server)

    async def refused(who, to):
        writer = await write(net, who, to, ["hello"])
        message = await writer.happens("message_error")
        await writer.log_out()
        return message["error"]["condition"]

    async def story():
        assert await refused(juliet, "paris@prosody.example") == "remote-server-not-found"
        assert await refused(paris, juliet["jid"]) in ("remote-server-not-found", "remote-server-timeout"), "paris was let in"
        writer = await write(net, juliet, romeo["jid"], ["hello"])
        await writer.log_out()
        reader = await reads(net, romeo, ["hello"])
        await reader.log_out()
    run(story())
    assert 'audit-peer-refused' in north.log() and 'reason=peer-rejected' in north.log(), north.log()
    north.peers = '[[peer]]\ndomain = "south.example"\nname = "the south"\naction = "reject"\n'
    north.configure()
    code, said = north.operator("reload")
    assert code == 0, said
    assert "audit-peer-rule-changed peer=south.example" in north.log(), north.log()
    assert run(refused(juliet, romeo["jid"])) == "remote-server-not-found"


def revoked(net):
    """security.md C05: a server whose certificate is revoked while it is connected: its streams end, both ways, and are not opened again;
    what was for it waits and comes back; the list is imported by hand, and found again after a restart."""
    settings = 'queue_time = "4s"\ncertificate_check = "1s"\n'
    north = net.make(Aldis, "north.example", "external", settings=settings)
    south = net.make(Aldis, "south.example", "external")
    juliet, romeo = north.person("juliet"), south.person("romeo")
    net.start(north)
    net.start(south)

    async def before():
        nurse = await log_in(net, juliet)
        other = await log_in(net, romeo)
        for i in range(3):
            other.send_message(mto=juliet["jid"], mbody=f"in {i}", mtype="chat")
            assert (await nurse.happens("message"))["body"] == f"in {i}"
            nurse.send_message(mto=romeo["jid"], mbody=f"out {i}", mtype="chat")
            assert (await other.happens("message"))["body"] == f"out {i}"
        revoked_list = servers.revoke(net.folder, "south.example")
        code, said = north.operator("cert", "import-crl", str(revoked_list))
        assert code == 0 and "1 of 1 CRLs" in said, said
        await until(lambda: "audit-peer-certificate" in north.log() and '"open"' not in north.operator("peer", "list", "--json")[1])
        nurse.send_message(mto=romeo["jid"], mbody="secret", mtype="chat")
        message = await nurse.happens("message_error")
        assert message["error"]["condition"] == "remote-server-timeout", message
        other.send_message(mto=juliet["jid"], mbody="let me in", mtype="chat")
        await asyncio.sleep(1)
        assert other.seen["message"].empty() and nurse.seen["message"].empty()
        await nurse.log_out()
        await other.log_out()
    run(before())
    log = (north.folder / "output.log").read_text()
    assert "revoked" in log and "audit-peer-untrusted" in log and "audit-peer-refused" in log, north.log()
    north.stop()
    code, said = north.operator("cert", "revocation", "--json")
    assert code == 0 and '"1 revoked"' in said, said
    code, said = north.operator("check", "--tls", "--json")
    assert code == 0 and '"calls"' in said and '"not-encrypting": []' in said, said


async def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.2)


def hostile(net):
    """security.md C02, D01, D03, D04, T01: each ends its own stream, and nobody here hears of it."""
    north = net.make(Aldis, "north.example", "external")
    juliet = north.person("juliet")
    servers.make_certificate(net.folder, "evil.example", ["evil.example"], usage="serverAuth,clientAuth")
    servers.make_certificate(net.folder, "people", ["people.example"], usage="emailProtection")
    net.start(north)
    address = (north.ip, 5269)

    def peer(domain="evil.example", certificate="evil.example"):
        return HostilePeer(net, address, domain, "north.example", certificate)

    async def story():
        bystander = await log_in(net, juliet)

        def message(sender):
            return f"<message from='{sender}' to='{juliet['jid']}' type='chat'><body>forged</body></message>"
        for sender in ("romeo@south.example", juliet["jid"], "nurse@north.example/x", "evil.example.south.example", ""):
            evil = peer()
            evil.start_tls()
            evil.external().send(message(sender))
            said = evil.is_closed()
            assert "invalid-from" in said or "improper-addressing" in said, (sender, said)
        evil = peer()
        evil.start_tls()
        evil.external().send("<message from='a@evil.example' to='b@south.example'><body>relayed</body></message>")
        assert "host-unknown" in evil.is_closed()
        # The certificate of somebody else, none, one for people.
        for domain, certificate in (("south.example", "evil.example"), ("evil.example", None), ("people.example", "people")):
            other = peer(domain, certificate)
            other.start_tls()
            said = other.is_closed()
            assert "EXTERNAL" not in said and "stream:error" in said, (domain, said)
        # Dialback that nobody allowed, and answers that nobody asked for.
        evil = peer()
        evil.start_tls()
        evil.send("<db:result from='south.example' to='north.example' type='valid'/>"
                  "<db:verify from='south.example' to='north.example' id='x' type='valid'/>" + message("romeo@south.example"))
        assert "stream:error" in evil.is_closed()
        evil = peer()
        evil.start_tls()
        evil.send("<db:result from='evil.example' to='north.example'>key</db:result>" + message("romeo@evil.example"))
        assert "stream:error" in evil.is_closed()
        # What stood behind <starttls/> in the clear has no effect inside.
        evil = peer()
        evil.start_tls(behind="<db:result from='evil.example' to='north.example' type='valid'/>" + message("romeo@south.example"))
        assert "EXTERNAL" in evil.features()
        evil.close()
        # A stanza without end.
        evil = peer()
        evil.start_tls()
        evil.external().send("<message from='a@evil.example' to='" + juliet["jid"] + "'><body>")
        is_ended = False
        try:
            for _ in range(200):
                evil.send("x" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            is_ended = True
        assert is_ended or "policy-violation" in evil.is_closed()
        # An honest stanza on an honest stream arrives, and it is the only one.
        evil = peer()
        evil.start_tls()
        evil.external().send(f"<message from='a@evil.example/x' to='{juliet['jid']}' type='chat'><body>honest</body></message>")
        assert (await bystander.happens("message"))["body"] == "honest"
        assert bystander.seen["message"].empty()
        await bystander.log_out()
    run(story())
    assert north.log().count("audit-") > 5, north.log()


def readable(net):
    """security.md T08: TLS that does not encrypt, for those whose rule allows it, from where it allows it, and for nobody else."""
    suite = "ECDHE-ECDSA-NULL-SHA"
    rule = '[[peer]]\ndomain = "default"\n'
    north = net.make(Aldis, "north.example", "external", peers=rule)
    juliet = north.person("juliet")
    for domain in ("open.example", "closed.example"):
        servers.make_certificate(net.folder, domain, [domain], usage="serverAuth,clientAuth")
    net.start(north)

    def peer(domain):
        return HostilePeer(net, (north.ip, 5269), domain, "north.example", domain)
    try:
        peer("open.example").start_tls(ciphers=suite)
        raise AssertionError("a suite without encryption was accepted though no rule allows it")
    except ssl.SSLError:
        pass
    north.peers = rule + '[[peer]]\ndomain = "open.example"\nallow_integrity_only = true\nintegrity_only_networks = ["127.0.0.0/8"]\n'
    north.configure()
    code, said = north.operator("reload")
    assert code == 0, said

    async def story():
        reader = await log_in(net, juliet)
        weak = peer("closed.example")   # another's rule allows it, not its own
        weak.start_tls(ciphers=suite)
        assert "stream:error" in weak.is_closed()
        weak = peer("open.example")
        weak.start_tls(ciphers=suite)
        assert weak.socket.cipher()[0] == suite, weak.socket.cipher()
        weak.external().send(f"<message from='a@open.example' to='{juliet['jid']}' type='chat'><body>readable</body></message>")
        assert (await reader.happens("message"))["body"] == "readable"
        weak.close()
        strong = peer("open.example")   # it is the last choice
        strong.start_tls(ciphers=suite + ":ECDHE-ECDSA-AES128-GCM-SHA256")
        assert "NULL" not in strong.socket.cipher()[0], strong.socket.cipher()
        strong.close()
        await reader.log_out()
    run(story())
    assert "audit-peer-not-confidential" in north.log(), north.log()


class Echo(slixmpp.ComponentXMPP):
    """A component (XEP-0114) that says what it hears."""

    def __init__(self, domain, secret):
        super().__init__(domain, secret)
        self.register_plugin("xep_0030")
        self["xep_0030"].add_identity(category="automation", itype="generic", name="An echo")
        self.started, self.ended = asyncio.Event(), asyncio.Event()
        self.add_event_handler("session_start", lambda _: self.started.set())
        self.add_event_handler("disconnected", lambda _: self.ended.set())
        self.add_event_handler("message", self.answer)

    def answer(self, message):
        if message["type"] != "error":
            message.reply("echo: " + message["body"]).send()

    async def comes(self, address):
        self.connect(*address)
        await asyncio.wait_for(self.started.wait(), PATIENCE)
        return self


def knocks(address, domain, secret):
    """What a component hears that connects by hand, up to the end of its stream or the server's <handshake/>."""
    with socket.create_connection(address, timeout=10) as line:
        line.sendall(f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>".encode())
        heard = ""
        while "</stream:stream>" not in heard and "<handshake/>" not in heard:
            heard += line.recv(65536).decode()
            stream_id = re.search(r" id='(\w+)'>", heard)
            if stream_id and secret:
                digest = hashlib.sha1((stream_id[1] + secret).encode()).hexdigest()
                line.sendall(f"<handshake>{digest}</handshake>".encode())
                secret = ""
        return heard


def component(net):
    """security.md D08: a component of slixmpp's at one of two servers meets people of both; what others try in its name."""
    secret, domain = "a secret that only two know", "echo.north.example"
    door = ("127.0.0.2", 5347)
    servers.make_certificate(net.folder, domain, [domain], usage="serverAuth,clientAuth")
    north = net.make(Aldis, "north.example", "external", peers=f"""[[peer]]
domain = "default"

[[listener]]
address = "{door[0]}"
port = {door[1]}
serves = "components"
tls = "none"

[[component]]
domain = "{domain}"
name = "Echo"
secret_file = "echo.secret"
certificates = ["{net.folder}/{domain}.pem"]
keys = ["{net.folder}/{domain}.key"]
""")
    (north.folder / "echo.secret").write_text(secret + "\n")
    (north.folder / "echo.secret").chmod(0o600)
    south = net.make(Aldis, "south.example", "external")
    juliet, romeo = north.person("juliet"), south.person("romeo")
    servers.make_certificate(net.folder, "evil.example", ["evil.example"], usage="serverAuth,clientAuth")
    net.start(north)
    net.start(south)

    async def story():
        here, there = await log_in(net, juliet), await log_in(net, romeo)
        echo = await Echo(domain, secret).comes(door)
        for person in (here, there):
            person.send_message(mto=f"narcissus@{domain}", mbody="Is <anyone> here?", mtype="chat")
            message = await person.happens("message")
            assert (message["body"], message["from"]) == ("echo: Is <anyone> here?", f"narcissus@{domain}"), message
            info = await person["xep_0030"].get_info(jid=domain, timeout=PATIENCE)
            assert ("automation", "generic", None, "An echo") in info["disco_info"]["identities"], info
        items = await here["xep_0030"].get_items(jid="north.example", timeout=PATIENCE)
        assert (domain, None, "Echo") in items["disco_items"]["items"], items
        listed = north.operator("component", "list", "--json")[1]
        assert f'"{domain}"' in listed and '"connected": true' in listed, listed

        assert "not-authorized" in knocks(door, domain, secret + "!")
        assert "host-unknown" in knocks(door, "north.example", secret)
        assert "conflict" in knocks(door, domain, secret)
        for certificate, name in (("evil.example", "evil.example"), (domain, domain)):
            evil = HostilePeer(net, (north.ip, 5269), name, "north.example", certificate)
            if name == domain:
                evil.send(f"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' from='{domain}' to='north.example'>")
            else:
                evil.start_tls()
                evil.external().send(f"<message from='narcissus@{domain}' to='{juliet['jid']}' type='chat'><body>forged</body></message>")
            said = evil.is_closed()
            assert "invalid-from" in said, (name, said)

        echo.send_message(mto=juliet["jid"], mfrom=romeo["jid"], mbody="forged", mtype="chat")
        await asyncio.wait_for(echo.ended.wait(), PATIENCE)
        here.send_message(mto=f"narcissus@{domain}", mbody="Gone?", mtype="chat")
        message = await here.happens("message_error")
        assert (message["error"]["type"], message["error"]["condition"]) == ("wait", "remote-server-timeout"), message
        assert here.seen["message"].empty() and there.seen["message"].empty()
        echo.abort()
        await here.log_out()
        await there.log_out()
    run(story())
    log = north.log()
    assert "audit-component-refused" in log and "reason=conflict" in log and "reason=invalid-from" in log, log
    assert secret not in log


def run(coroutine):
    return asyncio.get_event_loop().run_until_complete(asyncio.wait_for(coroutine, 90))


CASES = {
    "aldis": two(Aldis, "south.example", "external", "EXTERNAL"),
    "aldis-dialback": two(Aldis, "south.example", "dialback", "dialback"),
    "away": away,
    "killed": killed,
    "rules": rules,
    "revoked": revoked,
    "hostile": hostile,
    "readable": readable,
    "component": component,
    "prosody": two(Prosody, "prosody.example", "external", "EXTERNAL"),
    "prosody-dialback": two(Prosody, "prosody.example", "dialback", "dialback"),
    "ejabberd": two(Ejabberd, "ejabberd.example", "external", "EXTERNAL"),
    "ejabberd-dialback": two(Ejabberd, "ejabberd.example", "dialback", "dialback"),
}


def main():
    parser = argparse.ArgumentParser(description="servers speak with each other on a network of their own")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the aldis program")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a failed case, with configuration and logs")
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="only these")
    arguments = parser.parse_args()
    home = pathlib.Path(tempfile.mkdtemp(prefix="federation-"))
    failed = 0
    try:
        try:
            network.enter(home)
        except network.NoNamespaces as why:
            print(f"skipped: this machine does not give us a network of our own ({why})")
            return 77
        for name in arguments.cases or CASES:
            folder = home / name
            folder.mkdir()
            net = Network(folder, arguments.binary)
            started = time.monotonic()
            problem = ""
            try:
                net.start(network.Dns(net, network.ZONE))
                CASES[name](net)
            except BaseException as error:  # noqa: BLE001 - also SystemExit of a client that waited in vain
                if isinstance(error, KeyboardInterrupt):
                    raise
                problem = traceback.format_exc() + net.logs()
            try:
                net.close()
            except AssertionError as error:
                problem += str(error)
            print(f"{'FAILED' if problem else 'ok    '} {name} ({time.monotonic() - started:.1f} s)", flush=True)
            if problem:
                failed += 1
                print(problem, flush=True)
    finally:
        if not (failed and arguments.keep):
            shutil.rmtree(home, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
