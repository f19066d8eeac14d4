"""Stories of what must not be written down: with the most talkative log, no password, SASL payload or words of a user are in
a log record, on the metrics page or in an operator's listing (security O02). Aldis only.
"""
import base64
import json
import secrets
import urllib.request

import servers
from client import PATIENCE, SASL, Closed, Refused, Unexpected
from story import story


class Canaries:
    """Words that stand for secrets; each is made once, by what it stands for."""

    def __init__(self):
        self.words = {}

    def __getitem__(self, name):
        return self.words.setdefault(name, f"canary{secrets.token_hex(12)}")

    def forms(self):
        """(what it stands for, text to look for): as it is, and as base64 at each of the three offsets."""
        for name, word in self.words.items():
            yield name, word
            for offset in range(3):
                encoded = base64.b64encode(b"\0" * offset + word.encode()).decode()
                yield f"{name}, base64", encoded[4 if offset else 0:-4]


def quietly(action):
    """What the server makes of it is another story's matter."""
    try:
        action()
    except (Closed, Refused, Unexpected, OSError):
        pass


def says_it_all(scene, canary):
    """Passes each canary through every door that it may come by."""
    juliet_password, romeo_password = canary["password"], canary["another password"]
    for jid, password in (("juliet@capulet.example", juliet_password), ("romeo@montague.example", romeo_password)):
        if jid not in scene.passwords:
            scene.server.add_user(jid, password)
            scene.passwords[jid] = password
    romeo = scene.login("romeo@montague.example/orchard")

    plain = scene.secured()
    plain.authenticate("juliet", juliet_password, mechanism="PLAIN")
    plain.open_stream()
    plain.bind("plain")
    scene.people.append(plain)
    scene.leave(plain)
    for mechanism in ("PLAIN", "SCRAM-SHA-256"):
        quietly(lambda name=mechanism: scene.secured().authenticate("juliet", canary["wrong password"], mechanism=name))
    for payload in (f"\0juliet\0{canary['truncated PLAIN']}\0\0x", f"n,,n=juliet,r={canary['odd nonce']}\1", canary["no payload"]):
        stranger = scene.secured()
        stranger.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{base64.b64encode(payload.encode()).decode()}</auth>")
        quietly(stranger.next)
        stranger.close()
    stranger = scene.secured()
    stranger.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>*{canary['not base64']}*</auth>")
    quietly(stranger.next)
    stranger = scene.connect()
    stranger.open_stream()
    stranger.send(f"<message to='juliet@capulet.example'><body>{canary['words in the clear']}</body></message>")
    quietly(stranger.next)
    newcomer = scene.secured("montague.example")
    name = f"n{secrets.token_hex(4)}"
    newcomer.iq("set", f"<query xmlns='jabber:iq:register'><username>{name}</username>"
                f"<password>{canary['password of a registration']}</password></query>")
    newcomer.close()

    juliet = scene.login("juliet@capulet.example/balcony")
    for to in ("romeo@montague.example", "romeo@montague.example/orchard", "romeo@montague.example/nowhere",
               "nobody@capulet.example", "capulet.example", "elsewhere.example", "@", "juliet@capulet.example"):
        juliet.send(f"<message to='{to}' type='chat'><subject>{canary['subject']}</subject>"
                    f"<body>{canary['body']}</body></message>")
    juliet.send(f"<presence><status>{canary['status']}</status></presence>")
    for kind, payload in (
            ("set", f"<vCard xmlns='vcard-temp'><FN>{canary['vCard']}</FN></vCard>"), ("get", "<vCard xmlns='vcard-temp'/>"),
            ("set", f"<query xmlns='jabber:iq:private'><s xmlns='urn:s'>{canary['private XML']}</s></query>"),
            ("get", "<query xmlns='jabber:iq:private'><s xmlns='urn:s'/></query>"),
            ("set", f"<query xmlns='jabber:iq:private'>{canary['odd private XML']}</query>"),
            ("set", f"<query xmlns='jabber:iq:roster'><item jid='romeo@montague.example' name='{canary['roster name']}'>"
                    f"<group>{canary['roster group']}</group></item></query>"),
            ("set", f"<odd xmlns='urn:odd'>{canary['unknown request']}</odd>"),
            ("set", f"<query xmlns='jabber:iq:register'><username>juliet</username>"
                    f"<password>{canary['new password']}</password></query>"),
            ("set", f"<query xmlns='jabber:iq:register'><username>romeo</username>"
                    f"<password>{canary['password for another']}</password></query>")):
        juliet.iq(kind, payload, any_answer=True)
    scene.passwords["juliet@capulet.example"] = canary["new password"]
    scene.people.remove(juliet)
    for last in (f"<message to='romeo@montague.example'><body>{canary['unfinished']}</wrong></message>",
                 f"<message from='romeo@montague.example' to='romeo@montague.example'><body>{canary['forged']}</body></message>",
                 f"<!-- {canary['comment']} -->", f"<stream:odd>{canary['odd element']}</stream:odd>"):
        again = scene.login("juliet@capulet.example/last", roster=False)
        scene.people.remove(again)
        again.send(last)
        quietly(lambda client=again: [client.next() for _ in range(20)])
        again.close()
    scene.people.remove(romeo)
    romeo.close()
    kept = scene.login("romeo@montague.example/orchard", roster=False, presence=None)  # takes the offline messages
    kept.send("<presence/>")
    scene.drain(kept)
    scene.people.remove(kept)
    kept.close()
    scene.people.clear()


def no_secret_is_written(scene, log_format):
    (port,) = servers.free_ports(1)
    scene.server.stop()
    scene.server.settings = f"""[log]
level = "debug"
format = "{log_format}"
rate = 1000000
[metrics]
port = {port}
"""
    scene.server.start()
    canary = Canaries()
    says_it_all(scene, canary)
    written = {"the metrics page": urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).read().decode()}
    for words in (("user", "list", "--json"), ("session", "list", "--json"), ("status", "--json")):
        written["aldis " + " ".join(words)] = scene.server.command_line(*words)
    scene.server.stop()
    for path in scene.server.folder.glob("*log"):
        written[path.name] = path.read_text(errors="replace")
    log = written["log"]
    if log_format == "json":
        events = {json.loads(line).get("event") for line in log.splitlines() if line.startswith("{")}
    else:
        events = {word for line in log.splitlines() for word in line.split()[2:3]}
    for event in ("authenticated", "authentication-failed", "session-bound", "stranger-closed"):  # the last one is debug's
        if event not in events:
            raise Unexpected(f"the log has no record {event}: this story would see nothing; it has {sorted(filter(None, events))}")
    if "aldis_stanzas_total" not in written["the metrics page"] or "juliet" not in written["aldis user list --json"]:
        raise Unexpected("no metrics or no listing: this story would see nothing")
    for where, text in written.items():
        for name, form in canary.forms():
            if form in text:
                line = next(each for each in text.splitlines() if form in each)
                raise Unexpected(f"{where} tells {name}:\n{line}")


@story("O02: no secret and nobody's words in the log as text, the metrics or the listings", only="aldis")
def no_secret_in_text(scene):
    no_secret_is_written(scene, "text")


@story("O02: no secret and nobody's words in the log as JSON, the metrics or the listings", only="aldis")
def no_secret_in_json(scene):
    no_secret_is_written(scene, "json")
