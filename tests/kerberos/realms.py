"""MIT's KDC with two realms that trust each other, on loopback, as the user who runs the tests: databases, tickets and configuration
are in one folder, nothing of the machine is read, and no DNS is asked."""
import os
import pathlib
import signal
import subprocess
import sys

for each in ("stories", "support"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / each))
import servers  # noqa: E402  (the stories' own module)
from served import until_it_listens  # noqa: E402

VERONA = "VERONA.EXAMPLE"
PADUA = "PADUA.EXAMPLE"
KDC = "/usr/sbin/krb5kdc"
CLOCK_SKEW = 4   # seconds that the server's clock may differ, so that a test need not wait five minutes


class Realms:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        [self.port] = servers.free_ports(1)
        self.process = None
        realms = "".join(f"  {realm} = {{\n    kdc = 127.0.0.1:{self.port}\n  }}\n" for realm in (VERONA, PADUA))
        databases = "".join(f"""  {realm} = {{
    database_name = {self.folder}/{realm}.db
    key_stash_file = {self.folder}/{realm}.stash
    acl_file = {self.folder}/none
    max_life = 1d
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha256-128:normal
  }}
""" for realm in (VERONA, PADUA))
        usual = "[libdefaults]\n  dns_lookup_kdc = false\n  dns_lookup_realm = false\n  dns_canonicalize_hostname = false\n  rdns = false\n"
        self.config = self.folder / "krb5.conf"
        self.config.write_text(usual + f"  default_realm = {VERONA}\n  udp_preference_limit = 1\n\n[realms]\n{realms}\n[domain_realm]\n"
                               f"  .verona.example = {VERONA}\n  verona.example = {VERONA}\n  other.example = {VERONA}\n")
        # The server's own: it knows no KDC, because it needs none.
        self.server_config = self.folder / "server-krb5.conf"
        self.server_config.write_text(usual + f"  clockskew = {CLOCK_SKEW}\n")
        (self.folder / "kdc.conf").write_text(f"[kdcdefaults]\n  kdc_listen = 127.0.0.1:{self.port}\n  kdc_tcp_listen = 127.0.0.1:{self.port}\n\n"
                                              f"[realms]\n{databases}\n[logging]\n  kdc = FILE:{self.folder}/kdc.log\n")
        self.environment = {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}
        for realm in (VERONA, PADUA):
            self.run("kdb5_util", "-r", realm, "-P", "master", "create", "-s")

    def run(self, *command, text="", **more):
        done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, env={**self.environment, **more})
        assert done.returncode == 0, (command, done.stdout + done.stderr)
        return done.stdout

    def kadmin(self, *commands, realm=VERONA):
        said = self.run("kadmin.local", "-r", realm, text="\n".join(commands) + "\n")
        assert "WARNING: database" not in said, said
        return said

    def start(self):
        with open(self.folder / "krb5kdc.out", "ab") as out:
            self.process = subprocess.Popen([KDC, "-n", "-r", VERONA, "-r", PADUA, "-P", str(self.folder / "pid")], env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        until_it_listens(self.port, self.process, self.log)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None

    def log(self):
        return "".join((self.folder / name).read_text(errors="replace") for name in ("krb5kdc.out", "kdc.log") if (self.folder / name).exists())

    def person(self, name, life="1h"):
        """Tickets of somebody, by the keys in people.keytab: the cache's name."""
        cache = f"FILE:{self.folder}/{name.replace('/', '-')}-{life}.cc"
        self.run("kinit", "-k", "-t", str(self.folder / "people.keytab"), "-l", life, "-c", cache, name)
        return cache
