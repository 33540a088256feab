"""One installation of each kind for every test here: one process over SQLite, and all parts apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_cluster import Cluster
from local_servers import UnavailableError


@pytest.fixture(scope="session", params=["embedded", "apart"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    settings = {"RADPROOF_BATCH_PROCESSES": "1"} if request.param == "embedded" else {}
    try:
        made = Cluster(folder, embedded=request.param == "embedded", **settings)
    except UnavailableError as error:
        pytest.skip(str(error))
    with made:
        yield made
