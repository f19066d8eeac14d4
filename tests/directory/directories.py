"""Directories that the tests start: Debian's slapd with people made here, and servers that only look like one."""
import base64
import hashlib
import hmac
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

for each in ("stories", "support"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / each))
import servers  # noqa: E402  (the stories' own module)
from served import until_it_listens  # noqa: E402

BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
SERVICE = f"cn=aldis,{BASE}"
SERVICE_PASSWORD = "service secret"
READER = f"cn=reader,{BASE}"   # as SERVICE, but it may not act as the people
SLAPD = "/usr/sbin/slapd"


def verifier(password, name="sha256", iterations=4096):
    """RFC 5803."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    stored = hashlib.new(name, hmac.new(salted, b"Client Key", name).digest()).digest()
    server = hmac.new(salted, b"Server Key", name).digest()
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-{name.upper().replace('SHA', 'SHA-')}${iterations}:{text[0]}${text[1]}:{text[2]}"


def policy(name, **rules):
    """Of passwords: draft-behera-ldap-password-policy-10."""
    return (f"dn: cn={name},{BASE}\nobjectClass: pwdPolicy\nobjectClass: device\ncn: {name}\npwdAttribute: userPassword\n"
            + "".join(f"{rule}: {value}\n" for rule, value in rules.items()) + "\n")


def under(name, **more):
    """Lines of a person whom the policy governs."""
    return f"pwdPolicySubentry: cn={name},{BASE}\n" + "".join(f"{attribute}: {value}\n" for attribute, value in more.items())


def person(uid, password, cn=None, more=""):
    keys = "".join(f"scramVerifier: {verifier(password, name)}\n" for name in ("sha256",))
    return (f"dn: {Slapd.dn(cn or uid)}\nobjectClass: inetOrgPerson\nobjectClass: scramPerson\ncn: {cn or uid}\nsn: {uid}\nuid: {uid}\n"
            f"userPassword: {password}\nmail: {uid}@example.org\n{more}{keys}\n")


def group(cn, members, kind="groupOfNames"):
    """Members are names of people, or of groups with a + before them; of a posixGroup they are uids."""
    text = f"dn: {Slapd.group_dn(cn)}\nobjectClass: {kind}\ncn: {cn}\ndescription: The {cn}\n"
    if kind == "posixGroup":
        return text + "gidNumber: 100\n" + "".join(f"memberUid: {uid}\n" for uid in members) + "\n"
    return text + Slapd.members(members, "uniqueMember" if kind == "groupOfUniqueNames" else "member") + "\n"


def run(*command, text=None, **environment):
    done = subprocess.run([str(word) for word in command], input=text, text=True, capture_output=True, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, (command, done.stdout + done.stderr)
    return done.stdout


class Directory:
    """One that a test makes and starts in a folder of its own. `people` and `groups` say where entries are, `named` by what; `administrator` may do
    everything there, over `url`."""

    host = "127.0.0.1"
    named = "cn"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.process = None

    @classmethod
    def dn(cls, who):
        return f"{cls.named}={who},{cls.people}"

    @classmethod
    def group_dn(cls, cn):
        return f"cn={cn},{cls.groups}"

    @classmethod
    def member_dn(cls, who):
        """Of somebody, or of a group with a + before its name."""
        return cls.group_dn(who[1:]) if who.startswith("+") else cls.dn(who)

    @classmethod
    def members(cls, those, attribute="member"):
        return "".join(f"{attribute}: {cls.member_dn(who)}\n" for who in those)

    def spawn(self, *command, port, seconds=20):
        with open(self.folder / "out", "ab") as out:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        until_it_listens(port, self.process, self.log, seconds, self.host)

    def stop(self):
        if self.process is not None:
            self.freeze(False)
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def freeze(self, is_frozen=True):
        self.process.send_signal(signal.SIGSTOP if is_frozen else signal.SIGCONT)
        deadline = time.monotonic() + 10
        while is_frozen and os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG) is None:   # until then its threads go on answering
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.001)

    def log(self):
        return (self.folder / "out").read_text(errors="replace")

    def client(self, command, *arguments, text=None):
        """A program of OpenLDAP's, as the administrator."""
        return run(command, "-x", "-H", self.url, "-D", self.administrator, "-w", self.administrators_password, *arguments, text=text, LDAPCONF="/dev/null",
                   LDAPTLS_CACERT=str(self.folder.parent / "ca.pem"))

    def change(self, ldif):
        """-c is not there: the first that fails ends the test."""
        self.client("ldapmodify", text=ldif)

    def set(self, who, attribute, value):
        text = f"{attribute}: {value}" if isinstance(value, str) else f"{attribute}:: {base64.b64encode(value).decode()}"
        self.change(f"dn: {self.dn(who)}\nchangetype: modify\nreplace: {attribute}\n{text}\n")

    def remove(self, who):
        self.change(f"dn: {self.dn(who)}\nchangetype: delete\n")

    def join(self, cn, who, is_in=True, attribute="member"):
        value = who if attribute == "memberUid" else self.member_dn(who)
        self.change(f"dn: {self.group_dn(cn)}\nchangetype: modify\n{'add' if is_in else 'delete'}: {attribute}\n{attribute}: {value}\n")


