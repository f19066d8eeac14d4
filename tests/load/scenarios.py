# The rows of the comparison: what the generator is asked, which figure of its report counts, and what Aldis must reach.
from dataclasses import dataclass, field


@dataclass
class Requirement:
    """All limits are on Aldis's figure; None where there is none."""

    of_peer: float | None = None  # at most this times the better peer's
    of_files: float | None = None  # at most this times that of prosody's files
    of_own: tuple | None = None  # (scenario, factor, plus): at most factor times our own figure there, plus something
    of_relay: float | None = None  # at most this times the relay's
    over_relay: float | None = None  # at most the relay's plus this
    absolute: float | None = None
    aim: str = ""

    def limits(self, peer, relay, files=None, own=None):
        """[(limit, in words)] for the figures of the better peer, the relay, prosody's files and our own other scenario (None:
        not measured)."""
        found = []
        if self.of_peer and peer:
            found.append((self.of_peer * peer, f"≤ 1/{round(1 / self.of_peer)} of the better peer"))
        if self.of_files and files:
            found.append((self.of_files * files, f"≤ 1/{round(1 / self.of_files)} of prosody's files"))
        if self.of_own and own:
            name, factor, plus = self.of_own
            found.append((factor * own + plus, f"≤ {factor:g} × our {name}" + (f" + {plus:g}" if plus else "")))
        if self.of_relay and relay:
            found.append((self.of_relay * relay, f"≤ {self.of_relay:g} × relay"))
        if self.over_relay is not None and relay:
            found.append((relay + self.over_relay, f"≤ relay + {self.over_relay:g}"))
        if self.absolute is not None:
            found.append((self.absolute, f"≤ {self.absolute:g}"))
        return found

    def count(self):
        return sum(limit is not None for limit in (self.of_peer, self.of_files, self.of_own, self.of_relay, self.over_relay,
                                                   self.absolute))

    def words(self):
        return ", ".join(text for _, text in self.limits(1, 1, 1, 1)) + (f" (aim: {self.aim})" if self.aim else "")


@dataclass
class Scenario:
    name: str
    title: str
    unit: str
    transport: str
    arguments: list
    figure: str  # of the generator's report
    divisor: float = 1
    quick: list = field(default_factory=list)  # appended with --quick
    relay_arguments: list | None = None  # None: the relay has no part in it
    relay_figure: str = ""
    requirement: Requirement = field(default_factory=Requirement)
    second: tuple = ()  # another figure worth a look: (figure, words, limit or None)
    accounts: int = 1000
    needs_roster: int = 0  # users in circles of 21
    fresh_server: bool = False  # start anew for every measurement: memory
    repetitions: int | None = None
    servers: tuple = ()  # only these; empty: all but aldis-off, an Aldis without archive beside the one with
    second_of_peer: float | None = None  # the other figure must be this times the better peer's at least
    second_of_files: float | None = None  # and this times that of prosody's files
    second_at_most_of_peer: float | None = None  # or at most this times the better peer's
    slow_directory: float | None = None  # a crowd logs in meanwhile, and the directory takes so many seconds for an answer

    @property
    def quick_roster(self):
        """needs_roster with --quick, where fewer sessions may do."""
        fewer = int(self.quick[self.quick.index("--sessions") + 1]) if "--sessions" in self.quick else self.needs_roster
        return min(fewer, self.needs_roster)


CHAT = ["chat", "--body", "100"]
SHORT = ["--duration", "2", "--warmup", "0.5"]
BIG_ROOM = ["--rooms", "1", "--occupants", "2000", "--rate", "20", "--concurrency", "100", "--limit", "600"]

