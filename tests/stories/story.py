"""What a story is made of: the @story decorator, and the Scene with its server and its people.

A story is a function that gets a Scene. It may end in any exception, which makes it fail. It also fails if, at its end,
somebody has received a stanza that the story did not expect: everybody on stage is a bystander.
"""
import secrets

from client import Client

STORIES = []


def story(clause, only=None):
    """Registers a story; clause is what it shows, only names the one server it is for."""
    def register(function):
        function.clause, function.only = clause, only
        STORIES.append(function)
        return function
    return register


class Scene:
    def __init__(self, server):
        self.server = server
        self.passwords = {}
        self.people = []

    def account(self, jid):
        """Makes sure that the account exists, and gives back its password."""
        if jid not in self.passwords:
            self.passwords[jid] = secrets.token_urlsafe(12)
            self.server.add_user(jid, self.passwords[jid])
        return self.passwords[jid]

    def connect(self, domain="capulet.example"):
        """A connection on which nothing has been said. It is no bystander: nobody looks at what it received."""
        return Client((self.server.host, self.server.port), domain, self.server.ca_file)

    def connect_tls(self, domain="capulet.example", alpn=("xmpp-client",)):
        client = Client((self.server.host, self.server.tls_port), domain, self.server.ca_file)
        client.start_tls_now(alpn)
        return client

    def connect_direct(self, card, domain="capulet.example"):
        """Over direct TLS, with a certificate of our own."""
        client = Client((self.server.host, self.server.tls_port), domain, self.server.ca_file)
        client.start_tls_now(card=card)
        return client

    def secured(self, domain="capulet.example"):
        """A connection that has seen the features inside TLS."""
        client = self.connect(domain)
        client.open_stream()
        client.starttls()
        client.open_stream()
        return client

    def login(self, full_jid, presence="<presence/>", password=None, roster=True):
        """Logs in, asks for the roster (RFC 6121 2.2: who asks gets the pushes), and says presence, unless it is None."""
        bare, _, resource = full_jid.partition("/")
        user, _, domain = bare.partition("@")
        client = self.secured(domain)
        client.authenticate(user, password or self.account(bare))
        client.open_stream()
        client.bind(resource)
        client.ignores = self.server.is_noise
        self.people.append(client)
        if roster:
            client.iq("get", "<query xmlns='jabber:iq:roster'/>")
        if presence:
            client.send(presence)
            client.receives(f"<presence from='{full_jid}'/>")  # RFC 6121 4.2.2: one's own resources see it too.
        return client

    def leave(self, client):
        """The client logs out; from now on it is not looked at."""
        self.people.remove(client)
        client.logout()

    def drain(self, *clients):
        """Forgets what these clients have received so far."""
        for _ in range(2):  # The second round catches what the first one's round trips set in motion.
            for client in clients:
                client.iq("get", "<ping xmlns='urn:xmpp:ping'/>", to=client.domain, any_answer=True)
                client.fill()
                client.inbox.clear()

    def befriend(self, one, other):
        """Mutual subscription between two clients that are available."""
        bare = {client: client.jid.partition("/")[0] for client in (one, other)}
        for asker, asked in ((one, other), (other, one)):
            asker.send(f"<presence type='subscribe' to='{bare[asked]}'/>")
            while asked.next().get("type") != "subscribe":
                pass
            asked.send(f"<presence type='subscribed' to='{bare[asker]}'/>")
            while asker.next().get("type") != "subscribed":
                pass
        self.drain(one, other)

    def end(self):
        for client in self.people:
            if not client.ended:
                client.sees_nothing()
        for client in self.people:
            client.logout()
