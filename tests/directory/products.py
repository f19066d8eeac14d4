"""Directories of other makers, made and started for one test as the user who runs it: Debian's 389-ds by hand, without dscreate, which
writes to /etc and wants systemd; Debian's Samba as a domain controller of Active Directory, on a loopback address of its own, because its
LDAP has no other ports than 389 and 636."""
import base64
import pathlib
import re
import shutil

from directories import Directory, run   # first: it knows where the other is
import servers   # the stories' own module

NS_SLAPD = "/usr/sbin/ns-slapd"
SAMBA = "/usr/sbin/samba"


class Product(Directory):
    """One that speaks TLS alone."""

    @property
    def url(self):
        return f"ldaps://{self.host}:{self.tls_port}"

    def spawn(self, *command):
        super().spawn(*command, port=self.tls_port, seconds=40)

    def log(self):
        return super().log()[-4000:]


class Ds389(Product):
    """389 Directory Server (Red Hat Directory Server, the directory of FreeIPA)."""

    named = "uid"
    base = "dc=example,dc=org"
    people, groups = f"ou=people,{base}", f"ou=groups,{base}"
    service = f"cn=aldis,{base}"
    administrator, administrators_password = "cn=Directory Manager", "manager secret"

    def __init__(self, folder):
        super().__init__(folder)
        self.port, self.tls_port = servers.free_ports(2)
        names = {}
        for name in ("conf", "db", "lock", "tmp", "ldif", "bak", "run", "inst", "log"):
            names[f"{name}_dir"] = self.folder / name
            (self.folder / name).mkdir()
        shutil.copytree("/etc/dirsrv/schema", self.folder / "conf" / "schema")
        user = run("id", "-un").strip()
        values = {**names, "config_dir": names["conf_dir"], "cert_dir": names["conf_dir"], "schema_dir": self.folder / "conf" / "schema",
                  "db_home_dir": names["db_dir"], "db_lib": "bdb", "fqdn": "localhost", "ds_port": self.port, "ds_user": user, "rootdn": self.administrator,
                  "ds_passwd": run("pwdhash", "-s", "SSHA512", self.administrators_password).strip(), "ldapi_enabled": "off",
                  "ldapi": self.folder / "run" / "socket", "ldapi_autobind": "off", "ds_suffix": self.base}
        template = pathlib.Path("/usr/share/dirsrv/data/template-dse.ldif").read_text()
        config = re.sub(r"%([a-z_]+)%", lambda match: str(values[match.group(1)]), template)
        config = config.replace(f"nsslapd-port: {self.port}\n", f"nsslapd-port: {self.port}\nnsslapd-secureport: {self.tls_port}\nnsslapd-security: on\n"
                                "nsslapd-listenhost: 127.0.0.1\nnsslapd-securelistenhost: 127.0.0.1\nnsslapd-require-secure-binds: on\npasswordTrackUpdateTime: on\n")
        (self.folder / "conf" / "dse.ldif").write_text(config)
        self.make_certificates()

    def make_certificates(self):
        """The server keeps its key in a database of NSS."""
        ca, conf = self.folder.parent, self.folder / "conf"
        servers.make_certificate(ca, "ds389", ["ldap.example.org"])
        (conf / "pwdfile").write_text("token secret\n")
        (conf / "pin.txt").write_text("Internal (Software) Token:token secret\n")
        run("certutil", "-N", "-d", conf, "-f", conf / "pwdfile")
        run("openssl", "pkcs12", "-export", "-inkey", ca / "ds389.key", "-in", ca / "ds389.pem", "-certfile", ca / "ca.pem", "-name", "Server-Cert",
            "-out", conf / "key.p12", "-passout", "pass:transport")
        run("pk12util", "-i", conf / "key.p12", "-d", conf, "-k", conf / "pwdfile", "-W", "transport")
        run("certutil", "-A", "-d", conf, "-n", "CA", "-t", "CT,,", "-i", ca / "ca.pem", "-f", conf / "pwdfile")

    def start(self):
        self.spawn(NS_SLAPD, "-D", self.folder / "conf", "-i", self.folder / "run" / "pid", "-d", "0")

    def fill(self, entries):
        """A backend for the base, the service's entry, its rights, and these."""
        self.change(f"""dn: cn=example,cn=ldbm database,cn=plugins,cn=config
changetype: add
objectClass: top
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: example
nsslapd-suffix: {self.base}

dn: cn="{self.base}",cn=mapping tree,cn=config
changetype: add
objectClass: top
objectClass: extensibleObject
objectClass: nsMappingTree
cn: {self.base}
nsslapd-state: backend
nsslapd-backend: example

dn: {self.base}
changetype: add
objectClass: top
objectClass: domain
dc: example
aci: (targetattr="*")(version 3.0; acl "reads"; allow (read, search, compare) userdn="ldap:///{self.service}";)
aci: (targetattr="*")(version 3.0; acl "acts"; allow (proxy) userdn="ldap:///{self.service}";)
aci: (targetattr="mobile || jpegPhoto")(version 3.0; acl "own"; allow (write) userdn="ldap:///self";)

dn: {self.service}
changetype: add
objectClass: top
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: aldis
userPassword: service secret

dn: {self.people}
changetype: add
objectClass: organizationalUnit
ou: people

dn: {self.groups}
changetype: add
objectClass: organizationalUnit
ou: groups

""" + entries)

    def person(self, uid, password):
        return (f"dn: {self.dn(uid)}\nchangetype: add\nobjectClass: inetOrgPerson\ncn: {uid}\nsn: {uid}\nuid: {uid}\nuserPassword: {password}\n"
                f"mail: {uid}@example.org\nmobile: +39 1\n\n")

    def group(self, cn, members):
        return (f"dn: {self.group_dn(cn)}\nchangetype: add\nobjectClass: groupOfNames\ncn: {cn}\n{self.members(members)}\n")

    def disable(self, who):
        self.set(who, "nsAccountLock", "true")

    def set_password(self, who, password):
        self.set(who, "userPassword", password)


