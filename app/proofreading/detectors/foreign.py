"""A sentence of another study in a report of the chest radiograph: "no joint effusion or patellar fracture"."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.detectors.studies import kinds_named
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

# what a radiograph of the chest does not show
_ELSEWHERE = re.compile(
    r"\b(?:patell\w+|menisc(?:i|al)\w*|(?:medial|lateral|torn) meniscus|"
    r"cruciate|femoral head|acetabul\w+|tibial?|fibular?|metatars\w+|metacarp\w+|endometri\w+|"
    r"adnexa\w*|ovarian follic\w+|common bile duct|gallbladder wall|pancreatic duct|heterogeneously dense|"
    r"fibroglandular|bi-?rads|gr[ae]y[- ]white|cerebral sulci|mastoid air cells|cerebell\w+|basal ganglia|"
    r"neural foram\w+(?= (?:narrow|sten|encroach|compromis|are|is))|(?:narrowing|stenosis) of the neural foram\w+|"
    r"disc bulge|supraspinatus|appendix|bowel wall|renal cortical|"
    r"fetus|maxillary (?:sinus\w*|antr\w+)|ethmoid\w*|mandibular condyles?|carotid bulbs?|brain|"
    r"hip prosthes[ie]s|prostate|"
    r"uterus|uterine|ovar(?:y|ies)|prostate gland|testic\w+|testes|scrot\w+|urinary bladder|bladder wall|placenta|"
    r"f(?:o)?etal|amniotic|intracranial|extra-?axial|calvari\w+|paranasal sinus\w*|orbits?|globes|pituitary|"
    r"corpus callosum|ventricular system|(?:lateral|third|fourth) ventricles?|white matter|cerebr\w+|hydronephrosis|"
    r"portal vein|hepatic parenchyma|corticomedullary|knees?|ankles?|wrists?|elbows?|femurs?|femoral neck|hip joints?|"
    r"sacroiliac|carpal|tarsal|calcane\w+|achilles|rotator cuff|labr(?:um|al)|conus|cauda equina|thecal sac|"
    r"microcalcifications?|popliteal|deep vein thrombosis|peristalsis|esophageal motility|"
    r"(?:medial|lateral|patellofemoral|tibiofemoral) compartments?|suprapatellar|ejection fraction|"
    r"(?:mild|moderate|severe|trace) (?:mitral|aortic|tricuspid|pulmonic) (?:regurgitation|insufficiency|stenosis)|"
    r"wall motion abnormalit\w+|diastolic dysfunction|shadowing (?:stones?|calcul\w+)|"
    r"gallbladder (?:is|was|appears|contains|sludge|stones?)|pubic ram(?:us|i)|obturator rings?|iliac (?:wings?|crests?)|"
    r"pelvic ring|skeletal survey|dvt|lower extremit(?:y|ies)|hip joint spaces?|radial heads?|"
    r"olecranon|ulnar?|scaphoid (?:bone|fracture|waist)|lunate|talar dome|ankle mortise|lisfranc|metatarsals?|"
    r"odontoid|l[45][-/ ]?(?:l5|s1)|spinal canal stenosis|ligamentum flavum|nerve roots?|"
    r"pulmonary embol\w+ to the|filling defects?|low probability|v/?q (?:scan|study)|perfusion defects?|"
    r"common (?:hepatic|femoral|iliac) \w+|pancreatic (?:head|tail|body|parenchyma)|splenic vein|"
    r"renal (?:cysts?|pelvis|calcul\w+)|ureters?|sigmoid|"
    r"c(?:a)?ecum|terminal ileum|liver (?:parenchyma|lesions?|cysts?)|hepatic (?:steatosis|lesions?|veins?)|"
    r"adrenal nodules?|gestational sac|"
    r"yolk sac|nuchal|endometrium|epididym\w+|myometri\w+|restricted diffusion|short axis|(?:pi|li|ti|lung)-?rads|"
    r"psoas (?:margins?|shadows?|outlines?)|stool throughout|lateral masses of c1|atlanto-?axial|"
    r"t-?score|bone mineral density|ostiomeatal|nasal septum|tonsils?|parotid\w*|optic nerves?)\b",
    re.IGNORECASE,
)
_CHEST = re.compile(r"\bcxr\b|\b(?:chest|thorax)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:ct|cta|ctpa|mri?|abd\w*|pelvi\w+|shoulder|knee|hip|spine|ultrasound|us|mammo\w*|kub|neck|head|brain)\b",
    re.IGNORECASE,
)
_HISTORY = re.compile(
    r"\b(?:cancer|carcinoma|tumou?rs?|metasta\w+|history|known|recommend\w*|prior|previous|correlat\w+|ct|mri|"
    r"ultrasound|sonogra\w+|duplex|doppler|female|male|lady|gentleman|patient|echo\w*|"
    r"due to|secondary to|overl\w+|project\w*|clearance|pre-?op\w*|before|planned|awaiting|scheduled|fitness"
    r"|clips?|stents?|catheters?|cannulae?|sheath|lines?|tip)\b",
    re.IGNORECASE,
)
_CONFIDENCE = 0.8
_LONG_LINE = 100  # code points; a longer one is no title


class Foreign:
    """Looks in reports titled as chest radiographs for organs that only other studies show."""

    types = frozenset({ErrorType.TEMPLATE_ARTIFACT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate: where several sentences tell of such an organ, it was looked at too."""
        title = title_of(case)
        if title is None or not _CHEST.search(title) or kinds_named(title) != ["XR"] or _MORE.search(title):
            return
        found = [
            (index, match.group().lower())
            for index, sentence in enumerate(case.report.sentences)
            if case.report.section_of(index) in REPORTED
            and index > 0
            and not _HISTORY.search(sentence.span.of(case.report.text))
            and (match := _ELSEWHERE.search(sentence.span.of(case.report.text)))
        ]
        if len(found) == 1:
            yield _candidate(case, *found[0])


def title_of(case: Case) -> str | None:
    """What the report calls its study: the EXAM section, else the first line or sentence, where no heading opens it."""
    for section in case.report.sections:
        if section.name is SectionName.EXAM:
            heading = section.heading.of(case.report.text) if section.heading else ""
            return f"{heading} {section.body.of(case.report.text)}"
    if case.report.sections and case.report.sections[0].name is not SectionName.UNTITLED:
        return None
    lines = case.report.text.strip().splitlines()
    if lines and len(lines[0]) > _LONG_LINE and case.report.sentences:
        return case.report.sentences[0].span.of(case.report.text)
    return lines[0] if lines else None


def _candidate(case: Case, index: int, organ: str) -> Candidate:
    span: Span = case.report.sentences[index].span
    return Candidate(
        type=ErrorType.TEMPLATE_ARTIFACT,
        span=span,
        message=f"A radiograph of the chest does not show this ({organ}): text of another study?",
        rule="template_artifact.foreign",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=span),),
        correction=leave_out(case, index),
    )
