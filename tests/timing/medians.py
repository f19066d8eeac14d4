#!/usr/bin/python3
"""Whether the time of an answer tells who exists, or how much of a secret was right, measured on the real program over loopback.

    medians.py --binary build/release/aldis [--trials 2000] [--only S06]

For each question two cases are asked in turn, in random order within a pair: an account that exists and a name that does not
(docs/security-tests.md S05, L01), or two wrong proofs (S06). Printed are the medians, their ratio, and Welch's t of the middle
of both (what is slower than nine tenths of all is the machine's noise). Exit code 1 when a median differs by 5 % or more and
by more than --noise microseconds, or |t| of the proofs is 4.5 or more. The machine must be quiet; it is not part of `make test`.
"""
import argparse
import base64
import hashlib
import hmac
import math
import pathlib
import random
import secrets
import shutil
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "stories"))
import servers  # noqa: E402  (the stories' own modules)
from client import SASL, Closed, Client  # noqa: E402

SETTINGS = """[metrics]
enabled = false
[log]
level = "error"
[auth]
failures_per_pair = 0
failures_per_source = 0
failures_per_account = 0
[lobby]
connections_per_second = 1000000
connections_burst = 1000000
[limits]
rate = "0B"
account_rate = "0B"
"""


class OneShard(servers.Aldis):
    """Which shard a name lives on a keyed hash decides, alike for those who exist and those who do not; a name on another shard than
    the asker's answers 9 microseconds later. With two shards and one name of each kind that is all one would see."""

    def configure(self):
        super().configure()
        text = self.config.read_text()
        assert "shards = 2" in text
        self.config.write_text(text.replace("shards = 2", "shards = 1"))


class Prober:
    def __init__(self, server):
        self.server = server

    def secured(self):
        client = Client((self.server.host, self.server.tls_port), "capulet.example", self.server.ca_file)
        client.start_tls_now()
        client.open_stream()
        return client

    def login(self, user, password, resource):
        client = self.secured()
        client.authenticate(user, password)
        client.open_stream()
        client.bind(resource)
        return client


def timed(client, request):
    """Seconds until the next element after `request`, and the element."""
    client.received = b""  # else the client itself would become slower with every answer
    began = time.perf_counter()
    client.send(request)
    element = client.next()
    return time.perf_counter() - began, element


def in_turn(trials, cases):
    """Asks both cases `trials` times, each pair in random order; the times by case."""
    times = {name: [] for name in cases}
    for _ in range(trials):
        for name in random.sample(list(cases), 2):
            times[name].append(cases[name]())
    return times


class Tries:
    """SASL tries on a connection that is made anew after each second one, as a stream allows three."""

    def __init__(self, prober):
        self.prober, self.client, self.left = prober, None, 0

    def __enter__(self):
        if self.left == 0:
            if self.client is not None:
                self.client.close()
            self.client, self.left = self.prober.secured(), 2
        self.left -= 1
        return self.client

    def __exit__(self, *_):
        pass


def auth(mechanism, payload):
    return f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{base64.b64encode(payload).decode()}</auth>"


def plain(tries, user):
    with tries as client:
        return timed(client, auth("PLAIN", f"\0{user}\0wrong password".encode()))[0]


def scram_first(tries, user):
    with tries as client:
        seconds, _ = timed(client, auth("SCRAM-SHA-256", f"n,,n={user},r={secrets.token_urlsafe(18)}".encode()))
        client.send(f"<abort xmlns='{SASL}'/>")
        client.next()
        return seconds


def scram_last(tries, user, make_proof=None):
    """The time of the answer to a wrong proof."""
    with tries as client:
        nonce = secrets.token_urlsafe(18)
        first = f"n={user},r={nonce}"
        _, challenge = timed(client, auth("SCRAM-SHA-256", f"n,,{first}".encode()))
        server_first = base64.b64decode(challenge.text).decode()
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        final = f"c=biws,r={fields['r']}"
        proof = make_proof(fields, f"{first},{server_first},{final}") if make_proof else secrets.token_bytes(32)
        message = base64.b64encode(f"{final},p={base64.b64encode(proof).decode()}".encode()).decode()
        return timed(client, f"<response xmlns='{SASL}'>{message}</response>")[0]


