# Debian's slapd with as many people as the servers have accounts elsewhere, for `compare --directory`: without TLS, on loopback.
import base64
import os
import random
import re
import socket
import ssl
import subprocess
import threading
import time

BASE = "dc=load,dc=test"
PEOPLE = f"ou=people,{BASE}"
SERVICE = f"cn=service,{BASE}"
SERVICE_PASSWORD = "service-password"


class Slapd:
    """user0 … user{users-1} below PEOPLE with one password; SERVICE may read them. `preexec`: of its process."""

    def __init__(self, work, users, password, port, preexec):
        self.work = os.path.join(work, "slapd")
        self.users, self.password, self.port, self.preexec = users, password, port, preexec
        self.process = None

    def start(self):
        os.makedirs(os.path.join(self.work, "data"))
        config = os.path.join(self.work, "slapd.conf")
        schema = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
        with open(config, "w", encoding="utf-8") as file:
            file.write(schema + f"""\
modulepath /usr/lib/ldap
moduleload back_mdb
loglevel none
threads 4
database mdb
maxsize 268435456
suffix "{BASE}"
rootdn "cn=admin,{BASE}"
rootpw admin
directory {self.work}/data
index objectClass,uid,entryUUID,modifyTimestamp eq
limits dn.exact="{SERVICE}" size=unlimited
access to attrs=userPassword by anonymous auth
access to * by dn.exact="{SERVICE}" read by users read
""")
        people = "".join(f"dn: uid=user{i},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: user{i}\ncn: User {i}\nsn: {i}\n"
                         f"userPassword: {self.password}\n\n" for i in range(self.users))
        ldif = (f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: load\ndc: load\n\n"
                f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
                f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: service\n"
                f"userPassword: {SERVICE_PASSWORD}\n\n" + people)
        subprocess.run(["/usr/sbin/slapd", "-T", "add", "-q", "-f", config], input=ldif, text=True, check=True, capture_output=True, timeout=300)
        with open(os.path.join(self.work, "output.log"), "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/slapd", "-f", config, "-d", "none", "-h", f"ldap://127.0.0.1:{self.port}"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.preexec)
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"slapd does not listen; see {self.work}/output.log")
            time.sleep(0.1)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


class SlowProxy:
    """Between a server and its directory: every answer comes `delay` seconds late."""

    def __init__(self, to_port):
        self.to_port, self.delay = to_port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            directory = socket.create_connection(("127.0.0.1", self.to_port))
            threading.Thread(target=self._pass, args=(client, directory, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(directory, client, True), daemon=True).start()

    def _pass(self, source, target, is_answer):
        try:
            while data := source.recv(65536):
                if is_answer and self.delay:
                    time.sleep(self.delay)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Crowd:
    """So many threads that log in by PLAIN over direct TLS, again and again, until stopped. Counts what they are told."""

    def __init__(self, port, domain, password, threads):
        self.port, self.domain, self.password = port, domain, password
        self.answers = {}
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._loop, args=(i,), daemon=True) for i in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        """{answer: how many}"""
        self.is_over.set()
        for thread in self.threads:
            thread.join(30)
        return self.answers

    def _loop(self, number):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        proof = base64.b64encode(f"\0user{number}\0{self.password}".encode()).decode()
        while not self.is_over.is_set():
            answer = "no answer"
            try:
                with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=20), server_hostname=self.domain) as stream:
                    stream.sendall((f"<stream:stream to='{self.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
                                    f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>").encode())
                    text = b""
                    while not (found := re.search(rb"<success|<failure[^>]*><([a-z-]+)", text)):
                        data = stream.recv(65536)
                        if not data:
                            break
                        text += data
                    answer = (found.group(1) or b"success").decode() if found else answer
            except OSError:
                pass
            with self.lock:
                self.answers[answer] = self.answers.get(answer, 0) + 1
            self.is_over.wait(random.uniform(0.1, 0.3))  # so that those who were told together do not come together
