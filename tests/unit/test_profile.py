"""What a site decides: thresholds by rule and type, and its own words."""

from pathlib import Path

import pytest

from app.cli import main
from app.proofreading.check import check_report
from app.proofreading.profile import Profile, ProfileError, Thresholds, read_profile
from app.proofreading.report import Candidate, ErrorType, SubmittedReport, Tier
from app.services import ConfigurationError, build_services
from app.settings import Settings
from models.types import Span


def candidate(confidence: float) -> Candidate:
    return Candidate(ErrorType.TERMINOLOGY, Span(0, 1), "why", "terminology.spelling", confidence)


def test_the_nearest_threshold_counts() -> None:
    assert Profile().tier(candidate(0.85)) is Tier.HIGH
    assert Profile().tier(candidate(0.6)) is Tier.MEDIUM
    assert Profile().tier(candidate(0.59)) is Tier.LOW
    by_type = {"default": Thresholds(0.1, 0.2), "terminology": Thresholds(0.7, 0.9)}
    assert Profile(by_type).tier(candidate(0.65)) is Tier.LOW
    by_rule = {**by_type, "terminology.spelling": Thresholds(1.01, 1.01)}
    assert Profile(by_rule).tier(candidate(1.0)) is Tier.LOW


def test_a_profile_is_read_and_high_never_lies_below_medium(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(
        '[tiers.default]\nmedium = 0.7\n[tiers."terminology.slip"]\nmedium = 1\n'
    )
    profile = read_profile(tmp_path)
    assert profile.tiers == {"default": Thresholds(0.7, 0.85), "terminology.slip": Thresholds(1.0, 1.0)}
    assert read_profile(tmp_path / "absent") == Profile()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tiers", "profile.toml"),
        ("[colours]\n", "colours"),
        ("[tiers.spelling]\nmedium = 0.5\n", "tiers.spelling"),
        ("[tiers.terminology]\nlow = 0.5\n", "medium and high"),
        ("[tiers.terminology]\nmedium = true\n", "a number"),
        ("[tiers.terminology]\nmedium = 7\n", "a number"),
        ("tiers = 3\n", "tiers"),
    ],
)
def test_a_wrong_profile_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "profile.toml").write_text(text)
    with pytest.raises(ProfileError, match=said):
        read_profile(tmp_path)
    with pytest.raises(ConfigurationError, match="RADPROOF_SITE_DIR"):
        build_services(Settings(references_k=0, site_dir=tmp_path))


def test_words_of_the_site_are_never_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RADPROOF_SITE_DIR", str(tmp_path))
    text = "FINDINGS: Mild cardiomegally. No plural effusion."
    before = build_services(Settings(references_k=0))
    assert len(check_report(SubmittedReport(text, "r"), before).errors) == 2
    assert main(["lexicon", "add", "Cardiomegally", "plural"]) == 0
    after = build_services(Settings(references_k=0))
    assert check_report(SubmittedReport(text, "r"), after).errors == ()
    assert main(["lexicon", "remove", "plural"]) == 0
    capsys.readouterr()
    assert main(["lexicon", "list"]) == 0
    assert capsys.readouterr().out == "cardiomegally\n"
    before.knowledge.close()
    after.knowledge.close()


def test_a_profile_turns_a_flag_into_a_remark(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text("[tiers.terminology]\nmedium = 1.01\n")
    services = build_services(Settings(references_k=0, site_dir=tmp_path))
    checked = check_report(SubmittedReport("FINDINGS: Mild cardiomegally.", "r"), services)
    assert [error.tier for error in checked.errors] == [Tier.LOW]
    assert not checked.has_errors
    services.knowledge.close()
