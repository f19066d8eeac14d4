"""Another server as an attacker would write it: raw streams of jabber:server over TLS, with whatever certificate, saying whatever."""
import base64
import re
import socket
import ssl

HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
          "xmlns:db='jabber:server:dialback' version='1.0' from='{}' to='{}'>")


class HostilePeer:
    """One connection to `address`, as the server of `domain`, to `to`. certificate: name of name.pem and name.key, or None."""

    def __init__(self, net, address, domain, to, certificate=None):
        self.net, self.domain, self.to, self.certificate = net, domain, to, certificate
        self.socket = socket.create_connection(address, timeout=10)
        self.heard = ""

    def send(self, text):
        self.socket.sendall(text.encode())

    def hears(self, pattern):
        """Reads until the pattern is there; what came until then is forgotten."""
        while not (found := re.search(pattern, self.heard, re.S)):
            more = self.socket.recv(65536)
            if not more:
                raise AssertionError(f"closed; wanted {pattern}, heard {self.heard!r}")
            self.heard += more.decode()
        self.heard = self.heard[found.end():]
        return found

    def is_closed(self):
        """The rest of what the server says, when it closes."""
        try:
            while more := self.socket.recv(65536):
                self.heard += more.decode()
        except (ConnectionResetError, ssl.SSLError):
            pass
        return self.heard

    def header(self):
        self.send(HEADER.format(self.domain, self.to))
        self.hears("<stream:stream[^>]*>")

    def start_tls(self, behind="", ciphers=None):
        """STARTTLS; `behind` is sent in the same segment, in the clear; `ciphers`: only these of TLS 1.2."""
        self.header()
        self.hears("</stream:features>")
        self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + behind)
        self.hears("<proceed[^>]*/>")
        context = ssl.create_default_context(cafile=self.net.ca_file)
        context.check_hostname = False
        if ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers + ":@SECLEVEL=0")
        if self.certificate:
            context.load_cert_chain(self.net.folder / f"{self.certificate}.pem", self.net.folder / f"{self.certificate}.key")
        self.socket = context.wrap_socket(self.socket, server_hostname=self.to)
        self.heard = ""
        self.header()

    def features(self):
        return self.hears("<stream:features.*?(/>|</stream:features>)").group(0)

    def external(self):
        """Authenticates; the stream after it is open."""
        features = self.features()
        assert "EXTERNAL" in features, features
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" +
                  base64.b64encode(self.domain.encode()).decode() + "</auth>")
        self.hears("<success")
        self.header()
        self.features()
        return self

    def close(self):
        self.socket.close()
