"""A client of our own, over direct TLS: it speaks SASL with tickets as the specifications have it, and as nobody should."""
import base64
import hashlib
import re
import socket
import ssl

import gssapi
from gssapi.raw import ChannelBindings

NS = {"sasl": "urn:ietf:params:xml:ns:xmpp-sasl", "sasl2": "urn:xmpp:sasl:2"}
USUAL = [gssapi.RequirementFlag.mutual_authentication, gssapi.RequirementFlag.integrity]


def ticket(cache, service="xmpp@verona.example", bound_to=None, flags=None, kind=gssapi.NameType.hostbased_service):
    """A context of the client's side that is ready for its first step."""
    bindings = None
    if bound_to is not None:
        bindings = ChannelBindings(initiator_address_type=0, initiator_address=b"", acceptor_address_type=0,
                                   acceptor_address=b"", application_data=bound_to)
    return gssapi.SecurityContext(name=gssapi.Name(service, kind), creds=gssapi.Credentials(usage="initiate", store={"ccache": cache}), usage="initiate",
                                  flags=USUAL if flags is None else flags, mech=gssapi.MechType.kerberos, channel_bindings=bindings)


def without_header(token):
    """RFC 5801 section 4: what RFC 2743 section 3.1 puts before."""
    assert token[0] == 0x60
    size = 2 if token[1] < 0x80 else 2 + token[1] - 0x80
    return token[size + 2 + token[size + 1]:]


class Raw(bytes):
    """Bytes that are sent as they are, not wrapped."""


class Stream:
    def __init__(self, world, domain="verona.example"):
        context = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
        context.set_alpn_protocols(["xmpp-client"])
        plain = socket.create_connection(("127.0.0.1", world.direct_port), timeout=20)
        self.socket = context.wrap_socket(plain, server_hostname=domain)
        self.domain, self.seen, self.failure = domain, "", None
        self.open()

    def open(self):
        self.send(f"<stream:stream to='{self.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        self.features = self.until("</stream:features>")

    def send(self, text):
        self.socket.sendall(text.encode())

    def until(self, *marks):
        while not any(mark in self.seen for mark in marks):
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                more = b""
            if not more:
                break
            self.seen += more.decode()
        seen, self.seen = self.seen, ""
        return seen

    @property
    def mechanisms(self):
        return re.findall(r"<mechanism>([^<]*)</mechanism>", self.features.split("<mechanisms")[1].split("</mechanisms>")[0])

    @property
    def end_point(self):
        """tls-server-end-point (RFC 5929 section 4.1) of an ECDSA-with-SHA256 certificate."""
        return hashlib.sha256(self.socket.getpeercert(binary_form=True)).digest()

    def answer(self):
        """A challenge's bytes; nothing when it is over, and self.failure says how."""
        said = self.said = self.until("</challenge>", "<success", "</failure>", "</stream:stream>")
        challenge = re.search(r"<challenge[^>]*>([^<]*)</challenge>", said)
        if challenge:
            return base64.b64decode(challenge.group(1))
        found = re.search(r"<(?:failure|stream:error)[^>]*><([a-z-]+)", said)
        self.failure = "success" if "<success" in said else found.group(1) if found else f"ended after {said!r}"
        return None

    def begin(self, mechanism, message):
        text = base64.b64encode(message).decode() if message else "="
        self.send(f"<auth xmlns='{NS['sasl']}' mechanism='{mechanism}'>{text}</auth>")
        return self.answer()

    def respond(self, message):
        self.send(f"<response xmlns='{NS['sasl']}'>{base64.b64encode(message).decode()}</response>")
        return self.answer()

    def gssapi(self, context, choice=b"\x01\0\0\0", token=None):
        """GSSAPI to its end: "success", or the condition."""
        challenge = self.begin("GSSAPI", token or context.step())
        if challenge is None:
            return self.failure
        if challenge and not context.complete:
            context.step(challenge)
            challenge = self.respond(b"")
        layers = context.unwrap(challenge).message
        assert layers == b"\x01\0\0\0", layers
        self.respond(choice if isinstance(choice, Raw) else context.wrap(choice, False).message)
        return self.failure

    def gs2(self, context, mechanism, header, token=None):
        challenge = self.begin(mechanism, header + without_header(token or context.step()))
        if challenge is None:
            return self.failure
        context.step(challenge)
        assert context.complete
        self.respond(b"")
        return self.failure

    def bind(self):
        """After a success: the address that was bound."""
        self.open()
        self.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>here</resource></bind></iq>")
        return re.search(r"<jid>([^<]*)</jid>", self.until("</iq>")).group(1)

    def close(self):
        self.socket.close()
