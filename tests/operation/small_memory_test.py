#!/usr/bin/python3
"""A server in a control group of 512 MiB under a mixed attack (security E13): it lives, says that memory is short, turns strangers
away first, and two people who talk meanwhile miss nothing; when the attack is over it lets people in again. No limit is
configured: the server finds the group's by itself.

    small_memory_test.py build/release/aldis [seconds after memory has become short]

Exit code 77: no control group can be made here (it takes root and a writable /sys/fs/cgroup).
"""
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "stories"))
import servers
import story
from client import Closed, Refused, Unexpected

GROUP_BYTES = 512 * 1024 * 1024
SILENT = 40            # sessions that read nothing; each may hold back a queue of
LIMITS = """
[limits]
write_queue = "16MiB"  # the queues alone could hold more than the group has
rate = "64MiB"         # and nobody is held back before memory is short
rate_burst = "256MiB"
account_rate = "64MiB"
account_rate_burst = "256MiB"
shard_rate = "0B"
"""
MOST_SECONDS = 60      # until memory is short
STRANGERS = 800        # connections that say half a header
SKIPPED = 77


class ControlGroup:
    """A group with so much memory and no swap, of version 1 or 2. OSError: it cannot be made."""

    def __init__(self, limit):
        mount, file = pathlib.Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"
        self.events = "memory.oom_control"
        if not mount.is_dir():
            mount, file, self.events = pathlib.Path("/sys/fs/cgroup"), "memory.max", "memory.events"
        self.path = mount / f"aldis-test-{os.getpid()}"
        self.path.mkdir()
        try:
            (self.path / file).write_text(str(limit))
            for swap in ("memory.memsw.limit_in_bytes", "memory.swap.max"):
                if (self.path / swap).exists():
                    (self.path / swap).write_text(str(limit) if "memsw" in swap else "0")
        except OSError:
            self.remove()
            raise

    def kills(self):
        lines = (self.path / self.events).read_text().split("\n")
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def remove(self):
        for _ in range(100):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)


class Small(servers.Aldis):
    group = None

    def command(self):
        return ["/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.group.path, *super().command()]


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0) * 1024


def log_of(server):
    return (server.folder / "log").read_text(errors="replace")


class Attack:
    """Strangers who never finish, writers who write as fast as they may to readers who read nothing, presence probes of people
    who do not exist, and logins that never end."""

    def __init__(self, scene):
        self.scene, self.until, self.refused, self.most = scene, 0, 0, 0
        self.held, self.threads = [], []
        self.writers = [self.out_of_sight(f"writer{number}@montague.example/w") for number in range(4)]
        self.silent = [self.out_of_sight(f"silent{number}@montague.example/s") for number in range(SILENT)]

    def out_of_sight(self, jid):
        client = self.scene.login(jid, roster=False)
        self.scene.people.remove(client)
        return client

    def go_on(self):
        return time.monotonic() < self.until and self.scene.server.process.poll() is None

    def write(self, number):
        client = self.writers[number]
        client.socket.settimeout(0.2)
        body = "f" * 200_000
        turn = 0
        while self.go_on():
            to = f"silent{(number + 4 * turn) % SILENT}@montague.example/s"
            data = f"<message to='{to}'><no-store xmlns='urn:xmpp:hints'/><body>{body}</body></message>".encode()
            turn += 1
            while data and self.go_on():
                try:
                    data = data[client.socket.send(data):]
                except TimeoutError:
                    pass
                except OSError:
                    return

    def probe(self):
        client = self.out_of_sight("prober@montague.example/p")
        client.socket.settimeout(1)
        while self.go_on():
            try:
                client.send("".join(f"<presence type='probe' to='{secrets.token_hex(8)}@capulet.example'/>" for _ in range(50)))
                time.sleep(0.05)
            except OSError:
                return

    def linger(self):
        while self.go_on():
            try:
                one = socket.create_connection((self.scene.server.host, self.scene.server.port), timeout=1)
                one.sendall(b"<?xml version='1.0'?><stream:stream to='capulet.exam")
                one.settimeout(0.001)
                try:
                    self.refused += one.recv(1) == b""
                except TimeoutError:
                    self.held.append(one)
            except OSError:
                self.refused += 1
            if len(self.held) > STRANGERS:
                self.held.pop(0).close()
            self.most = max(self.most, resident(self.scene.server))

    def start(self, seconds):
        self.until = time.monotonic() + seconds
        for act in [*(lambda n=n: self.write(n) for n in range(4)), self.probe, self.linger]:
            self.threads.append(threading.Thread(target=act, daemon=True))
            self.threads[-1].start()

    def end(self):
        self.until = 0
        for thread in self.threads:
            thread.join(30)
        for one in [*self.held, *self.silent, *self.writers]:
            one.close()


def run(server, seconds):
    scene = story.Scene(server)
    juliet, romeo = scene.login("juliet@capulet.example/balcony"), scene.login("romeo@montague.example/orchard")
    attack = Attack(scene)
    attack.start(MOST_SECONDS)
    waits, is_short = [], False
    try:
        while attack.go_on():
            token = secrets.token_hex(8)
            began = time.monotonic()
            romeo.send(f"<message to='{juliet.jid}' type='chat'><body>{token}</body></message>")
            juliet.receives(f"<message from='{romeo.jid}'><body>{token}</body></message>")
            waits.append(time.monotonic() - began)
            if not is_short and "audit-low-resource" in log_of(server):
                is_short, attack.until = True, time.monotonic() + seconds
            time.sleep(0.05)
    finally:
        attack.end()
        if server.process.poll() is not None:
            raise Unexpected(f"the server ended with {server.process.poll()}; control group: {server.group.kills()} killed; "
                             f"most resident {attack.most >> 20} MiB")
    if not is_short:
        raise Unexpected(f"nobody was told that memory is short; most resident {attack.most >> 20} MiB")
    if not attack.refused:
        raise Unexpected("no stranger was refused")
    deadline = time.monotonic() + 40
    while True:
        try:
            scene.login("late@capulet.example/again", roster=False)
            break
        except (Closed, Refused, Unexpected, OSError) as error:
            if time.monotonic() > deadline:
                raise Unexpected(f"nobody is let in after the attack; resident {resident(server) >> 20} MiB") from error
            time.sleep(0.5)
    waits.sort()
    print(f"{len(waits)} messages of people at work, half within {waits[len(waits) // 2] * 1000:.1f} ms, "
          f"99 of 100 within {waits[len(waits) * 99 // 100] * 1000:.1f} ms; most resident {attack.most >> 20} of "
          f"{GROUP_BYTES >> 20} MiB; {attack.refused} strangers refused; killed by the group: {server.group.kills()}")


def main():
    try:
        group = ControlGroup(GROUP_BYTES)
    except OSError as error:
        print(f"skipped: {error}")
        return SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="small-memory-"))
    server = Small(folder, sys.argv[1])
    server.group = group
    server.settings += LIMITS
    try:
        server.start()
        run(server, float(sys.argv[2]) if len(sys.argv) > 2 else 5)
        server.stop()
    except Exception:
        print(server.log()[-3000:])
        raise
    finally:
        server.kill()
        group.remove()
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
