"""One Aldis of a test in Python: its configuration's head, its start and end, operators' commands; and a list of cases run in turn."""
import os
import socket
import subprocess
import time
import traceback


def until_it_listens(port, process, log, seconds=20, host="127.0.0.1"):
    """Returns when somebody listens at the port; fails with what `log()` says when the process ends, or too late."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log()
            time.sleep(0.05)


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Served:
    """`folder` holds its configuration (`config`) and its log; it listens on loopback, by STARTTLS and by direct TLS. `environment`: of the
    server and of operators' commands, beside what is set here already."""

    # In a configuration of nobody's but the test's: nobody is locked out, and everything is logged.
    NO_LOCKOUT = "failures_per_pair = 0\nfailures_per_source = 0\nfailures_per_account = 0\n"

    def __init__(self, folder, binary, port, direct_port):
        self.folder, self.binary, self.port, self.direct_port = folder, binary, port, direct_port
        self.config = folder / "aldis.toml"
        self.log_file = folder / "aldis.log"
        self.environment = {}
        self.process = None

    def head(self, auth=""):
        return f"""[server]
data_dir = "data"
shards = 2

[[listener]]
address = "127.0.0.1"
port = {self.port}

[[listener]]
address = "127.0.0.1"
port = {self.direct_port}
tls = "direct"

[metrics]
enabled = false

[auth]
{auth}
[log]
level = "debug"
rate = 10000
"""

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([self.binary, "--config", self.config, "serve"], cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=os.environ | self.environment)
        until_it_listens(self.port, self.process, self.log, 40)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0, "the server did not end well:\n" + self.log()[-3000:]
        assert "Sanitizer" not in self.log(), self.log()[-8000:]

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self):
        return self.log_file.read_text(errors="replace")

    def operator(self, *arguments, text=""):
        """(status, what it said) of `aldis ARGUMENTS`."""
        done = subprocess.run([self.binary, "--config", self.config, *arguments], input=text, text=True, capture_output=True, timeout=60,
                              cwd=self.folder, env=os.environ | self.environment)
        return done.returncode, done.stdout + done.stderr


def run_cases(cases, log):
    """Runs each of {name: function without arguments}; prints how it went, with the end of the log for one that failed. How many failed."""
    failed = 0
    for name, case in cases.items():
        started = time.monotonic()
        problem = ""
        try:
            case()
        except BaseException as error:  # noqa: BLE001 - also SystemExit of a client that waited in vain
            if isinstance(error, KeyboardInterrupt):
                raise
            problem = traceback.format_exc() + log()[-6000:]
        print(f"{'FAILED' if problem else 'ok    '} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        if problem:
            failed += 1
            print(problem, flush=True)
    return failed
