"""Parts are killed at random moments: every accepted report ends with exactly one current result.

A few rounds; ``make kill-rounds`` does as many as asked.
"""

from pathlib import Path

import pytest
from batch_cluster import Cluster
from kill_rounds import faults, run
from local_servers import UnavailableError

_SECONDS = 60  # new rounds begin for so long


@pytest.mark.parametrize("embedded", [True, False])
def test_nothing_accepted_is_lost_or_doubled(embedded: bool, tmp_path: Path) -> None:
    settings = {"RADPROOF_BATCH_PROCESSES": "1"} if embedded else {}
    try:
        cluster = Cluster(tmp_path, embedded=embedded, **settings)
    except UnavailableError as error:
        pytest.skip(str(error))
    with cluster:
        outcome = run(cluster, rounds=8, seconds=_SECONDS, seed=3)
        assert outcome.batches
        assert faults(cluster, outcome) == []


def test_stopped_worker_finishes_what_it_has_begun(tmp_path: Path) -> None:
    try:
        cluster = Cluster(tmp_path, embedded=False)
    except UnavailableError as error:
        pytest.skip(str(error))
    with cluster:
        reports = [{"custom_id": f"c{number}", "text": "FINDINGS: No effusion."} for number in range(300)]
        _, batch = cluster.send(reports, "k")
        (worker,) = cluster.workers
        assert worker.stop() == 0
        counts = cluster.batch(batch)["counts"]
        assert counts["checked"] + counts["waiting"] == 300
        worker.start()
        assert cluster.wait_until_done(batch)["counts"]["checked"] == 300
