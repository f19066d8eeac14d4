"""A network of XMPP servers on loopback, as a partner's would be: every server has an address of its own, DNS says where it is (an
authoritative server from Debian, knot), one private authority has signed everybody's certificate.

It lives in a network and mount namespace of its own, where ports 53, 5222 and 5269 are free and nothing else can be reached; for
that the test runs as root, or where users may make namespaces. enter() puts the process there.
"""
import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stories"))
import servers  # noqa: E402  (the stories' own module)

START_SECONDS = 40
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


class NoNamespaces(Exception):
    """This machine does not let us have a network of our own."""


def enter(folder):
    """This process, and what it starts, from now on has only its own loopback, and DNS at 127.0.0.1."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNS | CLONE_NEWNET
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(flags) != 0:
        if libc.unshare(flags | CLONE_NEWUSER) != 0:
            raise NoNamespaces(os.strerror(ctypes.get_errno()))
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with socket.socket() as any_socket:  # lo up: SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x41))
    resolv = pathlib.Path(folder) / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    if libc.mount(str(resolv).encode(), b"/etc/resolv.conf", None, MS_BIND, None) != 0:
        raise NoNamespaces("/etc/resolv.conf: " + os.strerror(ctypes.get_errno()))


def dies_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def answers(address):
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


class Program:
    """A process in a folder of its own. Subclasses say what to run and where it listens."""

    def __init__(self, network, name):
        self.network, self.name = network, name
        self.folder = network.folder / name
        self.folder.mkdir()
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def listens(self):
        return []

    def start(self):
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment()}, preexec_fn=dies_with_parent)
        deadline = time.monotonic() + START_SECONDS
        for address in self.listens():
            while not answers(address):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{self.name} does not listen on {address}:\n{self.log()}")
                time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if any("Sanitizer" in path.read_text(errors="replace") for path in self.folder.glob("*log")):
            raise AssertionError(f"{self.name} has broken memory:\n{self.log()}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log(self):
        return "".join(path.read_text(errors="replace")[-4000:] for path in sorted(self.folder.glob("*log")))


class Dns(Program):
    """knot, authoritative for example."""

    def __init__(self, network, zone):
        super().__init__(network, "dns")
        (self.folder / "example.zone").write_text(zone)
        (self.folder / "knot.conf").write_text(f"""server:
  rundir: {self.folder}
  listen: 127.0.0.1@53
database:
  storage: {self.folder}
log:
  - target: stderr
    any: info
zone:
  - domain: example
    storage: {self.folder}
    file: example.zone
""")

    def command(self):
        return ["/usr/sbin/knotd", "-c", self.folder / "knot.conf"]

    def listens(self):
        return [("127.0.0.1", 53)]


class XmppServer(Program):
    """One that serves `domain` on `ip`: clients on 5222, servers on 5269."""

    def __init__(self, network, domain, ip, authentication):
        super().__init__(network, domain)
        self.domain, self.ip, self.authentication = domain, ip, authentication
        servers.make_certificate(network.folder, domain, [domain], usage="serverAuth,clientAuth")
        self.certificate, self.key = network.folder / f"{domain}.pem", network.folder / f"{domain}.key"

    def listens(self):
        return [(self.ip, 5222), (self.ip, 5269)]

    def person(self, name):
        """An account, and what a client needs to log in to it."""
        jid, password = f"{name}@{self.domain}", f"{name} secret"
        self.add_user(jid, password)
        return {"jid": jid, "password": password, "host": self.ip, "port": 5222}


class Aldis(XmppServer):
    dns = "127.0.0.1@53"
    shards = 2
    log_level = "debug"
    domain_settings = ""

    def __init__(self, network, domain, ip, authentication, peers="", settings=""):
        super().__init__(network, domain, ip, authentication)
        self.config = self.folder / "aldis.toml"
        self.peers = peers or f'[[peer]]\ndomain = "default"\nauthentication = "{authentication}"\n'
        self.settings = settings
        self.configure()

    def configure(self):
        self.config.write_text(f"""[server]
data_dir = "data"
shards = {self.shards}

[[listener]]
address = "{self.ip}"
port = 5222

[[listener]]
address = "{self.ip}"
port = 5269
serves = "servers"

[[domain]]
name = "{self.domain}"
certificates = ["{self.certificate}"]
keys = ["{self.key}"]
{self.domain_settings}
[federation]
anchors = "{self.network.folder}/ca.pem"
dns_server = "{self.dns}"
allow_private_addresses = true
{self.settings}
[metrics]
enabled = false

[log]
level = "{self.log_level}"

