"""A report that reaches a real Orthanc over DICOM ends as a flag there and in our API, by the scripts that we ship."""

import json
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from batch_cluster import Cluster, Program
from dicom_support import FINDINGS, IMPRESSION, Invented, new_uid, sections, storescu
from local_servers import OrthancServer, UnavailableError
from orthanc_support import CALLABLE, attachment, looked_up, metadata, rest, scripted, wait_for

from app.integrations.dicom.classes import series_uid

TOKEN = "Bearer a-token-of-tests-0123"  # noqa: S105  # invented
SOUND = {FINDINGS: "Small left pleural effusion.", IMPRESSION: "Small left pleural effusion."}


def sources(folder: Path, server: OrthancServer) -> str:
    path = folder / "sources.toml"
    path.write_text(
        f"""[sources.pacs]
kind = "dicom"
auth = {{ type = "header", values = ["{TOKEN}"] }}
orthanc = {{ url = "{server.url}", user = "{server.user}", password = "{server.password}", poll_seconds = 5 }}
"""
    )
    return str(path)


def cluster(folder: Path, server: OrthancServer) -> Cluster:
    ports = {"RADPROOF_CALLBACK_PORTS": str(server.port), "RADPROOF_SOURCES": sources(folder, server)}
    return Cluster(folder, embedded=True, RADPROOF_BATCH_PROCESSES="1", **CALLABLE, **ports)


def tell(running: Cluster, server: OrthancServer) -> None:
    """Have results written to the server."""
    settings = {"url": server.url, "user": server.user, "password": server.password, "sr": True}
    body = json.dumps({"kind": "orthanc", "name": "pacs", "settings": settings}).encode()
    headers = {"Content_Type": "application/json", "X_Actor": "tester"}
    status, answer = running.call("POST", "/v1/endpoints", body, **headers)
    assert status == 201, answer


def results(running: Cluster) -> list[dict[str, Any]]:
    _, answer = running.call("GET", "/v1/batches")
    return [line for batch in json.loads(answer)["batches"] for line in running.results(batch["id"])]


@pytest.fixture
def server() -> Any:
    try:
        made = OrthancServer()
    except UnavailableError as error:
        pytest.skip(str(error))
    if which("storescu") is None:
        pytest.skip("no dcmtk")
    yield made
    made.__exit__()


@pytest.mark.parametrize("kind", ["lua", "python"])
def test_a_report_ends_as_a_flag_beside_it(kind: str, server: OrthancServer, tmp_path: Path) -> None:
    path, first, second = tmp_path / "report.dcm", new_uid(), new_uid()
    with cluster(tmp_path, server) as running:
        try:
            address = {"Url": f"http://127.0.0.1:{running.port}", "Source": "pacs", "Authorization": TOKEN}
            scripted(server, kind, address)
        except UnavailableError as error:
            pytest.skip(str(error))
        server.start()
        tell(running, server)
        with rest(server) as client:
            path.write_bytes(Invented(instance=first).encode())
            storescu(path, server.dicom_port)
            assert "high" in wait_for(lambda: metadata(client, first))
            said = attachment(client, first)
            assert said is not None
            assert "laterality_mismatch" in {error["type"] for error in said["result"]["errors"]}
            series = wait_for(lambda: looked_up(client, series_uid(first)))
            (ours,) = client.get(f"/series/{series}").json()["Instances"]
            assert client.get(f"/instances/{ours}/content/0040-a493").text == "UNVERIFIED"

            (line,) = results(running)
            assert line["custom_id"] == first
            flags = {error["type"] for error in line["checked"]["errors"]}
            assert "laterality_mismatch" in flags

            correction = Invented(sections(SOUND), instance=second, predecessor=first, at="20260105130000")
            path.write_bytes(correction.encode())
            storescu(path, server.dicom_port)
            assert wait_for(lambda: metadata(client, second)) == "no errors found"
            assert wait_for(lambda: metadata(client, first) == "replaced")
            assert attachment(client, first) is None
            assert not looked_up(client, series_uid(first))
            assert not looked_up(client, series_uid(second))
            assert {line["custom_id"] for line in results(running)} == {first, second}


def test_what_came_while_nobody_listened_is_found(server: OrthancServer, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    with cluster(tmp_path, server) as running:
        reader = Program(["orthanc", "--once"], running.environment, tmp_path / "orthanc.log")

        def read() -> list[str]:
            reader.start()
            assert reader.process is not None
            assert reader.process.wait(60) == 0, reader.log.read_text()
            return sorted(line["custom_id"] for line in results(running))

        def sent(uid: str) -> str:
            path.write_bytes(Invented(instance=uid, at="20260105120000").encode())
            storescu(path, server.dicom_port)
            return uid

        server.start()
        before = sent(new_uid())
        assert read() == []  # from now on
        kept = [sent(new_uid()), sent(new_uid())]
        server.kill()
        reader.start()
        assert reader.process is not None
        assert reader.process.wait(60) == 2
        server.start()
        assert read() == sorted(kept)
        assert read() == sorted(kept)
        server.kill()
        server.forget()
        server.start()
        kept.append(sent(new_uid()))
        assert read() == sorted(kept)
        assert before not in kept