ALL = [
    Scenario("chat", "chat, 500 pairs, one in flight, TLS 1.3", "µs CPU a message", "direct",
             CHAT + ["--pairs", "500"], "server_us_per_message", quick=SHORT,
             relay_arguments=CHAT + ["--pairs", "500"],
             requirement=Requirement(of_peer=1 / 5, of_relay=1.7, aim="1.3 × relay"),
             second=("delay_p99_us", "p99 µs", None)),
    Scenario("chat-window", "chat, 50 pairs, 32 in flight, TLS 1.3", "µs CPU a message", "direct",
             CHAT + ["--pairs", "50", "--window", "32"], "server_us_per_message", quick=SHORT,
             relay_arguments=CHAT + ["--pairs", "50", "--window", "32"],
             requirement=Requirement(of_peer=1 / 20, aim="5 × relay"),
             second=("messages_per_second", "messages/s", None)),
    Scenario("chat-rate", "chat, 50 pairs, 2,000 messages/s (open loop), TLS 1.3", "p99 µs from the intended time", "direct",
             CHAT + ["--pairs", "50", "--rate", "2000"], "delay_p99_us", quick=SHORT,
             relay_arguments=CHAT + ["--pairs", "50", "--rate", "2000"],
             second=("delay_p999_us", "p99.9 µs", None)),
    Scenario("idle", "idle session with presence, plain", "KiB resident", "plain",
             ["idle", "--sessions", "4000", "--warm", "500", "--settle", "5"], "server_bytes_per_session", divisor=1024,
             quick=["--sessions", "1000", "--settle", "2"], relay_arguments=["idle", "--sessions", "4000", "--warm", "500"],
             requirement=Requirement(absolute=4, aim="2"), accounts=4500, fresh_server=True, repetitions=2),
    Scenario("idle-tls", "idle session with presence, TLS 1.3", "KiB resident", "direct",
             ["idle", "--sessions", "4000", "--warm", "500", "--settle", "5"], "server_bytes_per_session", divisor=1024,
             quick=["--sessions", "1000", "--settle", "2"], relay_arguments=["idle", "--sessions", "4000", "--warm", "500"],
             requirement=Requirement(over_relay=4, aim="below the relay"), accounts=4500, fresh_server=True, repetitions=2),
    Scenario("login", "login, TLS 1.3 with P-256, SCRAM-SHA-1", "µs CPU a login", "direct",
             ["login", "--sessions", "3000", "--concurrency", "50"], "server_us_per_login",
             quick=["--sessions", "800"], relay_arguments=["handshake", "--sessions", "3000", "--concurrency", "50"],
             requirement=Requirement(of_peer=1 / 3, aim="1.3 × handshake"), second=("delay_p99_us", "p99 µs", None)),
    Scenario("login-starttls", "the same with STARTTLS", "µs CPU a login", "starttls",
             ["login", "--sessions", "3000", "--concurrency", "50"], "server_us_per_login",
             quick=["--sessions", "800"], second=("delay_p99_us", "p99 µs", None)),
    Scenario("ping", "ping to the server, 10 sessions, 64 in flight, TLS 1.3", "µs CPU an IQ", "direct",
             ["ping", "--sessions", "10", "--window", "64"], "server_us_per_ping", quick=SHORT,
             requirement=Requirement(of_peer=1 / 15), second=("pings_per_second", "pings/s", None)),
    Scenario("presence", "presence flaps, 20 mutual contacts each, TLS", "µs CPU a delivery", "direct",
             ["presence", "--sessions", "420", "--contacts", "20"], "server_us_per_delivery", quick=SHORT,
             requirement=Requirement(of_peer=1 / 5), second=("deliveries_per_second", "deliveries/s", None), needs_roster=420),
    Scenario("presence-cycle", "presence, unavailable and available again, TLS", "µs CPU a delivery", "direct",
             ["presence", "--sessions", "420", "--contacts", "20", "--cycle"], "server_us_per_delivery", quick=SHORT,
             needs_roster=420),
    Scenario("storm", "10,000 clients cut at once, all back, TLS", "s until all are back", "direct",
             ["storm", "--sessions", "10000", "--concurrency", "100", "--duration", "3", "--limit", "240"], "all_back_seconds",
             quick=["--sessions", "1000"], requirement=Requirement(absolute=60),
             second=("pair_delay_p99_us", "the pair's p99 µs meanwhile", 50000), accounts=10002, fresh_server=True,
             repetitions=1),
    # Rooms. The relay copies what one of a room says to all of them.
    Scenario("rooms", "10 rooms of 100 occupants, one message on its way in each, TLS 1.3", "µs CPU a delivery", "direct",
             ["rooms", "--body", "100"], "server_us_per_delivery", quick=SHORT, relay_arguments=["rooms", "--body", "100"],
             requirement=Requirement(of_peer=1 / 5, of_relay=1.5), second=("deliveries_per_second", "deliveries/s", None)),
    Scenario("big-room", "1 room of 2,000 occupants, 20 messages/s, a pair chats meanwhile, TLS 1.3", "p99 ms of a delivery", "direct",
             ["rooms", "--body", "100"] + BIG_ROOM + ["--pair"], "delay_p99_us", divisor=1000, quick=SHORT + ["--occupants", "300"],
             requirement=Requirement(absolute=100), second=("pair_delay_p99_us", "the pair's p99 µs meanwhile", 10000),
             accounts=2002, fresh_server=True, relay_arguments=["rooms", "--body", "100"] + BIG_ROOM, repetitions=2),
    Scenario("big-room-cpu", "the same", "µs CPU a delivery", "direct", ["rooms", "--body", "100"] + BIG_ROOM, "server_us_per_delivery",
             quick=SHORT + ["--occupants", "300"], requirement=Requirement(of_relay=1.5), accounts=2002, fresh_server=True,
             relay_arguments=["rooms", "--body", "100"] + BIG_ROOM, repetitions=2),
    Scenario("room-join", "1,000 occupants join one room, TLS 1.3", "s of CPU", "direct",
             ["room-join", "--occupants", "1000", "--at-once", "50", "--limit", "600"], "server_cpu_seconds", quick=["--occupants", "200"],
             requirement=Requirement(of_peer=1 / 10), second=("all_in_seconds", "s until all have seen all", None),
             second_at_most_of_peer=1 / 10, fresh_server=True, repetitions=1),
]

