"""Identifiers of concepts as CURIEs with one spelling per vocabulary."""

import re

# the many prefixes under which sources cite one vocabulary
_PREFIXES = {
    "umls": "UMLS",
    "umls_cui": "UMLS",
    "cui": "UMLS",
    "sctid": "SCTID",
    "sct": "SCTID",
    "snomed": "SCTID",
    "snomedct": "SCTID",
    "snomed_ct": "SCTID",
    "snomedct_us": "SCTID",
    "radlex": "RADLEX",
    "rid": "RADLEX",
    "hp": "HP",
    "hpo": "HP",
    "mondo": "MONDO",
    "doid": "DOID",
    "uberon": "UBERON",
    "fma": "FMA",
    "oifm": "OIFM",
    "mesh": "MESH",
    "msh": "MESH",
}
_DATED = re.compile(r"_\d{4}_\d{2}_\d{2}$")  # DOID cites SNOMEDCT_US_2023_03_01
_IRIS = (
    (re.compile(r"^https?://purl\.obolibrary\.org/obo/([A-Za-z]+)_(\w+)$"), r"\1:\2"),
    (re.compile(r"^https?://(?:www\.)?(?:radlex\.org/RID/+|radlex\.org/RID/#?)(RID\d+)$"), r"RADLEX:\1"),
    (re.compile(r"^https?://snomed\.info/(?:id|sct)/(\d+)$"), r"SCTID:\1"),
    (re.compile(r"^https?://linkedlifedata\.com/resource/umls/id/(C\d+)$"), r"UMLS:\1"),
)
# vocabularies whose identifiers stand for one meaning: equal ones join concepts
JOINING = frozenset({"UMLS", "SCTID", "RADLEX", "HP", "MONDO", "DOID", "UBERON", "FMA", "OIFM"})


def curie(text: str) -> str:
    """The identifier in our spelling; text that is neither IRI nor CURIE comes back stripped."""
    text = text.strip()
    for pattern, form in _IRIS:
        if pattern.match(text):
            text = pattern.sub(form, text)
            break
    prefix, colon, local = text.partition(":")
    if not colon or not local:
        return text
    known = _PREFIXES.get(_DATED.sub("", prefix).lower())
    return f"{known}:{local.strip()}" if known else text


def namespace(identifier: str) -> str:
    """The part before the colon; empty when there is none."""
    prefix, colon, _ = identifier.partition(":")
    return prefix if colon else ""
