"""Habits of the house that a test can hold."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    hosts = (
        "py" + "pi.org",
        "python" + "hosted.org",
        "registry.npm" + "js.org",
        "repo1." + "maven",
        "deb." + "debian.org",
    )
    paths = ("/wor" + "k/", "/home" + "/")
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore")
        found = [word for word in (*hosts, *paths) if word in text]
        assert not found, (path.name, found)


def test_locks_are_hashed_and_without_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-llm-cpu.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        blocks = re.findall(
            r"^[A-Za-z0-9._-]+==\S+(?: \\\n    --hash=sha256:[0-9a-f]{64})+$", text, re.MULTILINE
        )
        assert len(blocks) == len(re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)) > 0


def test_every_runtime_dependency_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"^dependencies = \[(.*?)\]", project, re.DOTALL | re.MULTILINE)
    assert listed
    names = [re.split(r"[><=]", item)[0] for item in re.findall(r'"([^"]+)"', listed.group(1))]
    lock = (ROOT / "requirements.lock").read_text("utf-8").lower()
    assert [name for name in names if f"\n{name.lower()}==" not in lock] == []


def test_source_files_stay_short() -> None:
    tests = ROOT / "tests"
    long = {
        p.name: n
        for p in tracked()
        if p.suffix == ".py"
        and tests not in p.parents
        and (n := len(p.read_text("utf-8").splitlines())) > 320
    }
    assert long == {}


def test_the_readme_commands_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = set(re.findall(r"\bmake ([a-z-]+)\b", readme))
    assert {"demo", "test"} <= commands
    assert [
        command for command in sorted(commands) if not re.search(rf"^{command}:", makefile, re.MULTILINE)
    ] == []


def test_compose_gives_the_model_no_port_and_no_service_a_default_password() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert {"api", "neo4j", "redis", "llm"} <= compose["services"].keys()
    assert compose["services"]["llm"]["profiles"] == ["gpu"]
    assert compose["services"]["llm-cpu"]["profiles"] == ["cpu"]
    for name in ("llm", "llm-cpu", "llm-proxy"):
        assert "ports" not in compose["services"][name]
    for name in ("NEO4J_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:?" in (ROOT / "docker-compose.yml").read_text("utf-8")


def test_rule_files_have_unique_ids() -> None:
    for name, column in (("models/rules/assertion.tsv", 0), ("app/proofreading/detectors/confusions.tsv", 0)):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        ids = [line.split("\t")[column] for line in lines if line and not line.startswith(("#", "id\t"))]
        assert len(ids) == len(set(ids)) > 100
