"""Stands before a directory that gives ranges of values only to who asks for them (Samba), and makes it give as few as Active Directory's
policy MaxValRange would (MS-ADTS section 3.1.1.3.1.3.3): a search's `member` becomes `member;range=0-4`. What the directory answers
passes as it is, so the names of attributes and the end of the list are the product's own."""
import re
import select
import socket
import ssl
import threading

SEARCH_REQUEST = 0x63   # RFC 4511 section 4.5.1


def take(data, start=0):
    """One element of BER: its tag, its content and where the next begins; None: not all of it is there."""
    if len(data) < start + 2:
        return None
    tag, length, begin = data[start], data[start + 1], start + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(data[begin:begin + size], "big"), begin + size
    return (tag, data[begin:begin + length], begin + length) if len(data) >= begin + length else None


def parts(data):
    found, start = [], 0
    while start < len(data):
        tag, content, start = take(data, start)
        found.append((tag, content))
    return found


def put(tag, content):
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


class RangeLimit:
    def __init__(self, folder, host, port, most, certificate):
        self.folder, self.there, self.most, self.certificate = folder, (host, port), most, certificate
        self.asked = []   # the attributes as they were sent on
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldaps://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(f"{self.folder}/{self.certificate}.pem", f"{self.folder}/{self.certificate}.key")
        theirs = ssl.create_default_context(cafile=f"{self.folder}/ca.pem")
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain, own, theirs), daemon=True).start()

    def serve(self, plain, own, theirs):
        """One thread for both: Python's TLS sockets are not for two."""
        try:
            with own.wrap_socket(plain, server_side=True) as client, \
                    theirs.wrap_socket(socket.create_connection(self.there, timeout=30), server_hostname=self.there[0]) as directory:
                waiting = b""
                while True:
                    if not client.pending() and not directory.pending():
                        select.select([client, directory], [], [])
                    waiting += self.read(client)
                    while (message := take(waiting)) is not None:
                        directory.sendall(self.narrowed(message[1]))
                        waiting = waiting[message[2]:]
                    if answer := self.read(directory):
                        client.sendall(answer)
        except OSError:
            pass

    @staticmethod
    def read(connection):
        """What there is now, perhaps nothing; OSError: it has ended."""
        connection.settimeout(0)
        try:
            data = connection.recv(65536)
            if not data:
                raise ConnectionError("the end")
            return data
        except ssl.SSLWantReadError:   # a part of a record, or a session ticket
            return b""
        finally:
            connection.settimeout(30)

    def narrowed(self, message):
        """The LDAPMessage, with fewer values asked for if it is a search for members."""
        identity, (tag, request), *controls = parts(message)
        if tag == SEARCH_REQUEST:
            *query, (kind, attributes) = parts(request)
            attributes = b"".join(put(each, self.narrow(name)) for each, name in parts(attributes))
            request = b"".join(put(*each) for each in (*query, (kind, attributes)))
        return put(0x30, b"".join(put(*each) for each in (identity, (tag, request), *controls)))

    def narrow(self, name):
        wanted = re.fullmatch(rb"member(?:;range=(\d+)-\*)?", name)
        if wanted is None:
            return name
        start = int(wanted[1] or 0)
        narrow = b"member;range=%d-%d" % (start, start + self.most - 1)
        self.asked.append(narrow.decode())
        return narrow

    def close(self):
        self.listener.close()
