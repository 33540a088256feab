import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge import ground
from app.proofreading.findings import Finding, Status, fold
from kg_ingest.embedded_store import EmbeddedStore
from models.lexical import LexicalExtractor
from models.sections import parse
from models.types import EntityLabel, RelationKind, Span


@pytest.fixture(scope="session")
def read(extractor: LexicalExtractor, store: EmbeddedStore):  # type: ignore[no-untyped-def]
    def findings(text: str) -> tuple[Finding, ...]:
        report = parse(text)
        grounded = ground(extractor.extract(report), store)
        return fold(report, grounded.graph, grounded.facts)

    return findings


def only(findings: tuple[Finding, ...], concept: str) -> Finding:
    matching = [finding for finding in findings if finding.concept == concept]
    assert len(matching) == 1, [finding.concept for finding in findings]
    return matching[0]


@pytest.mark.parametrize(
    ("text", "concept", "status"),
    [
        ("No pleural effusion.", "RP:pleural-effusion", Status.ABSENT),
        ("There is no focal consolidation, effusion, or pneumothorax.", "RP:pneumothorax", Status.ABSENT),
        ("Negative for pneumothorax.", "RP:pneumothorax", Status.ABSENT),
        ("A pneumothorax is not seen.", "RP:pneumothorax", Status.ABSENT),
        ("The effusion has resolved.", "RP:pleural-effusion", Status.ABSENT),
        ("Interval resolution of the right effusion.", "RP:pleural-effusion", Status.ABSENT),
        ("Possible right pleural effusion.", "RP:pleural-effusion", Status.UNCERTAIN),
        ("Cannot exclude a small nodule.", "RP:nodule", Status.UNCERTAIN),
        ("Opacity may represent pneumonia.", "RP:pneumonia", Status.UNCERTAIN),
        ("Small left pleural effusion.", "RP:pleural-effusion", Status.PRESENT),
        ("No change in the left granuloma.", "RP:granuloma", Status.PRESENT),
        ("No effusion, the heart is enlarged.", "RP:cardiomegaly", Status.PRESENT),
        ("No opacity to suggest pneumonia.", "RP:pneumonia", Status.ABSENT),
        ("Sliver of fluid in the right pleural space.", "RP:pleural-effusion", Status.PRESENT),
        ("The pleural spaces are free of fluid.", "RP:pleural-effusion", Status.ABSENT),
        ("Nil effusion.", "RP:pleural-effusion", Status.ABSENT),
        ("Devoid of pleural effusion.", "RP:pleural-effusion", Status.ABSENT),
        ("-ve for effusion.", "RP:pleural-effusion", Status.ABSENT),
        ("+ve for effusion.", "RP:pleural-effusion", Status.PRESENT),
        ("No worsening of the effusion.", "RP:pleural-effusion", Status.PRESENT),
        ("The effusion has not resolved.", "RP:pleural-effusion", Status.PRESENT),
        ("The effusion has partially resolved.", "RP:pleural-effusion", Status.PRESENT),
        ("No air in the pleural space.", "RP:pneumothorax", Status.ABSENT),
        ("The film fails to show a pneumothorax.", "RP:pneumothorax", Status.ABSENT),
        ("The pneumothorax is gone.", "RP:pneumothorax", Status.ABSENT),
        ("The pneumothorax is no longer apparent.", "RP:pneumothorax", Status.ABSENT),
        ("Pneumothorax could not be identified.", "RP:pneumothorax", Status.ABSENT),
        ("Pneumothorax: none.", "RP:pneumothorax", Status.ABSENT),
        ("Nothing to suggest pneumothorax.", "RP:pneumothorax", Status.ABSENT),
        ("W/o pneumothorax.", "RP:pneumothorax", Status.ABSENT),
        ("The left lower lobe is consolidated.", "RP:consolidation", Status.PRESENT),
        ("The lungs are oedematous.", "RP:pulmonary-edema", Status.PRESENT),
        ("Upper lobe blood diversion.", "RP:vascular-congestion", Status.PRESENT),
        ("The heart is increased in size.", "RP:cardiomegaly", Status.PRESENT),
        ("The cardiothoracic ratio is raised.", "RP:cardiomegaly", Status.PRESENT),
        ("The heart is grossly enlarged.", "RP:cardiomegaly", Status.PRESENT),
        ("No space-occupying lesion.", "RP:mass", Status.ABSENT),
        ("Bulky mediastinal nodes.", "RP:lymphadenopathy", Status.PRESENT),
        ("Metastatic deposits.", "RP:metastasis", Status.PRESENT),
        ("The lungs are over-inflated.", "RP:hyperinflation", Status.PRESENT),
        ("Lung volumes are reduced.", "RP:low-lung-volumes", Status.PRESENT),
        ("The hemidiaphragms are flat.", "RP:diaphragm-flattening", Status.PRESENT),
        ("The aorta is unfolded.", "RP:aortic-tortuosity", Status.PRESENT),
        ("The ascending aorta is aneurysmal.", "RP:aortic-aneurysm", Status.PRESENT),
        ("No mediastinal displacement.", "RP:mediastinal-shift", Status.ABSENT),
        ("No free gas under the diaphragm.", "RP:free-air", Status.ABSENT),
        ("Gas in the soft tissues.", "RP:subcutaneous-emphysema", Status.PRESENT),
        ("No bony injury.", "RP:fracture", Status.ABSENT),
        ("No broken ribs.", "RP:rib-fracture", Status.ABSENT),
        ("The bones are demineralised.", "RP:osteopenia", Status.PRESENT),
        ("Cannot r/o pneumonia.", "RP:pneumonia", Status.UNCERTAIN),
        ("Opacity c/w pneumonia.", "RP:pneumonia", Status.UNCERTAIN),
        ("Opacity worrying for pneumonia.", "RP:pneumonia", Status.UNCERTAIN),
        ("Appearances favour pneumonia.", "RP:pneumonia", Status.UNCERTAIN),
        ("Pneumonia can't be excluded.", "RP:pneumonia", Status.UNCERTAIN),
    ],
)
def test_status(read, text: str, concept: str, status: Status) -> None:  # type: ignore[no-untyped-def]
    assert only(read(text), concept).status is status