{self.peers}""")

    def command(self):
        return [self.network.binary, "--config", self.config, "serve"]

    def operator(self, *arguments, text=""):
        done = subprocess.run([self.network.binary, "--config", self.config, *arguments], input=text, text=True, capture_output=True,
                              timeout=60, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def add_user(self, jid, password):
        code, said = self.operator("user", "add", jid, text=password + "\n")
        assert code == 0, said


class Prosody(XmppServer):
    """Debian's prosody."""

    log_level = "debug"
    modules = '"roster", "saslauth", "tls", "s2s", "disco", "ping", "version", "smacks", "offline"'
    settings = ""

    def __init__(self, network, domain, ip, authentication):
        super().__init__(network, domain, ip, authentication)
        (self.folder / "data").mkdir()
        dialback = ', "dialback"' if authentication != "external" else ""
        (self.folder / "prosody.cfg.lua").write_text(f"""run_as_root = true
data_path = "{self.folder}/data"
pidfile = "{self.folder}/pid"
log = {{ {self.log_level} = "{self.folder}/prosody.log" }}
certificates = "{network.folder}"
interfaces = {{ "{ip}" }}
c2s_ports = {{ 5222 }}
s2s_ports = {{ 5269 }}
modules_enabled = {{ {self.modules}{dialback} }}
modules_disabled = {{ {'"dialback"' if not dialback else ""} }}
authentication = "internal_hashed"
c2s_require_encryption = true
s2s_require_encryption = true
s2s_secure_auth = {"true" if authentication == "external" else "false"}
ssl = {{ certificate = "{self.certificate}", key = "{self.key}", cafile = "{network.folder}/ca.pem" }}
{self.settings}VirtualHost "{domain}"
""")

    def command(self):
        return ["prosody", "--config", self.folder / "prosody.cfg.lua", "-F"]

    def add_user(self, jid, password):
        user, domain = jid.split("@")
        subprocess.run(["prosodyctl", "--config", self.folder / "prosody.cfg.lua", "register", user, domain, password],
                       cwd=self.folder, check=True, capture_output=True)


class Ejabberd(XmppServer):
    """Debian's ejabberd."""

    def __init__(self, network, domain, ip, authentication):
        super().__init__(network, domain, ip, authentication)
        pem = self.folder / "both.pem"
        pem.write_text(self.key.read_text() + self.certificate.read_text())
        dialback = "  mod_s2s_dialback: {}\n" if authentication != "external" else ""
        (self.folder / "ejabberd.yml").write_text(f"""loglevel: debug
hosts:
  - {domain}
certfiles:
  - "{pem}"
ca_file: "{network.folder}/ca.pem"
s2s_cafile: "{network.folder}/ca.pem"
s2s_use_starttls: required
auth_password_format: scram
listen:
  -
    port: 5222
    ip: "{ip}"
    module: ejabberd_c2s
    starttls_required: true
    access: all
  -
    port: 5269
    ip: "{ip}"
    module: ejabberd_s2s_in
modules:
  mod_roster: {{}}
  mod_disco: {{}}
  mod_ping: {{}}
  mod_offline: {{}}
  mod_stream_mgmt: {{}}
{dialback}""")

    def environment(self):
        return {"ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
                "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"), "ERL_CRASH_DUMP_BYTES": "0", "HOME": str(self.folder)}

    def command(self, *more):
        return ["erl", "-noinput", "-mnesia", "dir", f'"{self.folder}/mnesia"', "-s", "ejabberd", *more]

    def add_user(self, jid, password):
        """Before it is started: Mnesia has one owner."""
        user, domain = jid.split("@")
        script = f'ok = ejabberd_auth:try_register(<<"{user}">>, <<"{domain}">>, <<"{password}">>), mnesia:sync_log(), io:format("made~n"), init:stop().'
        done = subprocess.run(self.command("-eval", script), cwd=self.folder, timeout=90, check=False, stdin=subprocess.DEVNULL,
                              capture_output=True, env={**os.environ, **self.environment()})
        assert b"made" in done.stdout, done.stdout + done.stderr


ADDRESSES = {"north.example": "127.0.0.2", "south.example": "127.0.0.3", "prosody.example": "127.0.0.4", "ejabberd.example": "127.0.0.5"}
ZONE = """$ORIGIN example.
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
""" + "".join(f"""{domain.removesuffix('.example')} IN A {ip}
_xmpp-server._tcp.{domain.removesuffix('.example')} IN SRV 0 0 5269 {domain}.
_xmpp-client._tcp.{domain.removesuffix('.example')} IN SRV 0 0 5222 {domain}.
""" for domain, ip in ADDRESSES.items()) + """_xmpp-server._tcp.echo.north IN SRV 0 0 5269 north.example.
"""


class Network:
    """DNS and an authority; servers are made with make() and started with start()."""

    def __init__(self, folder, binary):
        self.folder, self.binary = pathlib.Path(folder), pathlib.Path(binary).resolve()
        self.ca_file = servers.make_authority(self.folder)
        self.running = []

    def start(self, program):
        self.running.append(program)
        program.start()
        return program

    def make(self, kind, domain, authentication, **more):
        return kind(self, domain, ADDRESSES[domain], authentication, **more)

    def close(self):
        problems = []
        for program in reversed(self.running):
            try:
                program.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        if problems:
            raise AssertionError("\n".join(problems))

    def logs(self):
        return "".join(f"-- {program.name}:\n{program.log()}\n" for program in self.running)
