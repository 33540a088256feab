"""What each part of an archive brings: the same items, with parts of it left out."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.commands.parts import build
from app.evaluation.run import Setup
from app.evaluation.splits import share
from app.evaluation.summary import Summary
from app.proofreading.report import SubmittedReport
from app.proofreading.speech import SPEECH_FILE
from app.references import OBSERVED_FILE, records, write_archive
from app.services import open_embedder
from app.settings import Settings
from models.reference_index import ReferenceIndex

REFERENCES = 4
"""Similar reports a check, as the service's default."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting: how many similar reports, which files of the archive, how much of it, which model."""

    name: str
    k: int = REFERENCES
    counts: bool = True
    speech: bool = True
    part: float = 1.0
    embedder: Path | None = None


def arms(embedder: Path | None = None) -> tuple[Arm, ...]:
    """The settings that are compared; with the folder of another embedding model that one too."""
    other = () if embedder is None else (Arm(f"all, k = 4, model {embedder.name}", embedder=embedder),)
    return (
        Arm("detectors alone", 0, counts=False, speech=False),
        Arm("+ counts of finding and place", 0, speech=False),
        Arm("+ similar reports, k = 4", counts=False, speech=False),
        Arm("+ counts and similar reports", speech=False),
        Arm("+ speech", 0, counts=False),
        Arm("all, k = 0", 0),
        Arm("all, k = 2", 2),
        Arm("all, k = 4"),
        Arm("all, k = 8", 8),
        Arm("all, k = 4, half of the archive", part=0.5),
        Arm("all, k = 4, a quarter of the archive", part=0.25),
        *other,
    )


def write_index(folder: Path, references: Iterable[SubmittedReport], settings: Settings) -> None:
    """An index of the references, with what they observe and how they speak beside it.

    Raises:
        CommandError, ConfigurationError, EmbedderError, ReferenceIndexError: when it cannot be made.
    """
    services = build(settings.model_copy(update={"references_k": 0}))
    try:
        made = records(references, services.extractor, services.knowledge)
        index = ReferenceIndex.build(made, open_embedder(settings), "the reference half")
    finally:
        services.close()
    index.save(folder)
    write_archive(folder, index)


@dataclass(frozen=True, slots=True)
class Archive:
    """The reports that become references, the folder for their indexes, and the settings to build on."""

    references: Sequence[SubmittedReport]
    folder: Path
    settings: Settings

    def setup(self, arm: Arm) -> Setup:
        """What processes need for an arm; its index is made where none before it made one."""
        settings = self.settings.model_copy(update={"references_k": arm.k})
        if arm.embedder is not None:
            settings = settings.model_copy(update={"embedder_dir": arm.embedder})
        whole = self.folder / f"{arm.part}-{arm.embedder.name if arm.embedder else ''}"
        if not whole.is_dir():
            some = [one for one in self.references if share(f"archive:{one.report_id}") < arm.part]
            write_index(whole, some, settings)
        if arm.counts and arm.speech:
            return Setup(settings, whole)
        bare = shutil.copytree(
            whole, whole.with_name(f"{whole.name}-{arm.counts}-{arm.speech}"), dirs_exist_ok=True
        )
        for kept, name in ((arm.counts, OBSERVED_FILE), (arm.speech, SPEECH_FILE)):
            if not kept:
                (bare / name).unlink(missing_ok=True)
        return Setup(settings, bare)


def ablate(
    archive: Archive, chosen: Sequence[Arm], measured: Callable[[Setup], Summary]
) -> Iterator[tuple[str, Summary]]:
    """(name, summary) of each arm."""
    for arm in chosen:
        yield arm.name, measured(archive.setup(arm))
