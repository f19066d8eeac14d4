#!/usr/bin/python3
"""The configuration in a directory: Debian's slapd with the schema of docs/schema holds entries that `aldis config export` wrote, and two servers
start with nothing but its address and a credential. One scene: they follow a change, refuse a wrong one, have the rooms that are entries, and start while the
directory is away.

    run.py --binary build/release/aldis
"""
import argparse
import asyncio
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "stories"))
import servers  # noqa: E402

try:
    import slixmpp
except ImportError:
    slixmpp = None

SLAPD = "/usr/sbin/slapd"
SUFFIX = "dc=example,dc=org"
BASE = f"cn=aldis,{SUFFIX}"
READER = f"cn=reader,{SUFFIX}"
SECONDS = 15   # until something must have happened


class Directory:
    """slapd with its configuration as entries, StartTLS on loopback, and one account that may read the configuration."""

    def __init__(self, folder, ca):
        self.folder, self.process = folder, None
        self.port = servers.free_ports(1)[0]
        self.url = f"ldap://127.0.0.1:{self.port}"
        for name in ("config", "data"):
            (folder / name).mkdir(parents=True)
        servers.make_certificate(ca, "directory", ["ldap.example.org"])
        ldif = f"""dn: cn=config
objectClass: olcGlobal
cn: config
olcTLSCACertificateFile: {ca}/ca.pem
olcTLSCertificateFile: {ca}/directory.pem
olcTLSCertificateKeyFile: {ca}/directory.key

dn: cn=module{{0}},cn=config
objectClass: olcModuleList
cn: module{{0}}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif

include: file://{ROOT}/docs/schema/aldis.ldif

dn: olcDatabase={{1}}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{1}}mdb
olcSuffix: {SUFFIX}
olcRootDN: cn=admin,{SUFFIX}
olcRootPW: admin
olcDbDirectory: {folder}/data
olcDbIndex: objectClass eq
olcAccess: {{0}}to attrs=userPassword by anonymous auth
olcAccess: {{1}}to dn.subtree="{BASE}" by dn.exact="{READER}" read
"""
        self.load(0, ldif)
        self.load(1, f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n"
                     f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: reader secret\n")

    def load(self, number, ldif):
        done = subprocess.run([SLAPD, "-T", "add", "-n", str(number), "-F", self.folder / "config"], input=ldif, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([SLAPD, "-F", self.folder / "config", "-d", "stats", "-h", self.url], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(lambda: answers(self.port), "slapd", self.process)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def change(self, ldif, tool="ldapmodify", wanted=0):
        done = subprocess.run([tool, "-x", "-H", self.url, "-D", f"cn=admin,{SUFFIX}", "-w", "admin"], input=ldif, text=True, capture_output=True,
                              env={**os.environ, "LDAPNOINIT": "1"})
        assert done.returncode == wanted, (done.returncode, done.stdout, done.stderr)

    def replace(self, dn, attribute, *values):
        self.change(f"dn: {dn},{BASE}\nchangetype: modify\nreplace: {attribute}\n" + "".join(f"{attribute}: {value}\n" for value in values))

    def new_serial(self, number):
        self.change(f"dn: {BASE}\nchangetype: modify\nreplace: aldisConfigurationSerial\naldisConfigurationSerial: {number}\n")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def wait(condition, what, process=None):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process is None or process.poll() is None, f"{what} ended"
        assert time.monotonic() < deadline, f"{what}: not in {SECONDS} s"
        time.sleep(0.05)


class Chat:
    """A server with nothing of its own but a folder."""

    def __init__(self, folder, binary, directory, name):
        self.folder, self.binary, self.name, self.process = folder / name, binary, name, None
        self.folder.mkdir()
        self.config = self.folder / "aldis.toml"
        self.port, self.metrics = servers.free_ports(2)
        (self.folder / "password").write_text("reader secret\n")
        (self.folder / "password").chmod(0o600)
        self.config.write_text(f'[configuration]\nservers = ["{directory.url}"]\nbase = "{BASE}"\nname = "{name}"\nbind_dn = "{READER}"\n'
                               f'password_file = "password"\nca_file = "../ca.pem"\nrefresh = "1s"\n')

    def whole_file(self, domain):
        """What it would have been without a directory."""
        path = self.folder / "whole.toml"
        path.write_text(f'[[listener]]\nport = {self.port}\n[metrics]\nport = {self.metrics}\n[[domain]]\nname = "{domain}"\n'
                        f'certificates = ["../server.pem"]\nkeys = ["../server.key"]\nadministrators = ["juliet@{domain}", "nurse@{domain}"]\n'
                        '[domain.extension.mam]\npage = 20\n'
                        f'[[domain]]\nname = "rooms.{domain}"\nserves = "rooms"\ncertificates = ["../server.pem"]\nkeys = ["../server.key"]\n'
                        '[[peer]]\ndomain = "verona.example"\nnext_hops = ["a.example:1", "b.example:1"]\n')
        return path

    def run(self, *arguments, config=None):
        done = subprocess.run([self.binary, "--config", config or self.config, *arguments], cwd=self.folder, text=True, capture_output=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.binary, "--config", self.config, "serve"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(lambda: answers(self.port), self.name, self.process)
        wait(lambda: self.run("status")[0] == 0, self.name, self.process)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(20) == 0, self.log()[-3000:]
            self.process = None

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def status(self):
        return self.run("status")[1]

    def gauge(self, name):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10).read().decode()
        return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def same(got, wanted):
    assert got == wanted, f"{got!r}\nis not\n{wanted!r}"


def has(text, *parts):
    for part in parts:
        assert part in text, f"there is no {part!r} in\n{text}"


def fill(directory, chats):
    """The files of today become entries: of each server its own, and something common to both."""
    for i, chat in enumerate(chats):
        code, ldif, said = chat.run("config", "export", "--base", BASE, "--name", chat.name, config=chat.whole_file(f"{chat.name}.example"))
        assert code == 0, said
        entries = [entry for entry in ldif.split("\n\n") if i == 0 or f"dn: {BASE}\n" not in entry]
        directory.change("\n\n".join(entries), "ldapadd")
    directory.change(f"dn: cn=common,{BASE}\nobjectClass: aldisConfigurationPart\ncn: common\n\n"
                     f"dn: cn=log,cn=common,{BASE}\nobjectClass: aldisLog\ncn: log\naldisLogRate: 1000\n", "ldapadd")


def scene(folder, binary):
    servers.make_authority(folder)
    servers.make_certificate(folder, "server", ["chat1.example", "chat2.example", "rooms.chat1.example", "rooms.chat2.example"])
    directory = Directory(folder / "slapd", folder)
    chats = [Chat(folder, binary, directory, name) for name in ("chat1", "chat2")]
    one, two = chats
    try:
        directory.start()
        fill(directory, chats)
        for chat in chats:
            chat.start()
            has(chat.status(), f"serving {chat.name}.example, rooms.{chat.name}.example; configuration: serial 1 of {BASE}")
        same(one.run("config", "diff")[0], 0)
        # As the file says it, and the log's rate besides.
        code, said, _ = one.run("config", "diff", "--from", one.folder / "whole.toml")
        same(code, 1)
        same(said, "[log] rate: 100 -> 1000\n")
        follow_a_change(directory, chats)
        refuse_a_wrong_one(directory, chats)
        have_its_rooms(directory, chats)
        start_without_it(directory, one)
    except AssertionError:
        for chat in chats:
            print(f"---- {chat.name}\n{chat.log()[-3000:] if (chat.folder / 'log').exists() else ''}")
        raise
    finally:
        for chat in chats:
            if chat.process is not None and chat.process.poll() is None:
                chat.stop()
        directory.stop()
    for chat in chats:
        assert "Sanitizer" not in chat.log(), chat.log()[-8000:]


def follow_a_change(directory, chats):
    one, two = chats
    domain = "cn=chat1.example,cn=domains,cn=chat1"
    directory.replace(domain, "aldisDomainAdministrators", "juliet@chat1.example")
    directory.replace("cn=log,cn=common", "aldisLogRate", "500")
    # It is not complete before the serial says so.
    code, said, warning = one.run("config", "diff")
    same((code, said), (1, '[[domain]] chat1.example administrators: ["juliet@chat1.example", "nurse@chat1.example"] -> ["juliet@chat1.example"]\n[log] rate: 1000 -> 500\n'))
    has(warning, "the serial is still 1")
    code, said, _ = one.run("reload")
    same(code, 0)
    has(said, "note: the entries have changed and aldisConfigurationSerial is still 1")
    assert "[log] rate" not in one.log(), one.log()
    directory.new_serial(2)
    for chat in chats:
        wait(lambda chat=chat: f"serial 2 of {BASE}" in chat.status(), f"the change at {chat.name}")
        has(chat.log(), "[log] rate")
    has(one.log(), "[[domain]] chat1.example administrators")
    assert "administrators" not in two.log(), two.log()
    same(one.run("config", "diff")[0], 0)


def refuse_a_wrong_one(directory, chats):
    one, two = chats
    peer = f"cn=verona.example,cn=peers,cn=chat1,{BASE}"
    # What is no number the directory itself does not take; what is no rule of ours nobody does.
    directory.change(f"dn: cn=log,cn=common,{BASE}\nchangetype: modify\nreplace: aldisLogRate\naldisLogRate: many\n", wanted=21)
    directory.change(f"dn: {peer}\nchangetype: modify\nreplace: aldisPeerDomain\naldisPeerDomain: chat1.example\n-\nreplace: aldisPeerDirection\naldisPeerDirection: sideways\n")
    directory.replace("cn=log,cn=common", "aldisLogRate", "700")
    code, _, said = one.run("config", "diff")
    same(code, 2)
    has(said, f"{peer}: aldisPeerDirection: [[peer]] direction must be one of")
    same(one.run("check", "--offline")[0], 3)
    directory.new_serial(3)
    wait(lambda: "audit-reload-refused" in one.log(), "a refusal")
    has(one.log(), "aldisPeerDirection")
    has(one.status(), "serial 2 of")
    wait(lambda: "serial 3 of" in two.status(), "the part that is right for the other")
    code, _, said = one.run("reload")
    same(code, 1)
    has(said, f"{peer}: aldisPeerDirection")
    directory.change(f"dn: {peer}\nchangetype: modify\nreplace: aldisPeerDomain\naldisPeerDomain: verona.example\n-\ndelete: aldisPeerDirection\n")
    directory.new_serial(4)
    wait(lambda: "serial 4 of" in one.status(), "the corrected change")


class Person(slixmpp.ClientXMPP if slixmpp else object):
    """An account of chat1.example, by a client that others wrote, in rooms of its service."""

    def __init__(self, chat, name):
        super().__init__(f"{name}@chat1.example", "a long password")
        self.name = name
        self.ca_certs = str(chat.folder.parent / "ca.pem")
        self.ssl_context.minimum_version = ssl.TLSVersion.TLSv1_2
        for plugin in ("xep_0004", "xep_0030", "xep_0045"):
            self.register_plugin(plugin)
        started = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: started.done() or started.set_result(True))
        self.connect(("127.0.0.1", chat.port), use_ssl=False, force_starttls=True)
        self.started = started
        self.presences = []
        self.add_event_handler("groupchat_presence", self.presences.append)

    async def ready(self):
        await asyncio.wait_for(self.started, SECONDS)
        self.send_presence()
        return self

    async def enters(self, room):
        """None: it is in. Otherwise why not."""
        try:
            await self["xep_0045"].join_muc_wait(room, self.name, timeout=SECONDS)
            return None
        except slixmpp.exceptions.PresenceError as error:
            return error.presence["error"]["condition"]

    async def sees(self, nickname, *parts):
        """A presence of an occupant from now on, or one that has come."""
        deadline = time.monotonic() + SECONDS
        while True:
            for presence in self.presences:
                text = str(presence).replace('"', "'")
                if presence["from"].resource == nickname and all(part in text for part in parts):
                    return
            assert time.monotonic() < deadline, (nickname, parts, [str(each) for each in self.presences])
            await asyncio.sleep(0.05)

    async def configures(self, room, **fields):
        """None: taken. Otherwise the condition and the words of the refusal."""
        form = self["xep_0004"].make_form(ftype="submit")
        form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/muc#roomconfig")
        for field, value in fields.items():
            form.add_field(var=f"muc#roomconfig_{field}", value=value)
        try:
            await self["xep_0045"].set_room_config(room, form, timeout=SECONDS)
            return None
        except slixmpp.exceptions.IqError as error:
            return error.condition, error.text


def have_its_rooms(directory, chats):
    """A room that is an entry: people enter, its owner is kept to what the entry says, and rights follow the entry."""
    one, two = chats
    if slixmpp is None:
        print("slixmpp is not installed: nobody enters the rooms")
        return
    room = "ops@rooms.chat1.example"
    names = ("juliet", "romeo")
    for name in names:
        done = subprocess.run([one.binary, "--config", one.config, "user", "add", f"{name}@chat1.example"], cwd=one.folder, input="a long password\n", text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
    entry = "cn=ops,cn=rooms,cn=chat1"
    directory.change(f"dn: cn=rooms,cn=chat1,{BASE}\nobjectClass: aldisConfigurationPart\ncn: rooms\n\n"
                     f"dn: {entry},{BASE}\nobjectClass: aldisRoom\ncn: ops\naldisRoomAddress: {room}\naldisRoomName: Operations\naldisRoomPublic: yes\n"
                     "aldisRoomMembersOnly: yes\naldisRoomOwners: juliet@chat1.example\n", "ldapadd")
    same(one.run("config", "diff")[1], f"[[room]] {room}: added\n")
    directory.new_serial(5)
    for chat in chats:   # the other has no such domain, and no such entry
        wait(lambda chat=chat: "serial 5 of" in chat.status(), f"the room at {chat.name}")

    async def story():
        juliet, romeo = [await Person(one, name).ready() for name in names]
        while "Operations" not in str(await juliet["xep_0030"].get_items("rooms.chat1.example", timeout=SECONDS)):   # made although nobody has asked
            await asyncio.sleep(0.2)
        same(await juliet.enters(room), None)
        same(await romeo.enters(room), "registration-required")
        condition, said = await juliet.configures(room, membersonly="0")
        same(condition, "not-acceptable")
        has(said, "muc#roomconfig_membersonly")
        same(await juliet.configures(room, changesubject="1", membersonly="1"), None)
        # Nothing before the serial says so.
        directory.change(f"dn: {entry},{BASE}\nchangetype: modify\nadd: aldisRoomMembers\naldisRoomMembers: romeo@chat1.example\n-\nreplace: aldisRoomModerated\naldisRoomModerated: yes\n")
        same(await romeo.enters(room), "registration-required")
        directory.new_serial(6)
        while await romeo.enters(room) is not None:
            await asyncio.sleep(0.2)
        await juliet.sees("romeo", "affiliation='member'")
        directory.change(f"dn: {entry},{BASE}\nchangetype: modify\ndelete: aldisRoomMembers\n-\nadd: aldisRoomOutcasts\naldisRoomOutcasts: romeo@chat1.example\n")
        directory.new_serial(7)
        await juliet.sees("romeo", "affiliation='outcast'", "code='301'")
        same(await romeo.enters(room), "forbidden")
        for person in (juliet, romeo):
            await asyncio.wait_for(person.disconnect(), SECONDS)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:   # slixmpp leaves some behind
            task.cancel()
    asyncio.get_event_loop().run_until_complete(asyncio.wait_for(story(), 60))

    def operators_are_refused():
        for command in (("destroy", room), ("affiliation", "set", room, "romeo@chat1.example", "member"), ("affiliation", "set", room, "juliet@chat1.example", "none")):
            code, _, said = one.run("room", *command)
            assert code != 0, (command, said)
            has(said, "[[room]]")
    operators_are_refused()
    has(one.log(), "audit-room-configured", "audit-room-affiliation")
    # The same on the store of a stopped server; and a start finds the room as it should be.
    one.stop()
    operators_are_refused()
    one.start()
    same(one.log().count("audit-room-created"), 1)
    # A contradiction is told with its entry; nothing changes.
    directory.replace(entry, "aldisRoomAdmins", "romeo@chat1.example")
    code, _, said = one.run("config", "diff")
    same(code, 2)
    has(said, f"{entry},{BASE}: aldisRoomOutcasts: [[room]] outcasts:", "is in admins already")
    directory.change(f"dn: {entry},{BASE}\nchangetype: delete\n")
    directory.new_serial(8)
    wait(lambda: "serial 8 of" in one.status(), "the end of the room's entry")
    wait(lambda: "room-no-longer-configured" in one.log(), "the end of the room's entry")
    code, said, _ = one.run("room", "show", room)
    same(code, 0)
    has(said, "Operations")
    directory.new_serial(4)
    wait(lambda: "serial 4 of" in one.status(), "the serial of before")


def start_without_it(directory, one):
    one.stop()
    directory.stop()
    one.start()
    has(one.status(), f"serving chat1.example, rooms.chat1.example; configuration: serial 4 of {BASE}, from the copy of ")
    has(one.log(), "audit-configuration-from-cache")
    same(one.gauge("aldis_configuration_from_cache"), 1)
    same(one.run("config", "diff")[0], 2)
    has(one.run("config", "show")[1], "from the copy", "rate = 700", "page = 20")
    directory.start()
    wait(lambda: one.gauge("aldis_configuration_from_cache") == 0, "the directory's answer")
    assert "from the copy" not in one.status(), one.status()
    one.stop()
    # A copy that is not what was written is nobody's configuration.
    directory.stop()
    copy = one.folder / "aldis-data" / "configuration.cache"
    same(copy.stat().st_mode & 0o777, 0o600)
    copy.write_text(copy.read_text().replace('"700"', '"701"'))
    code, _, said = one.run("serve")
    same(code, 3)
    has(said, "is damaged, and is not used", "the directory could not be asked")


def main():
    parser = argparse.ArgumentParser(description="the configuration in a directory")
    parser.add_argument("--binary", required=True, type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    arguments = parser.parse_args()
    if not pathlib.Path(SLAPD).exists() or shutil.which("ldapmodify") is None:
        print("slapd or ldap-utils is not installed")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aldis-configuration-"))
    begun = time.monotonic()
    try:
        scene(folder, arguments.binary)
    finally:
        if arguments.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"ok, {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
