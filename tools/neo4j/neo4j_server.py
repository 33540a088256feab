"""A real Neo4j Community server without Docker: fetched by Maven, on loopback, on a free port.

    python tools/neo4j/neo4j_server.py fetch              # jars into var/neo4j/lib, once
    python tools/neo4j/neo4j_server.py run                # until Ctrl-C; prints the address and the password
    python tools/neo4j/neo4j_server.py admin HOME ARGS…   # neo4j-admin over the same jars, as for imports

Needs Java 17 or 21 and Maven. Tests and benchmarks use ``Neo4jServer``.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "var" / "neo4j" / "lib"
_POM = Path(__file__).with_name("pom.xml")
_STAMP = "fetched"
_START_SECONDS = 90
_OPENS = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
]
_SETTINGS = """
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size={pagecache}
dbms.usage_report.enabled=false
dbms.security.auth_minimum_password_length=8
"""


class UnavailableError(Exception):
    """Java or Maven is missing, or the jars cannot be fetched; the message says which."""


def fetch() -> Path:
    """The folder of jars, filled by Maven when it is not there yet."""
    wanted = _POM.read_text(encoding="utf-8")
    stamp = LIBRARY / _STAMP
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} is not installed")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return LIBRARY
    shutil.rmtree(LIBRARY, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    done = subprocess.run([*command, f"-DoutputDirectory={LIBRARY}"], capture_output=True, text=True)
    if done.returncode != 0:
        raise UnavailableError("Maven could not fetch Neo4j")
    stamp.write_text(wanted, encoding="utf-8")
    return LIBRARY


class Neo4jServer:
    """One server with a home folder of its own; use as a context manager."""

    user = "neo4j"

    def __init__(self, home: Path | None = None, heap: str = "1g", pagecache: str = "512m") -> None:
        self._library = fetch()
        self._temporary = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="radproof-neo4j-"))
        self.password = secrets.token_urlsafe(16)
        self.port = _free_port()
        self._heap = heap
        self._process: subprocess.Popen[bytes] | None = None
        for folder in ("conf", "logs", "data", "run"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        settings = _SETTINGS.format(port=self.port, pagecache=pagecache)
        (self.home / "conf" / "neo4j.conf").write_text(settings, encoding="utf-8")

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def process_id(self) -> int | None:
        """Of the running Java process."""
        return self._process.pid if self._process else None

    def __enter__(self) -> "Neo4jServer":
        self.admin("dbms", "set-initial-password", self.password)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._temporary:
            shutil.rmtree(self.home, ignore_errors=True)

    def admin(self, *arguments: str) -> str:
        """Run neo4j-admin on this home; its output."""
        main = "org.neo4j.server.startup.Neo4jAdminCommand"
        done = subprocess.run(
            [*self._java(), main, *arguments], env=self._environment(), capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"neo4j-admin {arguments[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done.stdout

    def start(self) -> None:
        """Start and wait until it takes connections."""
        main = "org.neo4j.server.CommunityEntryPoint"
        command = [*self._java(), main, f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}"]
        log = (self.home / "logs" / "console.log").open("ab")
        self._process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"Neo4j did not start: see {self.home / 'logs'}")

    def stop(self) -> None:
        """Stop, at last by force."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let it hang: it holds its connections and answers nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo ``pause``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _java(self) -> list[str]:
        return ["java", f"-Xmx{self._heap}", *_OPENS, "-cp", f"{self._library}/*"]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Run one command of the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("fetch", "run", "admin"))
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        if options.command == "fetch":
            sys.stdout.write(f"{fetch()}\n")
        elif options.command == "admin":
            sys.stdout.write(Neo4jServer(Path(options.rest[0])).admin(*options.rest[1:]))
        else:
            home = Path(options.rest[0]) if options.rest else None
            with Neo4jServer(home) as server:
                sys.stdout.write(f"{server.uri} user {server.user} password {server.password}\n")
                sys.stdout.flush()
                stops = {signal.SIGINT, signal.SIGTERM}
                signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # else they end us before the server
                signal.sigwait(stops)
    except (UnavailableError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
