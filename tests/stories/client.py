"""A small XMPP client for tests: RFC 6120 over STARTTLS or direct TLS, one blocking socket, standard library only.

It can send any bytes at any moment, and it keeps every byte it received. What it reads passes expat, which is strict.
Stanzas are compared with patterns (see matches); what a story does not expect makes it fail. It retries nothing.
"""
import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import time
import xml.etree.ElementTree as ET

STREAMS = "http://etherx.jabber.org/streams"
CLIENT = "jabber:client"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
SASL2 = "urn:xmpp:sasl:2"
FAST = "urn:xmpp:fast:0"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
PATIENCE = 15.0  # Seconds for an answer that must come; long, because a build may be using the machine.
QUIET = 0.15     # Seconds of silence, after a round trip, that count as "nothing".


class Unexpected(AssertionError):
    """The server did something else than the story says."""


class Refused(Unexpected):
    """SASL failure; condition names it."""

    def __init__(self, condition):
        super().__init__(f"authentication refused: {condition}")
        self.condition = condition


class Closed(Unexpected):
    """The stream ended; condition is the stream error's, or None if there was none."""

    def __init__(self, condition):
        super().__init__(f"the stream was closed: {condition or 'without an error'}")
        self.condition = condition


def local(element):
    return element.tag.rpartition("}")[2]


def shown(element):
    return ET.tostring(element, encoding="unicode")


