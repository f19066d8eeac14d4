#!/usr/bin/python3
"""Runs a foreign client against a server, over STARTTLS and over direct TLS, each on a fresh server.

    run.py --server aldis --binary build/dev/aldis slixmpp
    run.py --server prosody aioxmpp profanity xmppjs

A client's script gets a JSON object on standard input (address, ports, transport, authority, accounts) and ends with 0 if all
of this went well: register an account where the domain allows it, log in as two people, subscribe to each other, see each
other come and change, write to each other, change a password, be refused with the old one and log in with the new one. What the
`_mobile`, `_pubsub` and `_card` scripts do stands at their heads.
"""
import argparse
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "stories"))
import servers  # noqa: E402  (the stories' own module)

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's libraries.
CLIENTS = {
    "slixmpp": [PYTHON, HERE / "slixmpp_client.py"],
    "slixmpp_mobile": [PYTHON, HERE / "slixmpp_mobile.py"],
    "slixmpp_pubsub": [PYTHON, HERE / "slixmpp_pubsub.py"],
    "slixmpp_card": [PYTHON, HERE / "slixmpp_card.py"],
    "aioxmpp": [PYTHON, HERE / "aioxmpp_client.py"],
    "aioxmpp_mobile": [PYTHON, HERE / "aioxmpp_mobile.py"],
    "aioxmpp_pubsub": [PYTHON, HERE / "aioxmpp_pubsub.py"],
    "profanity": [PYTHON, HERE / "profanity_client.py"],
    "xmppjs": ["node", HERE / "node" / "client.mjs"],
}
ONLY_ALDIS = {"slixmpp_card"}
WITH_ROOMS = {"slixmpp", "aioxmpp", "profanity"}  # make a room, talk in it and administer it too
SECONDS = 120


def run_client(command, scenario):
    """Gives back None, or what went wrong. Ends the whole process group of a client that takes too long."""
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              start_new_session=True)
    try:
        said, _ = client.communicate(json.dumps(scenario), SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(client.pid, signal.SIGKILL)
        said, _ = client.communicate()
        return f"{said}-- took longer than {SECONDS} s\n"
    return None if client.returncode == 0 else f"{said}-- ended with {client.returncode}\n"


def meet(name, transport, make_server):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="interop-"))
    server, problem = None, None
    try:
        server = make_server(folder)
        if name in WITH_ROOMS:
            server.rooms = "rooms.capulet.example"
        if name.endswith("_pubsub"):
            server.pubsub = "pubsub.capulet.example"
        card = {}
        if name.endswith("_card"):
            server.client_certificates = "optional"
            files = servers.make_card(folder, "card", servers.xmpp_name("juliet@capulet.example"))
            card = {"card": [str(each) for each in files]}
        server.start()
        people = {}
        for role, jid in (("juliet", "juliet@capulet.example"), ("romeo", "romeo@montague.example"), ("tybalt", "tybalt@capulet.example")):
            if role == "tybalt" and not server.pubsub:
                continue
            people[role] = {"jid": jid, "password": secrets.token_urlsafe(12)}
            server.add_user(jid, people[role]["password"])
        problem = run_client(CLIENTS[name], {
            "host": server.host, "port": server.port if transport == "starttls" else server.tls_port,
            "transport": transport, "ca_file": str(server.ca_file), "folder": str(folder), "rooms": server.rooms, "pubsub": server.pubsub, **people, **card,
            "newcomer": {"jid": "paris@montague.example", "password": secrets.token_urlsafe(12)}})
        if problem:
            problem += f"-- the end of {server.name}'s log:\n{server.log()}"
        server.stop()
    except Exception as error:
        problem = (problem or "") + f"{type(error).__name__}: {error}\n"
    finally:
        if server is not None:
            server.kill()
        shutil.rmtree(folder)
    return problem


def install_node_packages():
    """`npm ci`, unless the installed packages are those of the lock file."""
    node = HERE / "node"
    lock, done = node / "package-lock.json", node / "node_modules" / ".installed-lock.json"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=node, check=True, timeout=300)
        shutil.copy(lock, done)


def main():
    parser = argparse.ArgumentParser(description="run foreign clients against a server")
    parser.add_argument("--server", choices=sorted(servers.PROFILES), default="aldis")
    parser.add_argument("--binary", type=pathlib.Path, help="the aldis program")
    parser.add_argument("--transport", choices=("starttls", "direct"), help="only this one")
    parser.add_argument("clients", nargs="+", choices=sorted(CLIENTS))
    arguments = parser.parse_args()
    if arguments.server == "aldis" and (arguments.binary is None or not arguments.binary.is_file()):
        parser.error("--server aldis needs --binary, the aldis program")
    if arguments.server != "aldis" and ONLY_ALDIS.intersection(arguments.clients):
        parser.error("certificates of people are set up for aldis only")
    if "xmppjs" in arguments.clients:
        install_node_packages()
    failed = 0
    for name in arguments.clients:
        for transport in (arguments.transport,) if arguments.transport else ("starttls", "direct"):
            started = time.monotonic()
            problem = meet(name, transport, lambda folder: servers.make(arguments.server, folder, arguments.binary))
            print(f"{'FAILED' if problem else 'ok    '} {name} over {transport} ({time.monotonic() - started:.1f} s)", flush=True)
            if problem:
                failed += 1
                print(problem, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
