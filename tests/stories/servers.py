"""Servers that tests start: Aldis, and Debian's prosody as the reference that tests the tests.

Each runs in a folder of its own, on free loopback ports, with a certificate from an authority made for the occasion, and
without server-to-server connections. Only processes started here are ever stopped.
"""
import os
import pathlib
import signal
import socket
import subprocess
import time

DOMAINS = ("capulet.example", "montague.example")  # The second one lets strangers register (XEP-0077).
START_SECONDS = 30
STOP_SECONDS = 15


class Failed(Exception):
    """The server did not start, stop or obey; the message holds the end of its log."""


def free_ports(count):
    """Ports that nobody uses now. Another process may take one before we do; then starting fails and says so."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_authority(folder):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Authority for one test",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return folder / "ca.pem"


def make_certificate(folder, name="server", domains=DOMAINS, usage="serverAuth"):
    """name.pem and name.key in folder, signed by the authority there, good for the domains."""
    names = ",".join(f"DNS:{domain}" for domain in domains) + ",IP:127.0.0.1"  # xmpp.js checks what it connected to.
    (folder / f"{name}.ext").write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n"
                                        "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n")
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={domains[0]}")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-out", f"{name}.pem", "-extfile", f"{name}.ext")
    os.chmod(folder / f"{name}.key", 0o600)


def make_card(folder, name, names, days="2", usage="clientAuth"):
    """name.pem and name.key in folder: a person's certificate, signed by the authority there. names: its subjectAltName."""
    (folder / f"{name}.ext").write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n"
                                        "keyUsage=critical,digitalSignature\n")
    openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", days, "-out", f"{name}.pem", "-extfile", f"{name}.ext")
    return folder / f"{name}.pem", folder / f"{name}.key"


def revoke(folder, name, number="01"):
    """name.crl in folder: a list of the authority there with name.pem in it."""
    (folder / "crl.conf").write_text(f"[ca]\ndefault_ca = one\n[one]\ndatabase = {folder}/index.txt\ncrlnumber = {folder}/crlnumber\n"
                                     "default_md = sha256\ndefault_crl_days = 2\n")
    (folder / "index.txt").touch()
    (folder / "crlnumber").write_text(number + "\n")
    openssl(folder, "ca", "-config", "crl.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-revoke", f"{name}.pem")
    openssl(folder, "ca", "-config", "crl.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-gencrl", "-out", f"{name}.crl")
    return folder / f"{name}.crl"


def ocsp_response(folder, name):
    """name.ocsp in folder: what the authority there answers about name.pem, after revoke()."""
    openssl(folder, "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-issuer", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key",
            "-cert", f"{name}.pem", "-ndays", "1", "-respout", f"{name}.ocsp")
    return folder / f"{name}.ocsp"


class Token:
    """A PKCS#11 token of its own (SoftHSM) below folder; private keys are moved into it from their files."""

    MODULE = "/usr/lib/softhsm/libsofthsm2.so"
    PIN = "5678"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "tokens").mkdir()
        (self.folder / "softhsm2.conf").write_text(f"directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\n")
        (self.folder / "pin").write_text(self.PIN + "\n")
        os.chmod(self.folder / "pin", 0o600)
        self.environment = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf"), "PKCS11_MODULE_PATH": self.MODULE}
        self.keys = 0
        self.run("--init-token", "--free", "--label", "aldis", "--so-pin", "1234", "--pin", self.PIN)

    def run(self, *arguments):
        subprocess.run(["softhsm2-util", *arguments], env={**os.environ, **self.environment}, check=True, capture_output=True)

    def take(self, name):
        """name.key of the folder goes into the token, and is no file any more; the key's URI (RFC 7512)."""
        self.keys += 1
        self.run("--import", str(self.folder / f"{name}.key"), "--token", "aldis", "--label", name, "--id", f"0{self.keys}", "--pin", self.PIN)
        (self.folder / f"{name}.key").unlink()
        return f"pkcs11:token=aldis;object={name};type=private"


def xmpp_name(address):
    """As OpenSSL writes an address in a subjectAltName (RFC 6120 13.7.1.4)."""
    return f"otherName:1.3.6.1.5.5.7.8.5;UTF8:{address}"