class Slapd(Directory):
    """OpenLDAP's server: ldap with StartTLS and ldaps on loopback. Its log counts what it was asked."""

    people, groups = PEOPLE, GROUPS
    administrator, administrators_password = f"cn=admin,{BASE}", "admin"

    def __init__(self, folder, people):
        super().__init__(folder)
        (self.folder / "data").mkdir()
        self.port, self.tls_port = servers.free_ports(2)
        ca = self.folder.parent
        servers.make_certificate(ca, "directory", ["ldap.example.org"])
        self.config = self.folder / "slapd.conf"
        schema = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson", "nis"))
        self.config.write_text(schema + f"""
attributetype ( 1.3.6.1.4.1.4203.666.11.99.1 NAME 'scramVerifier' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.4203.666.11.99.2 NAME 'scramPerson' SUP top AUXILIARY MAY scramVerifier )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
TLSCACertificateFile {ca}/ca.pem
TLSCertificateFile {ca}/directory.pem
TLSCertificateKeyFile {ca}/directory.key
TLSVerifyClient try
authz-regexp "^cn=([^,]*)$" "cn=$1,{BASE}"
authz-policy to
loglevel stats
database mdb
suffix "{BASE}"
rootdn "{self.administrator}"
rootpw {self.administrators_password}
directory {self.folder}/data
index objectClass,uid eq
overlay ppolicy
ppolicy_default "cn=policy,{BASE}"
ppolicy_use_lockout
limits dn.exact="{SERVICE}" size=unlimited
access to attrs=userPassword by self write by anonymous auth
access to attrs=scramVerifier by dn.exact="{SERVICE}" read
access to attrs=mobile,jpegPhoto,displayName by dn.exact="{SERVICE}" read by dn.exact="{READER}" read by self write
access to * by dn.exact="{SERVICE}" read by dn.exact="{READER}" read by self read
""")
        ldif = (f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n"
                f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
                f"dn: {GROUPS}\nobjectClass: organizationalUnit\nou: groups\n\n"
                + policy("policy") + policy("short-lived", pwdMaxAge=3600) + policy("graceful", pwdMaxAge=3600, pwdGraceAuthNLimit=3)
                + policy("ending", pwdMaxAge=8 * 86400, pwdExpireWarning=8 * 86400)
                + policy("strict", pwdMustChange="TRUE", pwdInHistory=2, pwdMinLength=10, pwdCheckQuality=1)
                + policy("locking", pwdLockout="TRUE", pwdMaxFailure=2) + policy("safe", pwdSafeModify="TRUE")
                + policy("fixed", pwdAllowUserChange="FALSE") +
                f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: aldis\n"
                f"userPassword: {SERVICE_PASSWORD}\nauthzTo: dn.children:{PEOPLE}\n\n"
                f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n"
                f"userPassword: {SERVICE_PASSWORD}\n\n" + "".join(people))
        done = subprocess.run([SLAPD, "-T", "add", "-f", self.config], input=ldif, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    def start(self):
        self.spawn(SLAPD, "-f", self.config, "-d", "stats", "-h", f"{self.url} ldaps://127.0.0.1:{self.tls_port}", port=self.port)

    def add(self, entry):
        self.change(entry.replace("\nobjectClass", "\nchangetype: add\nobjectClass", 1))

    def entry(self, cn):
        """All attributes, as text or, of jpegPhoto, as bytes."""
        found = self.client("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", self.dn(cn), "-s", "base", "*", "modifyTimestamp")
        values = {}
        for line in found.splitlines():
            name, _, value = line.partition(":")
            if name:
                raw = base64.b64decode(value[1:]) if value.startswith(":") else value.strip().encode()
                values.setdefault(name, []).append(raw if name == "jpegPhoto" else raw.decode())
        return {name: sorted(all) for name, all in values.items()}

    def get(self, cn, attribute):
        return self.entry(cn).get(attribute, [])


class Pretender:
    """Listens like a directory on loopback, and then: "hang" says nothing, "garbage" what nobody can read, "drip" the beginning of an
    answer, a byte at a time, "refer" lets everybody in and sends every search elsewhere, "drop" ends StartTLS's connection."""

    def __init__(self, manner):
        self.manner = manner
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = 0
        self.time_limits = []   # of searches, in seconds ("refer" reads them)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            while True:
                request = connection.recv(65536)
                if not request or self.manner == "drop":
                    return connection.close()
                if self.manner == "garbage":
                    connection.sendall(b"\x30\x05\x99\xff\x00\x12\x34HTTP/1.1 200 OK\r\n\r\n" * 20)
                elif self.manner == "drip":
                    for byte in b"\x30\x84\x00\x00\x10\x00" + b"\x02\x01" * 500:
                        connection.sendall(bytes([byte]))
                        time.sleep(0.3)
                elif self.manner == "refer":
                    number, kind = re.match(rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x84....)\x02\x01(.)(.)", request, re.S).groups()
                    number, kind = number[0], kind[0]
                    if kind == 0x60:    # BindRequest: success
                        connection.sendall(bytes([0x30, 0x0c, 2, 1, number, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]))
                    elif kind == 0x63:  # SearchRequest (RFC 4511 section 4.5.1): referral
                        self.time_limits.append(re.search(rb"\x0a\x01[\x00-\x02]\x0a\x01[\x00-\x03]\x02\x01.\x02\x01(.)", request, re.S)[1][0])
                        where = b"ldap://127.0.0.1:1/"
                        body = bytes([10, 1, 10, 4, 0, 4, 0, 0xa3, len(where) + 2, 4, len(where)]) + where
                        body = bytes([2, 1, number, 0x65, len(body)]) + body
                        connection.sendall(bytes([0x30, len(body)]) + body)
        except OSError:
            pass

    def close(self):
        self.listener.close()