@pytest.mark.parametrize(
    ("text", "concept", "sides"),
    [
        ("Left pleural effusion.", "RP:pleural-effusion", {"left"}),
        ("Consolidation in the right lower lobe.", "RP:consolidation", {"right"}),
        ("LLL consolidation.", "RP:consolidation", {"left"}),
        ("Lingular opacity.", "RP:opacity", {"left"}),
        ("Bilateral effusions.", "RP:pleural-effusion", {"left", "right"}),
        ("The left hemidiaphragm is elevated.", "RP:hemidiaphragm-elevation", {"left"}),
        ("Effusion on the right.", "RP:pleural-effusion", {"right"}),
        ("Left pleural collection.", "RP:pleural-effusion", {"left"}),
        ("Air in the right pleural cavity.", "RP:pneumothorax", {"right"}),
        ("B/l effusions.", "RP:pleural-effusion", {"left", "right"}),
        ("Opacity in the RLZ.", "RP:opacity", {"right"}),
        ("L base opacity.", "RP:opacity", {"left"}),
        ("Shadow in the left upper zone.", "RP:opacity", {"left"}),
        ("Opacified right hemithorax.", "RP:opacity", {"right"}),
        ("The right costophrenic angle is obliterated.", "RP:cp-angle-blunting", {"right"}),
        ("The left hilum is bulky.", "RP:hilar-prominence", {"left"}),
        ("High-riding right hemidiaphragm.", "RP:hemidiaphragm-elevation", {"right"}),
        ("The right fifth rib is broken.", "RP:rib-fracture", {"right"}),
        ("Fibrotic strand at the right base.", "RP:scar", {"right"}),
        ("Abscess in the right lung.", "RP:lung-abscess", {"right"}),
        ("Right chest drain.", "RP:chest-tube", {"right"}),
        ("Pulmonary edema.", "RP:pulmonary-edema", set()),
    ],
)
def test_sides(read, text: str, concept: str, sides: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert only(read(text), concept).sides == sides


@pytest.mark.parametrize(
    ("text", "structure"),
    [
        ("The lungs are fully inflated.", "RP:lung"),
        ("Lungs: NAD.", "RP:lung"),
        ("CPAs are clear.", "RP:costophrenic-angle"),
        ("The heart is not big.", "RP:heart"),
        ("CTR within normal limits.", "RP:heart"),
        ("The trachea is central.", "RP:trachea"),
        ("Normal CXR.", "RP:chest-study"),
        ("Skeleton unremarkable.", "RP:bony-thorax"),
    ],
)
def test_normal_structures(read, text: str, structure: str) -> None:  # type: ignore[no-untyped-def]
    (finding,) = read(text)
    assert finding.normal
    assert [site.concept for site in finding.sites] == [structure]


def test_modifiers_belong_to_their_finding(read) -> None:  # type: ignore[no-untyped-def]
    findings = read(
        "Mild left basilar atelectasis and a 1.2 cm nodule in the left upper lobe, increased from prior."
    )
    atelectasis, nodule = only(findings, "RP:atelectasis"), only(findings, "RP:nodule")
    assert [grade.value for grade in atelectasis.severities] == ["mild"]
    assert atelectasis.measurements == ()
    assert [size.mm for size in nodule.measurements] == [12.0]
    assert [change.value for change in nodule.changes] == ["increased"]


def test_history_and_relatives_are_marked(read) -> None:  # type: ignore[no-untyped-def]
    assert only(read("History of pneumonia."), "RP:pneumonia").entity.historical
    assert only(read("Family history of lung cancer."), "RP:lung-cancer").entity.other


def test_a_finding_suggests_what_follows_the_linking_words(extractor: LexicalExtractor) -> None:
    graph = extractor.extract(parse("Left lower lobe opacity suggesting pneumonia."))
    pairs = {
        (graph.entities[r.source].quote, r.kind, graph.entities[r.target].quote) for r in graph.relations
    }
    assert ("opacity", RelationKind.SUGGESTIVE_OF, "pneumonia") in pairs
    assert ("opacity", RelationKind.LOCATED_AT, "lower lobe") in pairs
    assert ("Left", RelationKind.MODIFY, "lower lobe") in pairs


def test_rules_leave_their_ids(extractor: LexicalExtractor) -> None:
    entity = extractor.asserted("There is no effusion.", Span(12, 20))
    assert entity.label is EntityLabel.ABSENT
    assert [rule.split(".")[0] for rule in entity.rules] == ["negated"]


@given(st.text(alphabet=st.sampled_from("nomild lefturhgpacys,.:;- \n\t\u2028éİ0123456789cm"), max_size=300))
def test_entities_quote_the_text(extractor: LexicalExtractor, text: str) -> None:
    report = parse(text)
    graph = extractor.extract(report)
    starts = [entity.span.start for entity in graph.entities]
    assert starts == sorted(starts)
    for entity in graph.entities:
        assert entity.span.of(text) == entity.quote
        assert report.sentences[entity.sentence].span.contains(entity.span)
    assert all(0 <= end < len(graph.entities) for r in graph.relations for end in (r.source, r.target))
