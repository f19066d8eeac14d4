# The servers of the comparison: how each is given accounts, configured, started on loopback and stopped. Every one has the same
# accounts and certificate, three listeners (plain, STARTTLS, direct TLS), no rate limits, no archive unless one is asked for (and
# then stream management too), and the features that Aldis has, as far as its modules allow. Nothing outside `work` is read or written; only processes started here are ended.
import ctypes
import hashlib
import hmac
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import slapd

PASSWORD = "load-test-password"
DOMAIN = "localhost"
PUBSUB = "pubsub.localhost"  # its nodes' domain, with `compare --pubsub`
ROOMS = "rooms.localhost"  # its rooms' domain: no archive, no limits that a large room would meet


def dies_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a comparison that is killed leaves nothing behind
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# Modules that do what Aldis does, and those that Debian's packages enable besides. Left out: archive, rate limits, servers
# abroad, and listeners for anything but clients.
PROSODY_LEAN = ["disco", "roster", "saslauth", "tls", "blocklist", "private", "vcard_legacy", "ping", "time", "version",
                "lastactivity", "register", "admin_adhoc"]
PROSODY_PACKAGED = ["bookmarks", "carbons", "pep", "smacks", "vcard4", "csi_simple", "invites", "invites_adhoc",
                    "invites_register", "uptime"]
EJABBERD_LEAN = {name: "{}" for name in (
    "mod_adhoc", "mod_blocking", "mod_caps", "mod_configure", "mod_disco", "mod_last", "mod_offline", "mod_ping",
    "mod_privacy", "mod_private", "mod_time", "mod_version")} | {
        "mod_roster": "{versioning: true}", "mod_vcard": "{search: false}"}
EJABBERD_PACKAGED = {name: "{}" for name in (
    "mod_admin_extra", "mod_announce", "mod_avatar", "mod_carboncopy", "mod_client_state", "mod_muc", "mod_muc_admin",
    "mod_push", "mod_push_keepalive", "mod_shared_roster", "mod_sic", "mod_vcard_xupdate")} | {
        "mod_pubsub": "{plugins: [flat, pep]}", "mod_stream_mgmt": "{resend_on_timeout: if_offline}"}


class Server:
    """One server under measurement. Subclasses say how; `ports` maps plain, starttls and direct to port numbers."""

    name = ""
    is_lean = True  # a peer with only the modules that do what Aldis does, instead of those its package enables
    has_pubsub = False  # nodes of a domain and of accounts (XEP-0060, XEP-0163)
    stop_seconds = 20
    # Stores of the archive that it knows, in its own words. `archive` is one of them; empty: no archive, no stream management.
    ARCHIVES = ()

    def __init__(self, work, certificate, key, users, core, first_port, archive="", name=""):
        self.archive = archive
        if len(self.ARCHIVES) > 1 and archive:
            self.name = f"{self.name}-{archive}"
        self.name = name or self.name
        self.work = os.path.join(work, self.name)
        self.certificate, self.key, self.users, self.core = certificate, key, users, core
        self.directory_port = 0  # of the LDAP server that has the people (slapd.py); 0: they are its own accounts
        self.extra_environment = {}  # of its process alone, not of its tools
        self.ports = {"plain": first_port, "starttls": first_port + 1, "direct": first_port + 2}
        self.process = None
        os.makedirs(self.work, exist_ok=True)

    def is_available(self):
        raise NotImplementedError

    def version(self):
        return ""

    def provision(self):
        """Makes the accounts user0 … user{users-1}, once, before the first start."""

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def cpu_seconds(self):
        """User and system time of the process, without its children."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def start(self):
        log = open(os.path.join(self.work, "output.log"), "ab")
        pinned = ["taskset", "-c", str(self.core)] if self.core is not None else []
        self.process = subprocess.Popen(
            pinned + self.command(), cwd=self.work,
            env={**os.environ, **self.environment(), **self.extra_environment}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True, preexec_fn=dies_with_parent)
        log.close()
        deadline = time.monotonic() + 60
        for port in self.listening_ports():
            while not self._answers(port):
                if self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended at once; see {self.work}/output.log")
                if time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"{self.name} does not listen on {port}; see {self.work}/output.log")
                time.sleep(0.1)

    def listening_ports(self):
        return self.ports.values()

    @staticmethod
    def _answers(port):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def data_folder(self):
        return os.path.join(self.work, "data")

    def kill(self):
        """SIGKILL, without a word."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def _write(self, name, text):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Relay(Server):
    """The floor: copies bytes between paired sockets."""

    name = "relay"

    def __init__(self, *args, program):
        super().__init__(*args)
        self.program = program

    def is_available(self):
        return os.access(self.program, os.X_OK)

    def listening_ports(self):
        return [self.ports["plain"], self.ports["direct"]]

    def command(self):
        return [self.program, str(self.ports["plain"]), str(self.ports["direct"]), self.certificate, self.key]


