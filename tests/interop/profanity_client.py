"""profanity, a client for terminals, meets the server (see run.py for what happens): typed into a tmux of its own, and read
from its screen. Juliet uses profanity, Romeo our own client. Registration is left out: profanity registers only with a
server that bears the domain's name in the DNS.
"""
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time
from xml.etree import ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "stories"))
from client import Client  # noqa: E402  (the stories' own module)

PATIENCE = 20


NUMBERS = itertools.count()


class Terminal:
    """One profanity in one tmux server."""

    def __init__(self, scenario, password):
        self.folder = pathlib.Path(scenario["folder"]) / "profanity"
        # A server of its own each time: a new session must not meet the one that is still ending.
        self.socket = self.folder / f"tmux{next(NUMBERS)}"
        authorities = self.folder / "authorities"
        for name in ("config/profanity", "data/profanity", "authorities"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (authorities / "ca.pem").write_bytes(pathlib.Path(scenario["ca_file"]).read_bytes())
        subprocess.run(["openssl", "rehash", authorities], check=True, capture_output=True)
        policy = "legacy" if scenario["transport"] == "direct" else "force"  # "legacy": its word for TLS from the first byte
        self._write_private("data/profanity/accounts", f"""[{scenario['juliet']['jid']}]
enabled=true
jid={scenario['juliet']['jid']}
password={password}
server={scenario['host']}
port={scenario['port']}
tls.policy={policy}
resource=desk
""")
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config"),
                       "XDG_DATA_HOME": str(self.folder / "data"), "HOME": str(self.folder), "TERM": "xterm-256color",
                       "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        command = f"profanity -l DEBUG -f {self.folder / 'log'}"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "180", "-y", "60", command, env=environment)
        self.shows("Type '/help'")
        self.types(f"/tls certpath set {authorities}")
        self.shows("Certificate path set")
        self.types(f"/connect {scenario['juliet']['jid']}")

    def _write_private(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)

    def _tmux(self, *arguments, env=None):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *arguments], capture_output=True, text=True, env=env)
        return done.stdout

    def types(self, line):
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def screen(self):
        return self._tmux("capture-pane", "-p")

    def shows(self, *texts):
        """Waits until the screen shows one of the texts; gives back which."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            screen = self.screen()
            for text in texts:
                if text in screen:
                    return text
            time.sleep(0.1)
        raise SystemExit(f"the screen never showed {texts}:\n{self.screen()}\n-- its log:\n{self.log()}")

    def log(self):
        return "".join(path.read_text(errors="replace")[-4000:] for path in self.folder.glob("log*"))

    def end(self):
        self._tmux("kill-server")


def until(client, what, fits):
    """Reads the client's stanzas until one fits; others, which profanity sends on its own account, are answered if asked."""
    deadline = time.monotonic() + PATIENCE
    others = []
    while time.monotonic() < deadline:
        try:
            stanza = client.next()
        except AssertionError as nothing:
            raise SystemExit(f"Romeo waited in vain for {what}; meanwhile: {others or nothing}")
        if fits(stanza):
            return stanza
        others.append(ElementTree.tostring(stanza, encoding="unicode"))
        if stanza.tag == "{jabber:client}iq" and stanza.get("type") in ("get", "set") and stanza.get("from"):
            client.send(f"<iq type='error' id='{stanza.get('id')}' to='{stanza.get('from')}'><error type='cancel'>"
                        "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
    raise SystemExit(f"Romeo waited in vain for {what}")


def presence(kind, condition=lambda stanza: True):
    return lambda stanza: (stanza.tag == "{jabber:client}presence" and stanza.get("type") == kind
                           and stanza.get("from").startswith("juliet@capulet.example") and condition(stanza))


def is_mutual(stanza):
    return any(item.get("jid") == "juliet@capulet.example" and item.get("subscription") == "both"
               for item in stanza.iter("{jabber:iq:roster}item"))


def romeo_logs_in(scenario):
    user, domain = scenario["romeo"]["jid"].split("@")
    romeo = Client((scenario["host"], scenario["port"]), domain, scenario["ca_file"])
    if scenario["transport"] == "direct":
        romeo.start_tls_now()
    else:
        romeo.open_stream()
        romeo.starttls()
    romeo.open_stream()
    romeo.authenticate(user, scenario["romeo"]["password"])
    romeo.open_stream()
    romeo.bind("orchard")
    romeo.iq("get", "<query xmlns='jabber:iq:roster'/>")
    romeo.send("<presence/>")
    return romeo


def hold_a_room(juliet, romeo, service):
    """XEP-0045, by what a person types: making a room, talking in it, its subject, members, roles, kicking, leaving."""
    room = f"balcony@{service}"

    def in_room(kind, nickname, condition=lambda stanza: True):
        return lambda stanza: (stanza.tag == "{jabber:client}" + kind and stanza.get("from") == f"{room}/{nickname}" and condition(stanza))

    def has(stanza, **item):
        return any(all(each.get(key) == value for key, value in item.items())
                   for each in stanza.iter("{http://jabber.org/protocol/muc#user}item"))

    def has_status(code):
        return lambda stanza: any(each.get("code") == code for each in stanza.iter("{http://jabber.org/protocol/muc#user}status"))

    def says(words):
        return lambda stanza: stanza.findtext("{jabber:client}body") == words

    juliet.types(f"/join {room} nick Juliet")
    juliet.shows("requires configuration", "locked")
    juliet.types("/room accept")
    juliet.shows("Room unlocked")
    # profanity says so when it has asked, not when it was answered: until then the room is locked (section 10.1.1).
    hers = in_room("presence", "Juliet", lambda stanza: has(stanza, affiliation="owner", role="moderator"))
    is_locked = in_room("presence", "Romeo", lambda stanza: stanza.get("type") == "error" and stanza.find(".//{*}item-not-found") is not None)
    deadline = time.monotonic() + PATIENCE
    came = None
    while came is None or is_locked(came):
        assert time.monotonic() < deadline, "the room is never unlocked"
        romeo.send(f"<presence to='{room}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        came = until(romeo, "her presence", lambda stanza: hers(stanza) or is_locked(stanza))
    until(romeo, "his own", in_room("presence", "Romeo", has_status("110")))
    juliet.shows("Romeo")  # among the participants
    romeo.send(f"<message type='groupchat' to='{room}'><body>Shall I hear more? &lt;é&gt;</body></message>")
    juliet.shows("Shall I hear more? <é>")
    juliet.types("What's in a name? <é>")
    until(romeo, "her words", in_room("message", "Juliet", says("What's in a name? <é>")))
    juliet.types('/subject set "Names"')
    until(romeo, "the subject", lambda stanza: stanza.findtext("{jabber:client}subject") == "Names")
    juliet.types("/affiliation set member romeo@montague.example")
    until(romeo, "his membership", in_room("presence", "Romeo", lambda stanza: has(stanza, affiliation="member")))
    juliet.types("/affiliation list member")
    juliet.shows("romeo@montague.example")
    juliet.types("/role set moderator Romeo")
    until(romeo, "his new role", in_room("presence", "Romeo", lambda stanza: has(stanza, role="moderator")))
    juliet.types('/kick Romeo "Good night"')
    until(romeo, "his going", in_room("presence", "Romeo", has_status("307")))
    juliet.shows("has been kicked")
    romeo.send(f"<presence to='{room}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    until(romeo, "his own presence", in_room("presence", "Romeo", has_status("110")))
    juliet.types("/ban romeo@montague.example Enough")
    until(romeo, "his ban", in_room("presence", "Romeo", has_status("301")))
    juliet.types("/leave")
    juliet.types("/win 1")


def meet(scenario):
    romeo_jid, juliet_jid = scenario["romeo"]["jid"], scenario["juliet"]["jid"]
    romeo = romeo_logs_in(scenario)
    juliet = Terminal(scenario, scenario["juliet"]["password"])
    try:
        juliet.shows("logged in successfully")
        juliet.types(f"/sub request {romeo_jid}")
        until(romeo, "a request", presence("subscribe"))
        romeo.send(f"<presence type='subscribed' to='{juliet_jid}'/><presence type='subscribe' to='{juliet_jid}'/>")
        juliet.shows(f"Received authorization request from {romeo_jid}", f"{romeo_jid} would like to")
        juliet.types(f"/sub allow {romeo_jid}")
        # Her agreement, her presence, and the roster's push, in whatever order.
        wanted = [presence("subscribed"), presence(None), is_mutual]
        while wanted:
            stanza = until(romeo, "a mutual subscription", lambda stanza: any(fits(stanza) for fits in wanted))
            wanted = [fits for fits in wanted if not fits(stanza)]

        juliet.types('/status set away "At the window"')
        until(romeo, "her status", presence(None, lambda stanza: stanza.findtext("{jabber:client}show") == "away"
                                            and stanza.findtext("{jabber:client}status") == "At the window"))
        romeo.send("<presence><show>dnd</show><status>Climbing</status></presence>")
        juliet.types(f"/msg {romeo_jid} But soft! <what> light? é")
        line = until(romeo, "her words", lambda stanza: stanza.find("{jabber:client}body") is not None)
        assert line.findtext("{jabber:client}body") == "But soft! <what> light? é", line
        assert line.get("from") == f"{juliet_jid}/desk", line
        romeo.send(f"<message to='{juliet_jid}/desk' type='chat'><body>Ay me! &lt;é&gt;</body></message>")
        juliet.shows("Ay me! <é>")
        juliet.types("/info")
        juliet.shows("Climbing")

        hold_a_room(juliet, romeo, scenario["rooms"])
        juliet.types("/changepassword")
        juliet.shows("Enter password:")
        juliet.types("a-new-and-longer-password")
        juliet.shows("Confirm password:")
        juliet.types("a-new-and-longer-password")
        juliet.types("/win 1")
        juliet.shows("Password successfully changed")
        juliet.types("/quit")
        until(romeo, "her leaving", presence("unavailable"))
    finally:
        juliet.end()
    for password, expected in ((scenario["juliet"]["password"], "Login failed"),
                               ("a-new-and-longer-password", "logged in successfully")):
        juliet = Terminal(scenario, password)
        try:
            juliet.shows(expected)
        finally:
            juliet.end()
    romeo.logout()


if __name__ == "__main__":
    meet(json.load(sys.stdin))
