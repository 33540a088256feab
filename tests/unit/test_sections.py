import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sections import parse
from models.types import SectionName


def sentences(text: str) -> list[str]:
    report = parse(text)
    return [report.quote(sentence.span) for sentence in report.sentences]


def names(text: str) -> list[str]:
    return [section.name.value for section in parse(text).sections]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FINDINGS: Clear. IMPRESSION: Normal.", ["FINDINGS", "IMPRESSION"]),
        ("Findings:\nClear.\n\nImpression:\nNormal.", ["FINDINGS", "IMPRESSION"]),
        ("**FINDINGS:** Clear.\n**IMPRESSION:** Normal.", ["FINDINGS", "IMPRESSION"]),
        ("FINDINGS: Lobe clear.IMPRESSION: Normal.", ["FINDINGS", "IMPRESSION"]),
        ("IMPRESSION\n1. Normal.", ["IMPRESSION"]),
        (
            "HISTORY: Cough.\r\nTECHNIQUE: PA.\r\nCOMPARISON: None.\r\nFINDINGS: Clear.",
            ["INDICATION", "TECHNIQUE", "COMPARISON", "FINDINGS"],
        ),
        ("CONCLUSION: Normal.", ["IMPRESSION"]),
        ("ADDENDUM: Left, not right.", ["ADDENDUM"]),
        ("The lungs are clear.", ["UNTITLED"]),
        ("Seen today. FINDINGS: Clear.", ["UNTITLED", "FINDINGS"]),
        ("FINDINGS:\nLUNGS: Clear.\nHEART: Normal.", ["FINDINGS"]),
        ("INDICATION: Cough.\nNURSE NOTE: Called.", ["INDICATION", "OTHER"]),
        ("FINDINGS:", ["FINDINGS"]),
        ("", []),
    ],
)
def test_sections_of_real_world_headings(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nodule of 1.2 cm. Stable.", ["Nodule of 1.2 cm.", "Stable."]),
        ("Seen by Dr. Smith at 3 p.m. today.", ["Seen by Dr. Smith at 3 p.m. today."]),
        ("Lungs clear.Heart normal.", ["Lungs clear.", "Heart normal."]),
        ("1. Effusion. 2. Nodule", ["Effusion.", "Nodule"]),
        ("1) Effusion\n2) Nodule", ["Effusion", "Nodule"]),
        ("- clear lungs\n- normal heart", ["clear lungs", "normal heart"]),
        ("Lungs are clear\nHeart is normal", ["Lungs are clear", "Heart is normal"]),
        ("There is an opacity in\nthe left lower lobe.", ["There is an opacity in\nthe left lower lobe."]),
        ("XXXX opacity in [**Location**]. ___ seen.", ["XXXX opacity in [**Location**].", "___ seen."]),
        ("Clear.. Normal.", ["Clear..", "Normal."]),
        ("Effusion?\tNo. Clear!", ["Effusion?", "No.", "Clear!"]),
        ("Clear lungs.\u2028Normal heart.", ["Clear lungs.", "Normal heart."]),
        ("See series no. 5 now.", ["See series no. 5 now."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_sentences_know_their_section() -> None:
    report = parse("FINDINGS: Clear.\r\nIMPRESSION: Normal.")
    assert [report.section_of(index) for index in range(2)] == [SectionName.FINDINGS, SectionName.IMPRESSION]


PIECES = st.sampled_from(
    ["FINDINGS:", "IMPRESSION:", "1.", "2)", "- ", ".", "..", " ", "\n", "\r\n", "\t", "Dr.", "3.5 cm", "XXXX", "No",
     "effusion", "Lungs", "é", "\u2028", "\x0c", "[**x**]", ":", "LUNGS:", "\ufeff", "İ", "𝔸"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_spans_are_exact_ordered_and_leave_out_no_letter(text: str) -> None:
    report = parse(text)
    end = 0
    for section in report.sections:
        assert section.body.start >= end
        end = section.body.end
    previous = 0
    covered: set[int] = set()
    for sentence in report.sentences:
        span = sentence.span
        assert previous <= span.start < span.end <= len(text)
        assert report.sections[sentence.section].body.contains(span)
        assert report.quote(span) == report.quote(span).strip("\ufeff ").strip() or span.of(text).strip()
        previous = span.end
        covered.update(range(span.start, span.end))
    for section in report.sections:
        for index in range(section.body.start, section.body.end):
            assert index in covered or not text[index].isalpha()


@pytest.mark.parametrize(
    "piece", ["A.", "1. ", ":", "\n", "a\n", " ", "FINDINGS:", "- ", "(", "A B ", "X:\n"]
)
def test_a_long_hostile_text_is_cut_in_one_pass(piece: str) -> None:
    text = piece * (262_144 // len(piece))
    report = parse(text)
    assert all(sentence.span.end <= len(text) for sentence in report.sentences)
