"""A site's verifier: what is learnt from decisions, and what a check makes of it."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.api.schemas import CheckedReportOut
from app.cli import main
from app.evaluation.fitting import Judged, assess, fit, held_out
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.proofreading.verifier import Verifier, VerifierError, keys_of, read_verifier
from app.services import Services, build_services
from app.settings import Settings

SLIP = "FINDINGS: Mild cardiomegally."
SIDE = "FINDINGS: Small left pleural effusion.\nIMPRESSION: Small right pleural effusion."


def judged(rule: str, right: bool, number: int, confidence: float = 0.9) -> Judged:
    return Judged(f"r{number}", rule, "terminology", "FINDINGS", confidence, right)


def lines(services: Services, text: str, numbers: Iterable[int], outcome: str) -> str:
    """Lines of a batch's results in which every error has the same decision."""
    checked = CheckedReportOut.of(check_report(SubmittedReport(text, "r"), services))
    decisions = [
        {"error_id": error.id, "outcome": outcome, "at": "2026-01-01T00:00:00Z"} for error in checked.errors
    ]
    row = {"state": "checked", "checked": checked.model_dump(mode="json"), "decisions": decisions}
    return "".join(json.dumps({"custom_id": f"r{number}", **row}) + "\n" for number in numbers)


def feedback(services: Services, least: int) -> str:
    """Sides are accepted, spellings overridden, so many of each."""
    accepted = lines(services, SIDE, range(least), "accepted")
    return accepted + lines(services, SLIP, range(least, 2 * least), "overridden")


def test_a_rule_that_is_overridden_loses_and_one_that_is_accepted_gains() -> None:
    rows = [judged("a.b", number % 10 == 0, number) for number in range(60)]
    rows += [judged("c.d", number % 10 != 0, number) for number in range(60)]
    shifts = Verifier(fit(rows))
    assert shifts.moved(0.9, rows[0].keys) < 0.4
    assert shifts.moved(0.9, rows[-1].keys) > 0.8
    shipped = assess(rows, [one.confidence for one in rows], 0.6)
    learnt = assess(rows, held_out(rows), 0.6)
    assert learnt.brier < shipped.brier
    assert (shipped.shown, shipped.right) == (120, 60)
    assert (learnt.shown, learnt.right) == (60, 54)


def test_little_feedback_moves_little_and_none_nothing() -> None:
    one = fit([judged("a.b", False, 1)])
    assert -1.0 < sum(one.values()) < 0
    assert fit([]) == {}
    assert Verifier().moved(0.8, ("all",)) == pytest.approx(0.8)


def test_a_shift_can_be_taken_back() -> None:
    verifier = Verifier({"all": -1.0, "rule:a.b": 0.4})
    keys = keys_of("a.b", "terminology", "FINDINGS")
    assert verifier.moved(verifier.moved(0.7, keys), keys, -1) == pytest.approx(0.7)


def test_a_site_fits_its_verifier_and_a_check_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RADPROOF_SITE_DIR", str(tmp_path))
    services = build_services(Settings(references_k=0))
    results = tmp_path / "results.ndjson"
    results.write_text(feedback(services, 60))
    assert main(["verifier", "fit", "--dry-run", str(results)]) == 0
    assert "120 decisions, 60 accepted" in capsys.readouterr().out
    assert not (tmp_path / "verifier.toml").exists()
    assert main(["verifier", "fit", str(results)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "120 shown, 60 accepted, PPV 0.500" in said[1]
    assert "60 shown, 60 accepted, PPV 1.000" in said[2]
    fitted = build_services(Settings(references_k=0))
    checked = check_report(SubmittedReport(SLIP, "r"), fitted)
    assert [error.tier for error in checked.errors] == [Tier.LOW]
    assert checked.versions["verifier"] == read_verifier(tmp_path).version
    kept = check_report(SubmittedReport(SIDE, "r"), fitted)
    assert [error.tier for error in kept.errors] == [Tier.HIGH]

    # what was checked with this verifier can be learnt from: its shifts are taken away first
    results.write_text(feedback(fitted, 60))
    before = (tmp_path / "verifier.toml").read_text()
    assert main(["verifier", "fit", str(results)]) == 0
    assert (tmp_path / "verifier.toml").read_text() == before
    (tmp_path / "verifier.toml").write_text("[shift]\nall = 0.5\n")
    assert main(["verifier", "fit", str(results)]) == 2
    assert "another verifier" in capsys.readouterr().err
    services.knowledge.close()
    fitted.knowledge.close()


def test_too_little_or_one_sided_feedback_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    all_services: Services,
) -> None:
    monkeypatch.setenv("RADPROOF_SITE_DIR", str(tmp_path))
    results = tmp_path / "results.ndjson"
    results.write_text(feedback(all_services, 40))
    assert main(["verifier", "fit", str(results)]) == 2
    assert "40 errors accepted and 40 overridden" in capsys.readouterr().err
    results.write_text(lines(all_services, SIDE, range(120), "accepted"))
    assert main(["verifier", "fit", str(results)]) == 2
    results.write_text('{"custom_id": "r", "state": "checked", "decisions": 3}\n')
    assert main(["verifier", "fit", str(results)]) == 2
    assert "line 1: not a result" in capsys.readouterr().err
    assert not (tmp_path / "verifier.toml").exists()


def test_feedback_that_teaches_nothing_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, all_services: Services
) -> None:
    monkeypatch.setenv("RADPROOF_SITE_DIR", str(tmp_path))
    results = tmp_path / "results.ndjson"
    wrong = [number for number in range(240) if number % 12 == 0]  # 0.917 are right; their confidence is 0.92
    right = [number for number in range(240) if number % 12 != 0]
    results.write_text(
        lines(all_services, SIDE, right, "accepted") + lines(all_services, SIDE, wrong, "overridden")
    )
    assert main(["verifier", "fit", str(results)]) == 1
    assert not (tmp_path / "verifier.toml").exists()


@pytest.mark.parametrize("text", ["[shift\n", "[shifts]\n", "[shift]\nall = true\n", "[shift]\nall = 99\n"])
def test_a_wrong_verifier_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "verifier.toml").write_text(text)
    with pytest.raises(VerifierError, match=r"verifier\.toml"):
        read_verifier(tmp_path)
