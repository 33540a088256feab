"""What an ablation leaves out."""

from itertools import islice
from pathlib import Path

from app.evaluation.ablation import Archive, Arm, arms
from app.proofreading.speech import read_speech
from app.references import read_observed
from app.services import bundled_reports
from app.settings import Settings


def test_each_arm_has_what_its_name_says(tmp_path: Path) -> None:
    archive = Archive(list(islice(bundled_reports(), 40)), tmp_path, Settings())
    bare = archive.setup(Arm("detectors alone", 0, counts=False, speech=False))
    assert bare.index is not None
    assert not read_observed(bare.index)
    assert not read_speech(bare.index).words
    services = bare.open()
    assert services.references is None
    assert not services.counted
    services.close()
    full = archive.setup(Arm("all", 2)).open()
    assert full.references is not None
    assert len(full.references.search("FINDINGS: Clear lungs.", full.references_k)) == 2
    assert len(full.references.index) == 40
    assert full.counted
    full.close()
    half = archive.setup(Arm("half", part=0.5)).open()
    assert half.references is not None
    assert 8 < len(half.references.index) < 32
    half.close()


def test_another_model_is_one_more_arm(tmp_path: Path) -> None:
    assert len(arms(tmp_path)) == len(arms()) + 1
    assert len({arm.name for arm in arms(tmp_path)}) == len(arms(tmp_path))