class Server:
    """A running server. host and ports say where; ca_file verifies it; add_user gives it an account."""

    host = "127.0.0.1"
    name = ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port, self.tls_port = free_ports(2)
        self.process = None
        self.ca_file = make_authority(self.folder)
        make_certificate(self.folder)
        self.rooms = ""  # A domain of rooms beside the others.
        self.pubsub = ""  # The same of nodes (XEP-0060).

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def start(self):
        self.configure()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        for port in (self.port, self.tls_port):
            while not self.answers(port):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise Failed(f"{self.name} did not start:\n{self.log()}")
                time.sleep(0.02)

    def answers(self, port):
        try:
            socket.create_connection((self.host, port), timeout=1).close()
        except OSError:
            return False
        return True

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM, and the exit code; killed and Failed if it takes too long or if the end is not a clean one."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop in {STOP_SECONDS} s:\n{self.log()}") from None
        self.process = None
        if code not in (0, -signal.SIGTERM):
            raise Failed(f"{self.name} ended with {code}:\n{self.log()}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @staticmethod
    def is_noise(element):
        """Stanzas that this server sends in addition, and rightly so; stories do not look at them."""
        return False

    def log(self):
        text = "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*log")))
        return text[-6000:]


class Prosody(Server):
    """Debian's prosody 0.12."""

    name = "prosody"

    def configure(self):
        (self.folder / "data").mkdir(exist_ok=True)
        hosts = "\n".join(f'VirtualHost "{domain}"\n  allow_registration = {"true" if domain == DOMAINS[1] else "false"}'
                          for domain in DOMAINS)
        rooms = f'Component "{self.rooms}" "muc"' if self.rooms else ""
        if self.pubsub:  # Only its administrators create nodes there.
            rooms += f'\nComponent "{self.pubsub}" "pubsub"\nadmins = {{ "juliet@{DOMAINS[0]}" }}'
        (self.folder / "prosody.cfg.lua").write_text(f"""-- Written by a test.
run_as_root = true
data_path = "{self.folder}/data"
pidfile = "{self.folder}/pid"
log = {{ info = "{self.folder}/prosody.log" }}
certificates = "{self.folder}"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{ {self.tls_port} }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "private", "vcard_legacy", "vcard4", "pep", "version", "uptime",
  "time", "ping", "register", "blocklist", "lastactivity", "offline", "smacks", "carbons", "mam" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_hashed"
c2s_require_encryption = true
allow_registration = false
registration_throttle_max = 1000
ssl = {{ certificate = "{self.folder}/server.pem", key = "{self.folder}/server.key" }}
{hosts}
{rooms}
""")

    @staticmethod
    def is_noise(element):
        # RFC 6121 4.3.2 lets a server say "unavailable" for a whole account; prosody does after each subscription stanza.
        return element.get("type") == "unavailable" and "/" not in element.get("from", "")

    def command(self):
        return ["prosody", "--config", self.folder / "prosody.cfg.lua", "-F"]

    def add_user(self, jid, password):
        user, domain = jid.split("@")
        subprocess.run(["prosodyctl", "--config", self.folder / "prosody.cfg.lua", "register", user, domain, password],
                       cwd=self.folder, check=True, capture_output=True)

class Aldis(Server):
    """The program under test."""

    name = "aldis"

    def __init__(self, folder, binary):
        super().__init__(folder)
        self.binary = pathlib.Path(binary).resolve()
        self.config = self.folder / "aldis.toml"
        self.settings = "[metrics]\nenabled = false\n"  # A story may change it and start the server again.
        self.client_certificates = "off"  # Of the first domain; the same, with cards of make_card.
        self.server_key = "server.key"    # Or the URI of a key in a token.

    def configure(self):
        domains = "".join(f"""
[[domain]]
name = "{domain}"
certificates = ["server.pem"]
keys = ["{self.server_key}"]
client_certificates = "{self.client_certificates if domain == DOMAINS[0] else "off"}"
client_anchors = ["ca.pem"]
[domain.extension.registration]
allow_registration = {"true" if domain == DOMAINS[1] else "false"}
""" for domain in DOMAINS)
        if self.rooms:
            domains += f"""
[[domain]]
name = "{self.rooms}"
serves = "rooms"
"""
        if self.pubsub:
            domains += f"""
[[domain]]
name = "{self.pubsub}"
serves = "pubsub"
"""
        self.config.write_text(f"""# Written by a test.
[server]
data_dir = "data"
shards = 2

[[listener]]
address = "{self.host}"
port = {self.port}
tls = "starttls"

[[listener]]
address = "{self.host}"
port = {self.tls_port}
tls = "direct"
{domains}
{self.settings}""")

    def command(self):
        return [self.binary, "--config", self.config, "serve"]

    def command_line(self, *arguments, text=""):
        """What an operator's command shows; it must succeed."""
        done = subprocess.run([self.binary, "--config", self.config, *arguments], input=text, text=True,
                              capture_output=True, timeout=START_SECONDS, cwd=self.folder)
        if done.returncode != 0:
            raise Failed(f"aldis {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def add_user(self, jid, password):
        self.command_line("user", "add", jid, text=password + "\n")


PROFILES = {"aldis": Aldis, "prosody": Prosody}


def make(name, folder, binary=None):
    """A server, not yet started; binary is the aldis program."""
    return Aldis(folder, binary) if name == "aldis" else PROFILES[name](folder)
