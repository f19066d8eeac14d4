"""Stories of operating the server: a graceful end, and certificates that change while people talk. Aldis only."""
import signal
import ssl
import time

import servers
from client import PATIENCE, Unexpected
from story import story


def certificate(scene):
    """The certificate that a new connection is shown, as DER."""
    client = scene.connect_tls()
    found = client.socket.getpeercert(binary_form=True)
    client.close()
    return found


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Unexpected(f"{what} did not happen in {PATIENCE} s")
        time.sleep(0.05)


@story("RFC 6120 4.9.3.20: SIGTERM says system-shutdown to everybody and ends with code 0", only="aldis")
def graceful_end(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    romeo = scene.login("romeo@montague.example/orchard")
    stranger = scene.secured()
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>Good night</body></message>")
    juliet.receives("<message from='romeo@montague.example/orchard'><body>Good night</body></message>")
    started = time.monotonic()
    scene.server.signal(signal.SIGTERM)
    for client in (juliet, romeo, stranger):
        client.is_closed_with("system-shutdown")
    code = scene.server.process.wait(servers.STOP_SECONDS)
    if code != 0 or time.monotonic() - started > 10:
        raise Unexpected(f"ended with {code} after {time.monotonic() - started:.1f} s")
    scene.server.process = None


@story("What was accepted is kept: an offline message outlives the server's end and a kill", only="aldis")
def accepted_means_kept(scene):
    scene.account("juliet@capulet.example")
    romeo = scene.login("romeo@montague.example/orchard")
    romeo.send("<message to='juliet@capulet.example' type='chat'><body>keep me</body></message>")
    romeo.sees_nothing()
    scene.people.remove(romeo)
    scene.server.kill()
    scene.server.start()
    juliet = scene.login("juliet@capulet.example/balcony", presence=None)
    juliet.send("<presence/>")
    juliet.receives("<presence from='juliet@capulet.example/balcony'/>",
                    "<message from='romeo@montague.example/orchard' type='chat'><body>keep me</body>"
                    "<delay xmlns='urn:xmpp:delay' stamp='*'/></message>")


@story("SIGHUP: a new certificate is shown to new connections, and those who talk go on talking", only="aldis")
def certificate_reload(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    before = certificate(scene)
    servers.make_certificate(scene.server.folder)
    new = ssl.PEM_cert_to_DER_cert((scene.server.folder / "server.pem").read_text())
    scene.server.signal(signal.SIGHUP)
    wait_until(lambda: certificate(scene) == new, "the new certificate")
    if new == before:
        raise Unexpected("the test made no new certificate")
    juliet.sees_nothing()
    scene.login("nurse@capulet.example/hall")


@story("SIGHUP with a bad certificate: the old one stays, and the log says so", only="aldis")
def bad_certificate_keeps_the_old(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    before = certificate(scene)
    log_before = len(scene.server.log())
    (scene.server.folder / "server.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    scene.server.signal(signal.SIGHUP)
    wait_until(lambda: len(scene.server.log()) > log_before, "a word about it in the log")
    if certificate(scene) != before:
        raise Unexpected("the certificate changed")
    juliet.sees_nothing()


@story("SIGHUP with a bad aldis.toml: nothing changes, and the log names file and line", only="aldis")
def bad_configuration_keeps_the_old(scene):
    juliet = scene.login("juliet@capulet.example/balcony")
    scene.account("nurse@capulet.example")  # Operators' commands would refuse the bad file too.
    with open(scene.server.config, "a") as config:
        config.write("\n[nonsense]\nkey = 1\n")
    scene.server.signal(signal.SIGHUP)
    wait_until(lambda: "aldis.toml:" in scene.server.log() and "nonsense" in scene.server.log(), "a word about it in the log")
    juliet.sees_nothing()
    scene.login("nurse@capulet.example/hall")