# With the archive on (`compare --archive`), and stream management with an acknowledgement asked for every 5 messages. The peers
# stand there once for each store.
MANAGED = ["--stream-management", "--ack-every", "5"]
IDLE = ["--sessions", "4000", "--warm", "500", "--settle", "5"]
ARCHIVE = [
    Scenario("archive-off", "chat, 500 pairs, one in flight, TLS 1.3, without archive and acknowledgements", "µs CPU a message",
             "direct", CHAT + ["--pairs", "500"], "server_us_per_message", quick=SHORT, servers=("aldis-off",)),
    Scenario("archive-chat", "chat, 50 pairs, 32 in flight, TLS 1.3, archive on both sides, an ack every 5", "µs CPU a message",
             "direct", CHAT + MANAGED + ["--pairs", "50", "--window", "32"], "server_us_per_message", quick=SHORT,
             requirement=Requirement(of_peer=1 / 20, of_files=1 / 3, aim="1/40"),
             second=("messages_per_second", "messages/s", None), second_of_peer=20, second_of_files=3),
    Scenario("archive-chat-one", "chat, 500 pairs, one in flight, the same", "µs CPU a message", "direct",
             CHAT + MANAGED + ["--pairs", "500"], "server_us_per_message", quick=SHORT,
             requirement=Requirement(of_own=("archive-off", 2.5, 0)), second=("ack_p99_us", "ack p99 µs", None)),
    Scenario("archive-ack", "delay of an acknowledgement, 50 pairs, 1,000 messages/s (open loop)", "p99 ms", "direct",
             CHAT + MANAGED + ["--pairs", "50", "--rate", "1000"], "ack_p99_us", divisor=1000, quick=SHORT,
             requirement=Requirement(absolute=20), second=("delay_p99_us", "delivery p99 µs", None)),
    Scenario("archive-pages", "archive of 1,000,000 messages, a page of 50 at any end and by contact", "worst p99 ms", "direct",
             ["archive", "--search", "--messages", "1000000", "--limit", "120"], "worst_page_p99_us", divisor=1000,
             quick=["--messages", "20000"], requirement=Requirement(absolute=10), servers=("aldis",), fresh_server=True,
             second=("worst_search_p99_us", "search p99 µs", 100000), repetitions=1),
    Scenario("resume", "10,000 sessions detached, all resume, TLS", "s until all are back", "direct",
             ["storm", "--stream-management", "--sessions", "10000", "--concurrency", "100", "--duration", "3", "--limit", "240"],
             "all_back_seconds", quick=["--sessions", "1000"], requirement=Requirement(absolute=15),
             second=("pair_delay_p99_us", "the pair's p99 µs meanwhile", None), accounts=10002, fresh_server=True, repetitions=1),
    Scenario("idle-managed", "idle session with presence and stream management, plain", "KiB resident", "plain",
             ["idle", "--stream-management"] + IDLE, "server_bytes_per_session", divisor=1024,
             quick=["--sessions", "1000", "--settle", "2"], accounts=4500, fresh_server=True, repetitions=2),
    Scenario("detached", "detached session with an empty queue, plain", "KiB resident", "plain",
             ["detached"] + IDLE, "server_bytes_per_session", divisor=1024, quick=["--sessions", "1000", "--settle", "2"],
             requirement=Requirement(of_own=("idle-managed", 1, 1)), accounts=4500, fresh_server=True, repetitions=2),
]