def wrong_proof(password, right_bytes):
    """A maker of proofs whose first `right_bytes` are right and the rest is not."""
    keys = {}

    def make(fields, auth_message):
        key = fields["s"], fields["i"]
        if key not in keys:
            salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
            keys[key] = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(keys[key]).digest(), auth_message.encode(), "sha256")
        right = bytes(a ^ b for a, b in zip(keys[key], signature))
        return right[:right_bytes] + bytes(byte ^ 0x55 for byte in right[right_bytes:])
    return make


def stanza(client, text):
    """For what has no answer the ping behind it is waited for."""
    return timed(client, text)[0]


def questions(stranger):
    def iq(payload):
        return lambda to: lambda: stanza(stranger, f"<iq type='get' id='q' to='{to}'>{payload}</iq>")

    def behind(text):
        ping = "<iq type='get' id='p' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>"
        return lambda to: lambda: stanza(stranger, text.replace("TO", to) + ping)
    return {
        "disco": iq("<query xmlns='http://jabber.org/protocol/disco#info'/>"), "ping": iq("<ping xmlns='urn:xmpp:ping'/>"),
        "vCard": iq("<vCard xmlns='vcard-temp'/>"), "last": iq("<query xmlns='jabber:iq:last'/>"),
        "probe": behind("<presence type='probe' to='TO'/>"),
    }


def welch(one, other):
    """Welch's t of the lower nine tenths of both."""
    one, other = (sorted(each)[:len(each) * 9 // 10] for each in (one, other))
    variance = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(variance) if variance else 0.0


def report(name, times, noise, by_t=False):
    (first, one), (second, other) = times.items()
    medians = statistics.median(one) * 1e6, statistics.median(other) * 1e6
    ratio, t = medians[0] / medians[1], welch(one, other)
    is_told = abs(t) >= 4.5 if by_t else abs(ratio - 1) >= 0.05 and abs(medians[0] - medians[1]) > noise
    print(f"{'TELLS' if is_told else 'ok   '} {name}: {first} {medians[0]:.1f} µs, {second} {medians[1]:.1f} µs, "
          f"ratio {ratio:.3f}, t {t:.1f} ({len(one)} trials each)", flush=True)
    return is_told


def main():
    parser = argparse.ArgumentParser(description="measure what times tell")
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the aldis program")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--noise", type=float, default=5, help="microseconds that a difference must exceed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="questions whose name begins so")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="timing-"))
    server = OneShard(folder, arguments.binary)
    server.settings = SETTINGS
    told = 0
    try:
        server.start()
        password = secrets.token_urlsafe(12)
        for user in ("juliet", "mallory", "paris"):
            server.add_user(f"{user}@capulet.example", password)
        prober, trials = Prober(server), arguments.trials
        tries = Tries(prober)
        for name, ask in (("PLAIN", plain), ("SCRAM, first message", scram_first), ("SCRAM, wrong proof", scram_last)):
            if not f"S05 {name}".startswith(arguments.only):
                continue
            for user in ("juliet", "nobody"):
                ask(tries, user)  # the first of all pays for what is made once
            told += report(f"S05 {name}", in_turn(trials, {
                "known": lambda f=ask: f(tries, "juliet"), "unknown": lambda f=ask: f(tries, "nobody")}), arguments.noise)
        if "S06 proof".startswith(arguments.only):
            right, wrong = wrong_proof(password, 1), wrong_proof(password, 0)
            told += report("S06 proof", in_turn(trials, {
                "first byte right": lambda: scram_last(tries, "juliet", right),
                "all wrong": lambda: scram_last(tries, "juliet", wrong)}), arguments.noise, by_t=True)
        juliet = prober.login("juliet", password, "balcony")
        juliet.send("<presence/>")
        stranger = prober.login("mallory", password, "x")
        for name, ask in questions(stranger).items():
            if not f"L01 {name}".startswith(arguments.only):
                continue
            for who in ("juliet", "paris"):  # online, and offline
                told += report(f"L01 {name}, {who}", in_turn(trials, {
                    "existing": ask(f"{who}@capulet.example"), "absent": ask("nobody@capulet.example")}), arguments.noise)
        server.stop()
    except Closed as closed:
        print(f"{closed}\n{server.log()}")
        told += 1
    finally:
        server.kill()
        shutil.rmtree(folder)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