class Aldis(Server):
    name = "aldis"
    ARCHIVES = ("sqlite",)
    IMPORT_LINES = 5000  # of one command

    def __init__(self, *args, program, **options):
        super().__init__(*args, **options)
        self.program = program

    def is_available(self):
        return bool(self.program) and os.access(self.program, os.X_OK)

    def version(self):
        return _first_line([self.program, "--version"])

    def provision(self):
        listeners = "".join(
            f'[[listener]]\naddress = "127.0.0.1"\nport = {self.ports[kind]}\ntls = "{tls}"\n\n'
            for kind, tls in (("plain", "none"), ("starttls", "starttls"), ("direct", "direct")))
        # All clients come from one address, and the peers have no limits either. One shard: the server has one core.
        pubsub = f"""\
[[domain]]
name = "{PUBSUB}"
serves = "pubsub"
certificates = ["{self.certificate}"]
keys = ["{self.key}"]

"""
        self._write("aldis.toml", f"""\
[server]
data_dir = "{self.work}/data"
shards = 1

[log]
level = "warning"

[metrics]
enabled = false

[lobby]
strangers = 1000000
strangers_per_source = 1000000
connections_per_second = 1000000
connections_burst = 1000000

[limits]
rate = 0
account_rate = 0
shard_rate = 0

[[domain]]
name = "{DOMAIN}"
certificates = ["{self.certificate}"]
keys = ["{self.key}"]
{'' if self.archive else 'disable = ["mam"]'}
{'directory = "people"' if self.directory_port else ''}

[[domain]]
name = "{ROOMS}"
serves = "rooms"
certificates = ["{self.certificate}"]
keys = ["{self.key}"]

[domain.extension.muc]
default_archive = false
rate = 0

{pubsub if self.has_pubsub else ''}\
{self._directory() if self.directory_port else ''}\
{listeners}""")
        os.makedirs(os.path.join(self.work, "data"), mode=0o700, exist_ok=True)
        for first in range(0, 0 if self.directory_port else self.users, self.IMPORT_LINES):
            accounts = "".join(f"user{i}@{DOMAIN}\t{PASSWORD}\n"
                               for i in range(first, min(self.users, first + self.IMPORT_LINES)))
            path = self._write("accounts.tsv", accounts)
            os.chmod(path, 0o600)
            subprocess.run([self.program, "--config", os.path.join(self.work, "aldis.toml"), "user", "import", path],
                           check=True, cwd=self.work, timeout=900, stdout=subprocess.DEVNULL)

    def _directory(self):
        path = self._write("ldap-password", slapd.SERVICE_PASSWORD + "\n")
        os.chmod(path, 0o600)
        return f"""\
[[directory]]
name = "people"
kind = "openldap"
servers = ["ldap://127.0.0.1:{self.directory_port}"]
starttls = false
base = "{slapd.PEOPLE}"
bind_dn = "{slapd.SERVICE}"
password_file = "{path}"

"""

    def command(self):
        return [self.program, "--config", os.path.join(self.work, "aldis.toml"), "serve"]