ADD_TO_SAMBA = """import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(url=sys.argv[2], session_info=system_session(), lp=settings)
database.transaction_start()
database.add_ldif(sys.stdin.read())
database.transaction_commit()
"""


class SambaDomain(Product):
    """Active Directory as Samba has it."""

    host, tls_port = "127.77.0.1", 636
    base = "DC=corp,DC=example"
    people = groups = f"CN=Users,{base}"
    service = "aldis@corp.example"
    administrator, administrators_password = "Administrator@corp.example", "Admin-Secret-1"

    def __init__(self, folder):
        super().__init__(folder)
        self.made = self.folder / "made"
        run("samba-tool", "domain", "provision", f"--targetdir={self.made}", "--realm=CORP.EXAMPLE", "--domain=CORP", "--server-role=dc",
            f"--adminpass={self.administrators_password}", "--dns-backend=NONE", "--host-name=dc1", f"--host-ip={self.host}",
            f"--option=interfaces={self.host}/8", "--option=bind interfaces only=yes")
        ca = self.folder.parent
        servers.make_card(ca, "dc1", f"IP:{self.host},DNS:dc1.corp.example", usage="serverAuth")
        self.kdc_port, kpasswd = servers.free_ports(2)
        (self.made / "run").mkdir(exist_ok=True)
        self.config = self.folder / "smb.conf"
        self.config.write_text(f"""[global]
netbios name = DC1
realm = CORP.EXAMPLE
workgroup = CORP
server role = active directory domain controller
server services = ldap, kdc
interfaces = {self.host}/8
bind interfaces only = yes
disable netbios = yes
old password allowed period = 0
private dir = {self.made}/private
state directory = {self.made}/state
cache directory = {self.made}/cache
lock directory = {self.made}
pid directory = {self.made}/run
ncalrpc dir = {self.made}/ncalrpc
winbindd socket directory = {self.made}/winbind
ntp signd socket directory = {self.made}/ntp
log file = {self.folder}/log
krb5 port = {self.kdc_port}
kpasswd port = {kpasswd}
tls enabled = yes
tls keyfile = {ca}/dc1.key
tls certfile = {ca}/dc1.pem
tls cafile = {ca}/ca.pem
""")

    def add_before_start(self, entries):
        """Many at once, into the database itself."""
        run("/usr/bin/python3", "-c", ADD_TO_SAMBA, self.config, self.made / "private" / "sam.ldb", text=entries)

    def start(self):
        self.spawn(SAMBA, "-F", "--no-process-group", "--debug-stdout", "-s", self.config)

    def fill(self, entries):
        self.change(self.person("aldis", "Service-Secret-1") + entries)

    @staticmethod
    def quoted(password):
        return base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()

    def person(self, uid, password):
        return (f"dn: {self.dn(uid)}\nchangetype: add\nobjectClass: user\ncn: {uid}\nsn: {uid}\nsAMAccountName: {uid}\nuserPrincipalName: {uid}@corp.example\n"
                f"userAccountControl: 512\nunicodePwd:: {self.quoted(password)}\nmail: {uid}@example.org\nmobile: +39 1\n\n")

    def group(self, cn, members):
        return (f"dn: {self.group_dn(cn)}\nchangetype: add\nobjectClass: group\ncn: {cn}\nsAMAccountName: {cn}\n{self.members(members)}\n")

    def disable(self, who):
        self.set(who, "userAccountControl", "514")

    def set_password(self, who, password):
        self.change(f"dn: {self.dn(who)}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: {self.quoted(password)}\n")

    def keytab(self, principal, path):
        self.set("aldis", "msDS-SupportedEncryptionTypes", "24")   # AES
        run("samba-tool", "spn", "add", principal, "aldis", "-s", self.config)
        run("samba-tool", "domain", "exportkeytab", path, f"--principal={principal}", "-s", self.config)
