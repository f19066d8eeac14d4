"""Tests of the command line on the real program: first run, checks and what they say, commands with and without a server."""
import base64
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Operation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "aldis.toml"
        self.server = None
        self.addCleanup(self.stop)

    def aldis(self, *arguments, text=None, code=0):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, input=text or "", text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, code, f"aldis {arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def first_run(self):
        shown = self.aldis("init", "--demo")
        text = self.config.read_text()
        for port in ("5222", "5223"):
            text = text.replace(f"\nport = {port}\n", f"\nport = {free_port()}\n")
        text = re.sub(r"\n# port = 9422\n", f"\nport = {free_port()}\n", text)
        self.config.write_text(text)
        return shown

    def serve(self, **environment):
        with open(self.folder / "log", "ab") as log:
            self.server = subprocess.Popen([PROGRAM, "serve"], cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True,
                                           env={**os.environ, **environment})
        greeting = ""
        while "Accounts:" not in greeting:
            line = self.server.stdout.readline()
            self.assertTrue(line, (self.folder / "log").read_text())
            greeting += line
        return greeting

    def stop(self):
        if self.server is None:
            return None
        self.server.send_signal(signal.SIGTERM)
        code = self.server.wait(15)
        self.server.stdout.close()
        self.server = None
        return code

    def test_check_tls_says_what_is_spoken(self):
        """What --tls shows is what OpenSSL's s_client can agree on with the running server, before a reload and after it."""
        self.first_run()
        text = self.config.read_text()
        self.assertIn('\n# profile = "modern"\n', text)
        self.config.write_text(text.replace('\n# profile = "modern"\n', '\nprofile = "nist"\ngroups = ["P-384", "P-256"]\n'))
        self.serve()

        def agrees(port, *offer):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", "xmpp-client", *offer], input="", text=True,
                                  capture_output=True, timeout=20)
            return "Cipher is (NONE)" not in done.stdout and "Cipher is" in done.stdout

        suites = {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"}
        for groups in ({"P-384", "P-256"}, {"P-384"}):
            direct = next(row for row in json.loads(self.aldis("check", "--tls", "--json")) if row["tls"] == "direct")
            self.assertEqual((direct["profile"], set(direct["groups"]), direct["versions"]), ("nist", groups, ["TLSv1.2", "TLSv1.3"]))
            self.assertEqual({suite for suite in direct["suites"] if suite.startswith("TLS_")}, suites)
            self.assertEqual(direct["not-encrypting"], [])
            port = int(direct["where"].split()[-1])
            for group in ("P-384", "P-256", "P-521", "X25519"):
                self.assertEqual(agrees(port, "-groups", group), group in groups, group)
            for suite in ("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"):
                self.assertEqual(agrees(port, "-groups", "P-384", "-tls1_3", "-ciphersuites", suite), suite in suites, suite)
            self.assertFalse(agrees(port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"))
            if len(groups) == 2:
                self.config.write_text(self.config.read_text().replace('groups = ["P-384", "P-256"]', 'groups = ["P-384"]'))
                self.assertIn("[tls] groups", self.aldis("reload"))
        self.config.write_text(self.config.read_text().replace('groups = ["P-384"]', 'groups = ["X25519"]'))
        self.assertIn('is none of the profile nist', self.aldis("check", "--offline", code=3))
        self.aldis("check", "--tls", code=3)
        self.assertEqual(self.stop(), 0)

    def test_a_ticket_is_for_who_has_logged_in(self):
        """TLS sessions are resumed by a ticket that goes with the answer to a session's first stanza; a stranger is given none."""
        shown = self.first_run()
        password = re.search(r"juliet@localhost\s+password ([a-z2-7]{16})", shown)[1]
        port = int(re.search(r"\nport = (\d+)\ntls = \"direct\"", self.config.read_text())[1])
        self.serve()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE   # the demo's certificate is its own
        context.set_alpn_protocols(["xmpp-client"])

        def log_in(session=None):
            """A bound stream, its tickets told before and after the first stanza was answered."""
            with socket.create_connection(("127.0.0.1", port), timeout=20) as plain, context.wrap_socket(plain, server_hostname="localhost",
                                                                                                         session=session) as stream:
                def ask(text, mark):
                    stream.sendall(text.encode())
                    seen = ""
                    while mark not in seen:
                        more = stream.recv(65536)
                        self.assertTrue(more, seen)
                        seen += more.decode()

                header = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
                proof = base64.b64encode(f"\0juliet\0{password}".encode()).decode()
                ask(header, "</stream:features>")
                ask(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>", "<success")
                ask(header, "</stream:features>")
                ask("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "</iq>")
                before = stream.session.has_ticket
                ask("<iq type='get' id='2'><query xmlns='jabber:iq:roster'/></iq>", "id='2'")
                return before, stream.session.has_ticket, stream.session_reused, stream.session

        before, after, reused, session = log_in()
        self.assertEqual((before, after, reused), (False, True, False))
        self.assertTrue(log_in(session)[2])
        self.assertEqual(self.stop(), 0)

    def test_first_run_makes_all_that_serving_needs(self):
        shown = self.first_run()
        passwords = re.findall(r"(\w+)@localhost\s+password ([a-z2-7]{16})", shown)
        self.assertEqual([name for name, _ in passwords], ["juliet", "romeo"])
        for _, password in passwords:  # Shown once, kept nowhere.
            for path in self.folder.rglob("*"):
                self.assertFalse(path.is_file() and password.encode() in path.read_bytes(), path)
        for path in (self.folder / "aldis-data").iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)
        self.assertEqual(stat.S_IMODE((self.folder / "aldis-data").stat().st_mode), 0o700)
        self.assertEqual(self.aldis("init", "--demo", "--if-missing"), "")
        self.assertIn("not touched", self.aldis("init", code=1))
        self.assertNotIn("error", self.aldis("check"))

    def test_commands_act_on_the_store_and_on_the_server(self):
        self.first_run()
        for where in ("store", "server"):
            if where == "server":
                self.assertIn("NAME@localhost", self.serve())
            name = f"nurse-{where}@localhost"
            self.aldis("user", "add", name, text="a long password\n")
            self.assertIn("exists already", self.aldis("user", "add", name, text="a long password\n", code=1))
            self.aldis("user", "passwd", name, text="another password\n")
            self.assertIn("nothing was given", self.aldis("user", "passwd", name, code=1))
            self.aldis("user", "disable", name)
            listed = {row["account"]: row for row in json.loads(self.aldis("user", "list", "--json"))}
            self.assertIs(listed[name]["enabled"], False)
            self.assertIs(listed["juliet@localhost"]["enabled"], True)
            self.aldis("user", "enable", name)
            self.assertIn("locked-out", self.aldis("user", "show", name))
            self.assertIn("forgotten", self.aldis("user", "unlock", name))
            self.assertIn("no account", self.aldis("user", "unlock", "nobody@localhost", code=1))
            self.aldis("motd", "set", "localhost", f"From the {where}\nin two lines")
            self.assertIn(f"From the {where}\nin two lines\n", self.aldis("motd", "show", "localhost"))
            self.assertIn("not served here", self.aldis("motd", "set", "elsewhere.example", "x", code=1))
            self.aldis("motd", "delete", "localhost")
            self.assertIn("no message of the day", self.aldis("motd", "delete", "localhost", code=1))
            self.aldis("user", "delete", name)
            self.assertIn("no account", self.aldis("user", "delete", name, code=1))
            (self.folder / "list").write_text("a@localhost\tpassword one\nb@elsewhere.example\tpassword two\n")
            shown = self.aldis("user", "import", "list", code=1)
            self.assertIn("1 accounts added, 1 lines refused", shown)
            self.assertNotIn("password", shown)
            self.aldis("user", "delete", "a@localhost")
        self.assertEqual(json.loads(self.aldis("session", "list", "--json")), [])
        self.assertIn("has no session", self.aldis("session", "kick", "juliet@localhost", code=1))
        self.assertIn("running for", self.aldis("status"))
        self.assertEqual(self.stop(), 0)
        self.assertIn("not running", self.aldis("session", "list", code=4))
        self.assertIn("not running", self.aldis("reload", code=4))
        log = (self.folder / "log").read_text()
        self.assertIn("audit-operator-command", log)
        self.assertNotIn("password one", log)  # security O02
        self.assertNotIn("a long password", log)

    def test_a_password_is_never_an_argument(self):
        self.first_run()
        self.aldis("user", "add", "nurse@localhost", "secret-password", code=2)
        self.assertIn("nurse is no account's address", self.aldis("user", "add", "nurse", code=1))  # Before it is asked for.

    def test_what_is_no_command_is_named(self):
        self.assertIn('there is no command "frob"', self.aldis("frob", code=2))
        self.assertIn('there is no command "frob"', self.aldis("user", "frob", code=2))

    def test_reload_applies_names_and_refuses(self):
        self.first_run()
        self.serve()
        text = self.config.read_text()
        self.config.write_text(text.replace('# level = "info"', 'level = "debug"').replace("# shards = 0", "shards = 3"))
        shown = self.aldis("reload")
        self.assertIn("applied: [log] level", shown)
        self.assertIn("needs a restart: [server] shards", shown)
        self.config.write_text(text + "\n[nonsense]\n")
        refused = self.aldis("reload", code=1)
        self.assertIn("the old configuration stays in force", refused)
        self.assertRegex(refused, r"aldis\.toml:\d+:2: unknown section")
        self.config.write_text(text)
        os.chmod(self.folder / "aldis-data/key.pem", 0o644)
        self.assertIn("key.pem", self.aldis("reload", code=1))
        self.assertEqual(self.stop(), 0)

    def test_what_is_wrong_is_found_and_said_how_to_mend(self):
        self.first_run()
        key = self.folder / "aldis-data/key.pem"
        os.chmod(key, 0o644)  # security O03
        self.assertIn("-> chmod 600", self.aldis("check", "--offline", code=1))
        self.assertIn("key.pem", self.aldis("serve", code=1))
        os.chmod(key, 0o600)
        port = int(re.search(r"\nport = (\d+)\n", self.config.read_text())[1])
        with socket.create_server(("127.0.0.1", port)):
            found = json.loads(self.aldis("check", "--offline", "--json", code=1))
            self.assertTrue(any(row["severity"] == "error" and str(port) in row["what"] and row["mend"] for row in found), found)
            self.assertIn(str(port), self.aldis("serve", code=1))
        text = self.config.read_text()
        self.assertNotIn("encryption", self.aldis("check", "--offline"))
        self.config.write_text(text.replace("\n[[listener]]\n", "\n[[listener]]\nallow_integrity_only = true\n", 1))
        found = self.aldis("check", "--offline")  # security T08: a warning, for one listener of two
        self.assertRegex(found, rf"warning  listener \S+ port {port} lets clients do without encryption \(ECDHE-ECDSA-NULL-SHA, ")
        self.assertEqual(found.count("lets clients do without encryption"), 1)
        self.config.write_text(text.replace('name = "localhost"', 'name = "other.example"'))
        self.assertIn("is not for other.example", self.aldis("check", "--offline", code=1))
        self.config.write_text("[log]\nlevle = 1\n")
        for command in (("check",), ("serve",), ("user", "list")):
            self.assertIn('aldis.toml:2:1: unknown key "levle"; did you mean "level"?', self.aldis(*command, code=3))

    def test_one_server_at_a_time_and_another_after_a_kill(self):
        self.first_run()
        self.serve()
        self.assertIn("running already", self.aldis("serve", code=1))
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()
        self.assertIn("juliet@localhost", self.aldis("user", "list"))
        self.serve()
        self.assertEqual(self.stop(), 0)

    def test_the_supervisor_is_told(self):
        self.first_run()
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(path)
            supervisor.settimeout(10)
            self.serve(NOTIFY_SOCKET=path)
            self.assertEqual(supervisor.recv(100), b"READY=1")
            self.server.send_signal(signal.SIGHUP)
            self.assertRegex(supervisor.recv(100), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(supervisor.recv(100), b"READY=1")
            self.assertEqual(self.stop(), 0)
            self.assertEqual(supervisor.recv(100), b"STOPPING=1")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