# Between two servers (`compare --federation`), the two of a pair on one each. The limit is a part of what a prosody needs for a
# message from or to another prosody; it holds for each Aldis.
PAIRS = ["--body", "100", "--mechanism", "SCRAM-SHA-1", "--warmup", "4"]  # the link is opened by the first messages
SOON = ["--duration", "2", "--warmup", "3"]
FEDERATION = [
    Scenario("s2s-chat", "chat between servers, 500 pairs, one in flight", "µs CPU a message", "starttls",
             ["chat", "--pairs", "500"] + PAIRS, "server_us_per_message", quick=SOON, requirement=Requirement(of_peer=1 / 4)),
    Scenario("s2s-chat-window", "chat between servers, 50 pairs, 32 in flight", "µs CPU a message", "starttls",
             ["chat", "--pairs", "50", "--window", "32"] + PAIRS, "server_us_per_message", quick=SOON,
             requirement=Requirement(of_peer=1 / 4)),
    Scenario("s2s-rate", "chat between servers, 50 pairs, 1,000 messages/s (open loop)", "p99 ms", "starttls",
             ["chat", "--pairs", "50", "--rate", "1000"] + PAIRS, "delay_p99_us", divisor=1000, quick=SOON),
    Scenario("dead-domains", "the same while one user writes to 500 domains whose DNS fails after 5 s", "p99 ms", "starttls",
             ["dead-domains", "--pairs", "50", "--rate", "1000", "--dead", "500", "--duration", "40"] + PAIRS, "delay_p99_us",
             divisor=1000, quick=["--duration", "8"], requirement=Requirement(absolute=50), servers=("aldis-aldis",)),
]

# Nodes of a service and of accounts (`compare --pubsub`): apart from the others, so that the peers have pubsub and PEP only here.
POSITIONS = ["positions", "--sessions", "1008", "--contacts", "20", "--duration", "10", "--warmup", "3"]
PUBSUB = [
    Scenario("pubsub-fanout", "1 node, 1,000 subscribers online, one item on its way, TLS 1.3", "µs CPU a notification", "direct",
             ["pubsub-fanout", "--sessions", "1000"], "server_us_per_notification", quick=SHORT + ["--sessions", "200"],
             requirement=Requirement(of_peer=1 / 5), second=("notifications_per_second", "notifications/s", None), accounts=1001),
    Scenario("positions", "1,008 users move, a position a second each, 20 contacts watch each (PEP), a pair chats meanwhile, TLS 1.3",
             "the pair's p99 ms", "direct", POSITIONS, "pair_delay_p99_us", divisor=1000,
             quick=SHORT + ["--sessions", "105"], requirement=Requirement(absolute=20),
             second=("server_us_per_notification", "µs CPU a notification", None), accounts=1010, needs_roster=1008, repetitions=2),
]

# With --directory: the accounts are people of one slapd; a password is checked by a bind (PLAIN inside TLS).
PLAIN = ["--mechanism", "PLAIN"]
RATE = ["chat", "--body", "100", "--pairs", "50", "--rate", "2000"] + PLAIN
DIRECTORY = [
    Scenario("directory-login", "login through slapd: TLS 1.3 with P-256, PLAIN, a bind", "µs CPU a login", "direct",
             ["login", "--sessions", "1500", "--concurrency", "20", "--accounts", "500"] + PLAIN, "server_us_per_login",
             quick=["--sessions", "100"], requirement=Requirement(of_peer=1 / 3), second=("logins_per_second", "logins/s", None),
             second_of_peer=3),
    Scenario("directory-well", "chat, 50 pairs, 2,000 messages/s (open loop), 20 clients log in again and again", "p99 ms", "direct",
             RATE + ["--warmup", "3"], "delay_p99_us", divisor=1000, quick=["--duration", "2"], slow_directory=0, servers=("aldis",)),
    Scenario("directory-slow", "the same, and the directory takes 10 s for an answer", "p99 ms", "direct",
             RATE + ["--warmup", "3"], "delay_p99_us", divisor=1000, quick=["--duration", "2"], slow_directory=10, servers=("aldis",)),
]
