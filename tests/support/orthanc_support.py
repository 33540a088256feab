"""What tests ask of an Orthanc, by its REST API."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from local_servers import OrthancServer

SCRIPTS = Path(__file__).parents[2] / "integrations" / "orthanc"
CALLABLE = {"RADPROOF_CALLBACK_NETWORKS": "127.0.0.0/8", "RADPROOF_CALLBACK_HTTP": "true"}
_SECONDS = 60


def rest(server: OrthancServer) -> httpx2.Client:
    return httpx2.Client(
        base_url=server.url, auth=(server.user, server.password), timeout=30, trust_env=False
    )


def looked_up(client: httpx2.Client, uid: str) -> str:
    """What the server calls an object or series with this UID; empty where there is none."""
    found = client.post("/tools/lookup", content=uid).json()
    return str(found[0]["ID"]) if found else ""


def wait_for(what: Callable[[], Any], seconds: float = _SECONDS) -> Any:
    """What comes to be something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"not within {seconds} s")


def metadata(client: httpx2.Client, uid: str) -> str:
    answer = client.get(f"/instances/{looked_up(client, uid)}/metadata/4200")
    return answer.text if answer.status_code == 200 else ""


def attachment(client: httpx2.Client, uid: str) -> dict[str, Any] | None:
    answer = client.get(f"/instances/{looked_up(client, uid)}/attachments/4200/data")
    return json.loads(answer.content) if answer.status_code == 200 else None


def scripted(server: OrthancServer, kind: str, radproof: dict[str, Any]) -> None:
    """Have a server run one of the scripts that we ship; UnavailableError where it cannot."""
    if kind == "lua":
        ours: dict[str, object] = {"LuaScripts": [str(SCRIPTS / "radproof.lua")], "LuaHeartBeatPeriod": 1}
    else:
        ours = {"Plugins": [server.python_plugin()], "PythonScript": str(SCRIPTS / "radproof.py")}
    shown = json.loads((SCRIPTS / "orthanc.json").read_text("utf-8"))
    named = {key: shown[key] for key in ("UserMetadata", "UserContentType")}
    server.configure({**ours, **named, "StableAge": 2, "RadProof": {**shown["RadProof"], **radproof}})