def matches(pattern, element):
    """Whether element has pattern's name, attributes, text and children; element may have more attributes and children.

    In a pattern an attribute '*' must be present, and '-' must be absent; white space around text does not count.
    """
    if pattern.tag != element.tag:
        return False
    for name, value in pattern.attrib.items():
        found = element.get(name)
        if value == "-" and found is not None or value == "*" and found is None:
            return False
        if value not in ("-", "*") and found != value:
            return False
    text = (pattern.text or "").strip()
    if text and text != (element.text or "").strip():
        return False
    left = list(element)
    for child in pattern:
        found = next((other for other in left if matches(child, other)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def pattern_of(text):
    return ET.fromstring(f"<pattern xmlns='{CLIENT}' xmlns:stream='{STREAMS}'>{text}</pattern>")[0]


class Client:
    """One connection. address is (host, port); domain is the stream's 'to'; ca_file verifies the server's certificate."""

    def __init__(self, address, domain, ca_file):
        self.domain = domain
        self.ca_file = ca_file
        self.jid = None
        self.received = b""
        self.features = None
        self.success = None   # XEP-0388's, after authenticate2
        self._sasl2 = None    # What goes into <authenticate/> besides the initial response; None: RFC 6120's profile.
        self.inbox = []
        self.ignores = lambda element: False  # What never enters the inbox: see servers.Server.is_noise.
        self.ended = False
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._new_parser()

    # -- bytes --

    def send(self, data):
        """Sends exactly this: bytes as they are, text as UTF-8."""
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def start_tls_now(self, alpn=("xmpp-client",), ciphers=None, card=None):
        """Runs the handshake; the server's certificate must be good for the domain. ciphers: of TLS 1.2, and nothing else.

        card: the files of our own certificate and its key.
        """
        context = ssl.create_default_context(cafile=self.ca_file)
        if card:
            context.load_cert_chain(*card)
        if ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self.socket.settimeout(PATIENCE)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)
        self._new_parser()

    def close(self):
        """Drops the connection without a word."""
        self.socket.close()

    def _new_parser(self):
        self.header = None
        self._parser = ET.XMLPullParser(events=("start", "end"))
        self._depth = 0
        self._root = None

    def _read(self, timeout):
        """Reads what there is into the inbox; False if the time passed or the connection ended."""
        if self.ended:
            return False
        self.socket.settimeout(max(timeout, 0.001))
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError:  # A reset, or TLS cut without close_notify: the end either way.
            data = b""
        if not data:
            self.ended = True
            return False
        self.received += data
        self._parser.feed(data)
        try:
            events = list(self._parser.read_events())
        except ET.ParseError as error:
            raise Unexpected(f"{self.jid or self.domain}: what the server sent is not XML: {error}") from error
        for event, element in events:
            if event == "start":
                if self._depth == 0:
                    self._root = self.header = element
                self._depth += 1
                continue
            self._depth -= 1
            if self._depth == 1:
                self._root.remove(element)
                if not self.ignores(element):
                    self.inbox.append(element)
        return True

    def fill(self, timeout=QUIET):
        """Reads until nothing has come for that long."""
        while self._read(timeout):
            pass

    # -- stanzas --

    def next(self, timeout=PATIENCE):
        """The next top-level element. Raises Closed on a stream error or the end of the stream."""
        deadline = time.monotonic() + timeout
        while not self.inbox:
            if not self._read(deadline - time.monotonic()):
                if self.ended and not self.inbox:
                    raise Closed(None)
                if time.monotonic() >= deadline:
                    raise Unexpected(f"{self.jid or self.domain}: nothing came in {timeout} s")
        element = self.inbox.pop(0)
        if element.tag == f"{{{STREAMS}}}error":
            raise Closed(next((local(child) for child in element if child.tag.startswith(f"{{{STREAM_ERRORS}}}")), None))
        return element

    def receives(self, *patterns):
        """The next stanzas are exactly these, in any order among themselves; gives them back in the patterns' order."""
        found = {}
        for _ in patterns:
            try:
                element = self.next()
            except Closed:
                raise
            except Unexpected as problem:
                missing = "\n  ".join(text for index, text in enumerate(patterns) if index not in found)
                raise Unexpected(f"{problem}; expected\n  {missing}") from problem
            for index, text in enumerate(patterns):
                if index not in found and matches(pattern_of(text), element):
                    found[index] = element
                    break
            else:
                missing = "\n  ".join(text for index, text in enumerate(patterns) if index not in found)
                raise Unexpected(f"{self.jid}: got\n  {shown(element)}\nexpected\n  {missing}")
        return found[0] if len(patterns) == 1 else [found[index] for index in range(len(patterns))]

    def receives_error(self, stanza_id, condition, kind="*"):
        """The next stanza is an error for the stanza with this id."""
        element = self.next()
        error = element.find(f"{{{CLIENT}}}error")
        if element.get("type") != "error" or element.get("id") != stanza_id or error is None:
            raise Unexpected(f"{self.jid}: got\n  {shown(element)}\nexpected an error for {stanza_id}")
        if error.find(f"{{{STANZA_ERRORS}}}{condition}") is None or kind not in ("*", error.get("type")):
            raise Unexpected(f"{self.jid}: got\n  {shown(error)}\nexpected {condition} ({kind})")
        return element

    def sees_nothing(self):
        """Nothing arrived, nor arrives in a moment after the server answered a question asked now."""
        if self.inbox:
            raise Unexpected(f"{self.jid}: should see nothing, saw\n  {shown(self.inbox[0])}")
        self.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to=self.domain, any_answer=True)
        self.fill()
        if self.inbox:
            raise Unexpected(f"{self.jid}: should see nothing, saw\n  {shown(self.inbox[0])}")

    def is_closed_with(self, condition):
        """The next thing is this stream error, and then the server closes."""
        try:
            element = self.next()
        except Closed as closed:
            if closed.condition != condition:
                raise
        else:
            raise Unexpected(f"{self.jid}: got\n  {shown(element)}\nexpected the stream error {condition}")
        deadline = time.monotonic() + PATIENCE
        while not self.ended and time.monotonic() < deadline:
            self._read(1)
        if not self.ended:
            raise Unexpected(f"{self.jid}: after {condition} the connection stays open")

    def iq(self, kind, payload, to=None, any_answer=False):
        """Asks, and gives back the answer; other stanzas stay in the inbox. Fails on an error unless any_answer."""
        stanza_id = secrets.token_hex(6)
        address = f" to='{to}'" if to else ""
        self.send(f"<iq type='{kind}' id='{stanza_id}'{address}>{payload}</iq>")
        before, deadline = [], time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            element = self.next()
            if element.tag == f"{{{CLIENT}}}iq" and element.get("id") == stanza_id:
                self.inbox = before + self.inbox
                if element.get("type") != "result" and not any_answer:
                    raise Unexpected(f"{self.jid}: {payload}\nwas answered\n  {shown(element)}")
                return element
            before.append(element)
        raise Unexpected(f"{self.jid}: no answer to {payload}")

    # -- negotiation --

    def open_stream(self, to=None, declaration="<?xml version='1.0'?>", sender=None):
        """Opens a stream, anew if there is one, and reads the features."""
        self._new_parser()
        sender = f" from='{sender}'" if sender else ""
        self.send(f"{declaration}<stream:stream to='{to or self.domain}'{sender} version='1.0' xml:lang='en' "
                  f"xmlns='{CLIENT}' xmlns:stream='{STREAMS}'>")
        self.features = self.next()
        if self.features.tag != f"{{{STREAMS}}}features":
            raise Unexpected(f"expected features, got {shown(self.features)}")
        return self.features

    def starttls(self):
        self.send(f"<starttls xmlns='{TLS}'/>")
        self.receives(f"<proceed xmlns='{TLS}'/>")
        self.start_tls_now(alpn=())

    def mechanisms(self):
        return [each.text for each in self.features.iterfind(f"{{{SASL}}}mechanisms/{{{SASL}}}mechanism")]

    def authenticate(self, user, password, mechanism=None, header=None, binding=None):
        """SCRAM with the best hash offered, or the mechanism named (SCRAM-SHA-1/-256/-512, the same with -PLUS, or PLAIN).

        header and binding override SCRAM's GS2 header and channel binding data; -PLUS uses tls-server-end-point.
        """
        known = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")
        offered = self.mechanisms()
        mechanism = mechanism or next((name for name in known if name in offered), None)
        if mechanism is None:
            raise Unexpected(f"no mechanism of ours among {offered}")
        if mechanism == "PLAIN":
            self._auth(mechanism, f"\0{user}\0{password}".encode())
            self._sasl_answer("success")
        else:
            is_bound = mechanism.endswith("-PLUS")
            header = header or ("p=tls-server-end-point,," if is_bound else "n,,")
            if binding is None:
                binding = self.server_end_point() if is_bound else b""
            self._scram(mechanism, user, password, header, binding)

    def external(self, authzid=""):
        """EXTERNAL: the certificate says who we are."""
        text = base64.b64encode(authzid.encode()).decode() or "="
        self.send(f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>{text}</auth>")
        self._sasl_answer("success")

    def authenticate2(self, user, password, inside="", mechanism="SCRAM-SHA-256"):
        """XEP-0388; inside goes into <authenticate/>. self.jid is what the server says, self.features what follows."""
        self._sasl2 = inside
        try:
            self.authenticate(user, password, mechanism)
            self._after_success()
        finally:
            self._sasl2 = None

    def authenticate_with_token(self, user, token, inside="", binding=None, mechanism="HT-SHA-256-ENDP", fast=""):
        """XEP-0484: one message, one answer, and the server's proof is checked. fast: attributes of <fast/>."""
        binding = self.server_end_point() if binding is None else binding
        self._sasl2 = f"<fast xmlns='{FAST}' {fast}/>{inside}"
        try:
            self._auth(mechanism, user.encode() + b"\0" + hmac.digest(token.encode(), b"Initiator" + binding, "sha256"))
            if self._sasl_answer("success") != hmac.digest(token.encode(), b"Responder" + binding, "sha256"):
                raise Unexpected("the server does not know the token it accepted")
            self._after_success()
        finally:
            self._sasl2 = None

    def _after_success(self):
        self.jid = self.success.findtext(f"{{{SASL2}}}authorization-identifier")
        self.features = self.next()
        if self.features.tag != f"{{{STREAMS}}}features":
            raise Unexpected(f"expected features, got {shown(self.features)}")

    def token(self):
        """The token in the last success; None if there was none."""
        element = self.success.find(f"{{{FAST}}}token")
        return None if element is None else element.get("token")

    def server_end_point(self):
        """RFC 5929 section 4: the hash of the certificate; the tests' certificates are signed with SHA-256."""
        return hashlib.sha256(self.socket.getpeercert(binary_form=True)).digest()

    def _auth(self, mechanism, first):
        text = base64.b64encode(first).decode()
        if self._sasl2 is None:
            self.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{text}</auth>")
        else:
            self.send(f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>{text}</initial-response>"
                      f"{self._sasl2}</authenticate>")

    def _sasl_answer(self, expected):
        element = self.next()
        profile = SASL if self._sasl2 is None else SASL2
        if element.tag == f"{{{profile}}}failure":
            raise Refused(next((local(child) for child in element if local(child) != "text"), None))
        if element.tag != f"{{{profile}}}{expected}":
            raise Unexpected(f"expected {expected}, got {shown(element)}")
        if profile == SASL2 and expected == "success":
            self.success = element
            return base64.b64decode(element.findtext(f"{{{SASL2}}}additional-data") or "")
        return base64.b64decode(element.text or "")

    def _scram(self, mechanism, user, password, header, binding):
        """RFC 5802; the server's signature is checked."""
        digest = mechanism.removesuffix("-PLUS").removeprefix("SCRAM-").replace("-", "").lower()
        nonce = secrets.token_urlsafe(18)
        first_bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
        self._auth(mechanism, f"{header}{first_bare}".encode())
        server_first = self._sasl_answer("challenge").decode()
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        if not fields["r"].startswith(nonce) or fields["r"] == nonce:
            raise Unexpected("the server did not extend our nonce")
        salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        final_bare = f"c={base64.b64encode(header.encode() + binding).decode()},r={fields['r']}"
        auth_message = f"{first_bare},{server_first},{final_bare}".encode()
        client_key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, client_key).digest(), auth_message, digest)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        message = base64.b64encode(f"{final_bare},p={proof}".encode()).decode()
        self.send(f"<response xmlns='{SASL if self._sasl2 is None else SASL2}'>{message}</response>")
        last = dict(part.split("=", 1) for part in self._sasl_answer("success").decode().split(","))
        expected = hmac.digest(hmac.digest(salted, b"Server Key", digest), auth_message, digest)
        if base64.b64decode(last.get("v", "")) != expected:
            raise Unexpected("the server's signature is wrong")

    def bind(self, resource=None):
        wish = f"<resource>{resource}</resource>" if resource else ""
        answer = self.iq("set", f"<bind xmlns='{BIND}'>{wish}</bind>")
        self.jid = answer.findtext(f"{{{BIND}}}bind/{{{BIND}}}jid")
        return self.jid

    def logout(self):
        """Closes the stream and waits for the server to do so too."""
        if not self.ended:
            self.send("</stream:stream>")
        deadline = time.monotonic() + PATIENCE
        while not self.ended and time.monotonic() < deadline:
            self._read(1)
        self.socket.close()
