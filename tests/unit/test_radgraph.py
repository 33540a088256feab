import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models.radgraph_format import align, graph_from_radgraph, label_of
from models.sections import parse
from models.types import EntityKind, EntityLabel, RelationKind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ANAT-DP", (EntityLabel.ANATOMY, EntityKind.ANATOMY)),
        ("OBS-DA", (EntityLabel.ABSENT, EntityKind.OBSERVATION)),
        ("Observation::uncertain", (EntityLabel.UNCERTAIN, EntityKind.OBSERVATION)),
        ("Anatomy::definitely present", (EntityLabel.ANATOMY, EntityKind.ANATOMY)),
        ("Anatomy::measurement::definitely present", (EntityLabel.PRESENT, EntityKind.MEASUREMENT)),
    ],
)
def test_labels_of_both_versions(name: str, expected: tuple[EntityLabel, EntityKind]) -> None:
    assert label_of(name) == expected


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="not a RadGraph label"):
        label_of("Finding::present")


def test_words_find_their_place_through_case_and_spaces() -> None:
    text = "No   Pleural\r\neffusion,(small) seen."
    places = align("no pleural effusion , ( small ) seen .".split(), text)
    assert [place.of(text) if place else None for place in places] == [
        "No", "Pleural", "effusion", ",", "(", "small", ")", "seen", ".",
    ]  # fmt: skip


def test_a_word_that_is_not_there_loses_only_itself() -> None:
    report = parse("Small effusion on the left.")
    annotation = {
        "text": "small ghost effusion on the left .",
        "entities": {
            "1": {"label": "OBS-DP", "start_ix": 0, "end_ix": 0, "relations": [["modify", "3"]]},
            "2": {"label": "OBS-DP", "start_ix": 1, "end_ix": 1, "relations": [["modify", "3"]]},
            "3": {"label": "OBS-DP", "start_ix": 2, "end_ix": 2, "relations": [["located_at", "4"]]},
            "4": {"label": "ANAT-DP", "start_ix": 5, "end_ix": 5, "relations": []},
        },
    }
    aligned = graph_from_radgraph(report, annotation)
    assert aligned.lost == 1
    assert [entity.quote for entity in aligned.graph.entities] == ["Small", "effusion", "left"]
    kinds = {(r.kind, r.source, r.target) for r in aligned.graph.relations}
    assert kinds == {(RelationKind.MODIFY, 0, 1), (RelationKind.LOCATED_AT, 1, 2)}


def test_the_published_samples_come_back_whole(shared: Callable[[str], Path]) -> None:
    samples = json.loads(
        shared("radgraph_format/expected_processed_annotations_5reports.json").read_text("utf-8")
    )
    for sample in samples:
        annotation = sample["processed_annotations"]["radgraph_annotations"]["0"]
        aligned = graph_from_radgraph(parse(sample["report_text"]), annotation)
        assert aligned.lost == 0
        wanted = sorted("".join(raw["tokens"].lower().split()) for raw in annotation["entities"].values())
        assert sorted("".join(e.quote.lower().split()) for e in aligned.graph.entities) == wanted
