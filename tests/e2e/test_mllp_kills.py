"""Parts are killed while messages come in: each that was acknowledged has exactly one current result."""

from pathlib import Path

import pytest
from batch_cluster import Cluster
from local_servers import UnavailableError
from mllp_rounds import faults, receiver_of, run

_SECONDS = 30  # new rounds begin for so long


@pytest.mark.parametrize("embedded", [True, False])
def test_nothing_acknowledged_is_lost_or_doubled(embedded: bool, tmp_path: Path) -> None:
    settings = {"RADPROOF_BATCH_PROCESSES": "1"} if embedded else {}
    try:
        cluster = Cluster(tmp_path, embedded=embedded, **settings)
    except UnavailableError as error:
        pytest.skip(str(error))
    with cluster:
        receiver, port = receiver_of(cluster, tmp_path)
        receiver.start()
        try:
            outcome = run(cluster, receiver, port, (5, _SECONDS), seed=3)
            assert outcome.acknowledged
            assert faults(cluster, outcome) == []
        finally:
            receiver.kill()
