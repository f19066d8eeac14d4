# What the drivers of the ledger (run, power, faults) have in common: a server under the ledger, and the clients that keep the book.
import json
import os
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "load"))
import servers  # noqa: E402
from certificate import make_certificate  # noqa: E402

NAMES = ["aldis"] + [f"{s.name}-{archive}" for s in (servers.Prosody, servers.Ejabberd) for archive in s.ARCHIVES]


def add_options(p, first_port):
    p.add_argument("--build", default=f"{ROOT}/build/release", help="build folder with tests/ledger/ledger")
    p.add_argument("--aldis", help="the server's binary (default: aldis in the build folder)")
    p.add_argument("--first-port", type=int, default=first_port)
    p.add_argument("--seed", type=int, default=None, help="of everything random; printed")
    p.add_argument("--keep", action="store_true", help="keep the folder with the book, the server's data and logs")


def preload(options, server, log="", faults=""):
    """The server's next process runs on powerloss.cpp."""
    environment = {"LD_PRELOAD": f"{os.path.abspath(options.build)}/tests/ledger/libpowerloss.so",
                   "POWERLOSS_FOLDER": os.path.realpath(server.data_folder())}
    server.extra_environment = environment | ({"POWERLOSS_LOG": log} if log else {}) | (
        {"POWERLOSS_FAULTS": faults} if faults else {})


def make_server(name, options, work, users):
    kind, _, archive = name.partition("-")
    certificate, key = make_certificate(work)
    common = (work, certificate, key, users, None, options.first_port)
    if kind == "aldis":
        server = servers.Aldis(*common, archive="sqlite", program=os.path.abspath(options.aldis or f"{options.build}/aldis"))
    else:
        server = {"prosody": servers.Prosody, "ejabberd": servers.Ejabberd}[kind](*common, archive=archive)
    if not server.is_available():
        sys.exit(f"ledger: {name} is not there")
    return server


class Clients:
    """The process that keeps the book, and the last line it said."""

    def __init__(self, options, port, book, verify=False):
        """options: senders, receivers, window, rate, cuts, seed, limit, own. verify: only read the archives."""
        self.said = {"phase": "starting", "ready": 0, "sent": 0, "acked": 0, "delivered": 0}
        self.process = subprocess.Popen(
            [f"{options.build}/tests/ledger/ledger", "--book", book, "--port", str(port), "--senders", str(options.senders),
             "--receivers", str(options.receivers), "--window", str(options.window), "--rate", str(options.rate),
             "--cuts", str(options.cuts), "--seed", str(options.seed), "--limit", str(options.limit)] +
            (["--own"] if options.own else []) + (["--quiet", "0"] if verify else []),
            stdin=subprocess.DEVNULL if verify else subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.process.stdout:
            self.said = json.loads(line)

    def is_running(self):
        return self.process.poll() is None

    def finish(self, limit):
        if self.process.stdin:
            self.process.stdin.write("finish\n")
            self.process.stdin.flush()
        status = self.process.wait(limit)
        self.listener.join()
        return status

    def end(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