class Prosody(Server):
    name = "prosody"
    ARCHIVES = ("files", "sqlite")

    def is_available(self):
        return shutil.which("prosody") is not None

    def version(self):
        return "Prosody " + _package_version("prosody")

    @staticmethod
    def account():
        """An account is a small Lua file (storage "internal"); one salt for all, so that a client derives its keys once."""
        salt, iterations = "3f6c0a52-6a1c-4c8e-9c53-8f1c8f6f7e11", 10000
        salted = hashlib.pbkdf2_hmac("sha1", PASSWORD.encode(), salt.encode(), iterations)
        client_key = hmac.digest(salted, b"Client Key", "sha1")
        return (f'return {{ ["iteration_count"] = {iterations}; ["salt"] = "{salt}"; '
                f'["stored_key"] = "{hashlib.sha1(client_key).hexdigest()}"; '
                f'["server_key"] = "{hmac.digest(salted, b"Server Key", "sha1").hex()}"; }};\n')

    def provision(self):
        account = self.account()
        for i in range(self.users):
            self._write(f"data/{DOMAIN}/accounts/user{i}.dat", account)
        wanted = (PROSODY_LEAN + ([] if self.is_lean else PROSODY_PACKAGED) + (["mam", "smacks"] if self.archive else []) +
                  (["pep"] if self.has_pubsub else []))
        # Its nodes live in memory, as packaged (they are stored when they are configured so, and these are). Who may create them:
        # its administrators, and that is the publisher.
        pubsub = f'Component "{PUBSUB}" "pubsub"\nadmins = {{ "user0@{DOMAIN}" }}\n' if self.has_pubsub else ""
        modules = ", ".join(f'"{name}"' for name in dict.fromkeys(wanted))
        authentication = 'authentication = "internal_hashed"'
        if self.directory_port:
            authentication = (f'authentication = "ldap"\nldap_server = "127.0.0.1:{self.directory_port}"\nldap_base = "{slapd.PEOPLE}"\n'
                              f'ldap_rootdn = "{slapd.SERVICE}"\nldap_password = "{slapd.SERVICE_PASSWORD}"\n'
                              'ldap_mode = "bind"\nldap_filter = "(uid=$user)"')
        stores = 'default_storage = "internal"\n'
        if self.archive == "sqlite":
            stores += (f'storage = {{ archive = "sql" }}\n'
                       f'sql = {{ driver = "SQLite3", database = "{self.work}/data/archive.sqlite" }}\n')
        if self.archive:
            stores += 'default_archive_policy = true\narchive_expires_after = "never"\n'
        self._write("prosody.cfg.lua", f"""\
run_as_root = true
data_path = "{self.work}/data"
network_backend = "epoll"
network_settings = {{ tcp_backlog = 4096 }}
pidfile = "{self.work}/prosody.pid"
log = {{ warn = "{self.work}/prosody.log" }}
modules_enabled = {{ {modules} }}
modules_disabled = {{ "s2s" }}
{authentication}
{stores}\
allow_registration = false
allow_unencrypted_plain_auth = false
c2s_require_encryption = false
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.ports["plain"]}, {self.ports["starttls"]} }}
c2s_direct_tls_ports = {{ {self.ports["direct"]} }}
certificates = "{self.work}"
ssl = {{ certificate = "{self.certificate}", key = "{self.key}" }}
c2s_direct_tls_ssl = {{ certificate = "{self.certificate}", key = "{self.key}" }}
VirtualHost "{DOMAIN}"
Component "{ROOMS}" "muc"
restrict_room_creation = false
{pubsub}""")

    def command(self):
        return ["prosody", "--config", os.path.join(self.work, "prosody.cfg.lua"), "-F"]


