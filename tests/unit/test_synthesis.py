import json
from importlib.resources import files

from app.synthesis.generator import generate
from models.graph_json import graph_from_json, graph_to_json
from models.sections import parse


def rows() -> list[dict[str, object]]:
    text = files("app").joinpath("synthesis/reports.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_bundled_reports_are_what_the_generator_makes() -> None:
    made = [(r.id, r.modality, r.text, graph_to_json(r.graph)) for r in generate(1, 600)]
    assert [(row["id"], row["modality"], row["text"], row["graph"]) for row in rows()] == made


def test_there_are_enough_varied_reports_that_say_they_are_invented() -> None:
    bundled = rows()
    assert len(bundled) >= 400
    assert len({row["text"] for row in bundled}) == len(bundled)
    assert {row["modality"] for row in bundled} == {"xr", "ct"}
    assert all(row["invented"] is True for row in bundled)


def test_the_gold_graphs_quote_their_texts() -> None:
    for row in rows():
        text, graph = str(row["text"]), graph_from_json(row["graph"])  # type: ignore[arg-type]
        report = parse(text)
        for entity in graph.entities:
            assert entity.span.of(text) == entity.quote
            assert report.sentences[entity.sentence].span.contains(entity.span)


def test_the_checker_finds_no_error_in_them(check) -> None:  # type: ignore[no-untyped-def]
    flagged = [row["id"] for row in rows() if check(row["text"]).has_errors]
    assert len(flagged) <= 3, flagged
