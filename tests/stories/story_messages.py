"""Stories of messages: RFC 6121 sections 5 and 8, XEP-0160, XEP-0203. Somebody always stands by and must see nothing."""
from client import Unexpected
from story import story

DELAY = "urn:xmpp:delay"


@story("RFC 6121 8.5.3.1: a message reaches the resource it names, from a sender the server vouches for")
def chat_between_two(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.login("nurse@capulet.example/hall")
    romeo.send("<message to='juliet@capulet.example/balcony' type='chat' id='m1'><body>Wherefore &lt;art&gt; thou? "
               "\u00e9\U0001f339</body></message>")
    juliet.receives("<message from='romeo@montague.example/orchard' to='juliet@capulet.example/balcony' type='chat' "
                    "id='m1'><body>Wherefore &lt;art&gt; thou? \u00e9\U0001f339</body></message>")
    juliet.send("<message to='romeo@montague.example/orchard' type='chat' id='m2'><body>Here</body>"
                "<x xmlns='urn:example:any' a='1'><y/></x></message>")
    romeo.receives("<message from='juliet@capulet.example/balcony' type='chat' id='m2'><body>Here</body>"
                   "<x xmlns='urn:example:any' a='1'><y/></x></message>")


@story("RFC 6120 10.1: what one sends to another arrives in order")
def messages_stay_in_order(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.login("nurse@capulet.example/hall")
    romeo.send("".join(f"<message to='juliet@capulet.example/balcony' type='chat'><body>{number}</body></message>"
                       for number in range(200)))
    for number in range(200):
        juliet.receives(f"<message from='romeo@montague.example/orchard'><body>{number}</body></message>")


@story("RFC 6120 4.6.1, 11: a stanza may come byte by byte, with white space between stanzas", only="aldis")
def stanza_in_single_bytes(scene):
    """Not for prosody 0.12: one time in five it leaves such a stanza unread until more arrives."""
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    for byte in " \n<message to='juliet@capulet.example/balcony' type='chat'><body>slow \u00e9</body></message>".encode():
        romeo.send(bytes([byte]))
    juliet.receives("<message from='romeo@montague.example/orchard' type='chat'><body>slow \u00e9</body></message>")


@story("RFC 6121 8.5.2.1.1: a bare address reaches a resource of the highest priority, and never a negative one")
def priorities(scene):
    high = scene.login("juliet@capulet.example/high", "<presence><priority>5</priority></presence>")
    negative = scene.login("juliet@capulet.example/negative", "<presence><priority>-1</priority></presence>")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.drain(high, negative)
    romeo.send("<message to='juliet@capulet.example' type='chat' id='m1'><body>hi</body></message>")
    high.receives("<message from='romeo@montague.example/orchard' type='chat' id='m1'><body>hi</body></message>")
    negative.sees_nothing()
    romeo.send("<message to='juliet@capulet.example/negative' type='chat' id='m2'><body>you</body></message>")
    negative.receives("<message id='m2'><body>you</body></message>")


@story("RFC 6121 8.5.2.2.1, XEP-0160, XEP-0203: with only a negative priority a chat waits, stamped with its time", only="aldis")
def negative_priority_is_offline(scene):
    """Not for prosody 0.12: it gives offline messages at the initial presence only, not when the priority rises."""
    negative = scene.login("juliet@capulet.example/negative", "<presence><priority>-1</priority></presence>")
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<message to='juliet@capulet.example' type='chat' id='m1'><body>later</body></message>")
    romeo.sees_nothing()
    negative.sees_nothing()
    negative.send("<presence><priority>1</priority></presence>")
    negative.receives("<presence from='juliet@capulet.example/negative'><priority>1</priority></presence>",
                      "<message from='romeo@montague.example/orchard' type='chat' id='m1'><body>later</body>"
                      f"<delay xmlns='{DELAY}' stamp='*'/></message>")


@story("XEP-0160: messages for somebody away are kept in order and given once")
def offline_messages(scene):
    scene.account("juliet@capulet.example")
    romeo = scene.login("romeo@montague.example/orchard")
    scene.login("nurse@capulet.example/hall")
    for number in range(3):
        romeo.send(f"<message to='juliet@capulet.example' type='chat'><body>{number}</body></message>")
    romeo.send("<message to='juliet@capulet.example' type='headline'><body>news</body></message>")  # dropped
    romeo.sees_nothing()
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    juliet.sees_nothing()
    juliet.send("<presence/>")
    kept = [f"<message from='romeo@montague.example/orchard' type='chat'><body>{number}</body>"
            f"<delay xmlns='{DELAY}' stamp='*'/></message>" for number in range(3)]
    seen = juliet.receives("<presence from='juliet@capulet.example/balcony'/>", *kept)
    bodies = [element.findtext("{jabber:client}body") for element in seen[1:]]
    if bodies != ["0", "1", "2"]:
        raise Unexpected(f"order: {bodies}")
    scene.leave(juliet)
    again = scene.login("juliet@capulet.example/balcony")
    again.sees_nothing()


@story("RFC 6121 8.5.3.2.1: a chat to a resource that is gone is treated as sent to the account")
def chat_to_a_gone_resource(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<message to='juliet@capulet.example/cellar' type='chat' id='m1'><body>hi</body></message>")
    juliet.receives("<message from='romeo@montague.example/orchard' type='chat' id='m1'><body>hi</body></message>")


@story("RFC 6121 8.5.2.1.1, 8.5.2.2.1, RFC 6120 8.3.1: groupchat to an account is refused, and errors are never answered")
def what_is_not_for_accounts(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<message to='juliet@capulet.example' type='groupchat' id='g1'><body>all</body></message>")
    romeo.receives_error("g1", "service-unavailable", "cancel")
    romeo.send("<message to='nobody-here@capulet.example' type='error' id='e1'><error type='cancel'>"
               "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
    romeo.sees_nothing()
    juliet.sees_nothing()


@story("RFC 6121 8.5.1: a chat to an account that does not exist comes back once")
def chat_to_nobody(scene):
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<message to='nobody-here@capulet.example' type='chat' id='m1'><body>hi</body></message>")
    romeo.receives_error("m1", "service-unavailable", "cancel")
    romeo.sees_nothing()


@story("RFC 6120 8.1.1.1, 10.3.1: a message without 'to' is for one's own account")
def message_to_oneself(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    juliet.send("<message type='chat' id='m1'><body>note</body></message>")
    juliet.receives("<message type='chat' id='m1' from='juliet@capulet.example/balcony'><body>note</body></message>")