class Ejabberd(Server):
    name = "ejabberd"
    ARCHIVES = ("mnesia", "sqlite")
    SCHEMA = "/usr/share/ejabberd/sql/lite.sql"

    def is_available(self):
        return shutil.which("erl") is not None and shutil.which("ejabberdctl") is not None

    def version(self):
        return "ejabberd " + _package_version("ejabberd")

    def environment(self):
        return {"ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "EJABBERD_CONFIG_PATH": os.path.join(self.work, "ejabberd.yml"),
                "EJABBERD_LOG_PATH": os.path.join(self.work, "ejabberd.log"), "ERL_MAX_PORTS": "65536",
                "ERL_CRASH_DUMP_BYTES": "0", "HOME": self.work}

    def provision(self):
        pem = os.path.join(self.work, "ejabberd.pem")
        with open(pem, "w", encoding="utf-8") as out:
            for part in (self.key, self.certificate):
                with open(part, encoding="utf-8") as file:
                    out.write(file.read())
        listeners = "".join(f"""\
  -
    port: {self.ports[kind]}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    shaper: none
    access: all
    backlog: 4096
    {tls}
""" for kind, tls in (("plain", "starttls: false"), ("starttls", "starttls_required: true"), ("direct", "tls: true")))
        wanted = {**EJABBERD_LEAN, **({} if self.is_lean else EJABBERD_PACKAGED)}
        stores = ""
        if self.archive:
            wanted["mod_stream_mgmt"] = "{max_ack_queue: 5000}"
            wanted["mod_mam"] = f"{{db_type: {'sql' if self.archive == 'sqlite' else 'mnesia'}, default: always}}"
        if self.archive == "sqlite":
            path = os.path.join(self.data_folder(), "archive.sqlite")
            stores = f'sql_type: sqlite\nsql_database: "{path}"\n'
            os.makedirs(self.data_folder(), exist_ok=True)
            with open(self.SCHEMA, encoding="utf-8") as file, sqlite3.connect(path) as database:
                database.executescript(file.read())
        wanted["mod_muc"] = (f'{{host: "{ROOMS}", access: all, access_create: all, max_users: 10000, max_users_presence: 10000, '
                             'max_user_conferences: 10000, default_room_options: {mam: false, max_users: 10000}}')
        if self.has_pubsub:
            wanted["mod_pubsub"] = f'{{host: "{PUBSUB}", access_createnode: all, plugins: [flat, pep]}}'
        modules = "".join(f"  {name}: {options}\n" for name, options in wanted.items())
        authentication = "auth_password_format: scram"
        if self.directory_port:
            authentication = (f'auth_method: ldap\nldap_servers: ["127.0.0.1"]\nldap_port: {self.directory_port}\nldap_base: "{slapd.PEOPLE}"\n'
                              f'ldap_rootdn: "{slapd.SERVICE}"\nldap_password: "{slapd.SERVICE_PASSWORD}"\nldap_uids: ["uid"]')
        self._write("ejabberd.yml", f"""\
loglevel: warning
hosts:
  - {DOMAIN}
certfiles:
  - "{pem}"
{authentication}
disable_sasl_mechanisms:
  - digest-md5
  - X-OAUTH2
{stores}\
listen:
{listeners}\
modules:
{modules}\
""")
        if self.directory_port:
            return
        # One account is registered; the others are its record under their names, so all have one salt.
        script = (f'User = fun(I) -> iolist_to_binary(["user", integer_to_list(I)]) end, Domain = <<"{DOMAIN}">>, '
                  f'ok = ejabberd_auth:try_register(User(0), Domain, <<"{PASSWORD}">>), '
                  "Keys = [K || K <- mnesia:dirty_all_keys(passwd), element(1, K) =:= User(0)], "
                  "[begin [R] = mnesia:dirty_read(passwd, K), "
                  "[mnesia:dirty_write(setelement(2, R, setelement(1, K, User(I)))) || "
                  f"I <- lists:seq(1, {self.users - 1})] end || K <- Keys], "
                  'mnesia:sync_log(), io:format("provisioned~n"), init:stop().')
        done = subprocess.run(self.command() + ["-eval", script], cwd=self.work, timeout=300, check=False,
                              env={**os.environ, **self.environment()}, stdin=subprocess.DEVNULL, capture_output=True)
        if b"provisioned" not in done.stdout:
            raise RuntimeError(f"ejabberd could not be given accounts: {(done.stdout + done.stderr)[-2000:]!r}")

    def command(self):
        # Not distributed: no epmd, no cookie. The flags are ejabberdctl's.
        return ["erl", "-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir", f'"{self.work}/mnesia"', "-s", "ejabberd"]


def _first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return (done.stdout or done.stderr).strip().split("\n")[0]


def _package_version(package):
    return _first_line(["dpkg-query", "-W", "-f", "${Version}", package])
