"""The terms under which sources come, what they oblige a loader to show, and whose word is asked for.

Notices are quoted because their licences ask for the exact words: UMLS Metathesaurus License,
sections 10 and 11; SNOMED International's notice for implementers; RadLex License 2.0.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """One licence. ``asked``: the user must say that they hold it before anything is read."""

    key: str
    title: str
    notice: str
    asked: bool = False


_UMLS = Terms(
    "UMLS",
    "UMLS Metathesaurus License",
    "Some material in the UMLS Metathesaurus is from copyrighted sources of the respective copyright holders. "
    "Users of the UMLS Metathesaurus are solely responsible for compliance with any copyright, patent or trademark "
    "restrictions and are referred to the copyright, patent or trademark notices appearing in the original sources, "
    "all of which are hereby incorporated by reference.",
    asked=True,
)
_SNOMED = Terms(
    "SNOMED CT",
    "SNOMED CT Affiliate License",
    "This material includes SNOMED Clinical Terms(R) (SNOMED CT(R)) which is used by permission of SNOMED "
    "International. All rights reserved. SNOMED CT(R), was originally created by The College of American "
    "Pathologists. SNOMED and SNOMED CT are registered trademarks of SNOMED International. Implementers of these "
    "artefacts must have the appropriate SNOMED CT Affiliate license.",
    asked=True,
)
_RADGRAPH = Terms(
    "RadGraph",
    "PhysioNet Credentialed Health Data License",
    "RadGraph annotations come from credentialed data sets: only counts are kept, no report text.",
    asked=True,
)
_RADLEX = Terms("RadLex", "RadLex License 2.0", "RadLex (c) Radiological Society of North America (RSNA).")
_HPO = Terms(
    "HPO",
    "HPO licence",
    "Human Phenotype Ontology: free to use, unchanged, with its version and citation (Gargano et al., 2024).",
)
_ALL = (
    _UMLS,
    _SNOMED,
    _RADGRAPH,
    _RADLEX,
    _HPO,
    Terms(
        "OIDM", "MIT; RadLex License 2.0", "Open Imaging Data Model: MIT; locations carry RadLex identifiers."
    ),
    Terms("DOID", "CC0 1.0", "Human Disease Ontology: CC0 1.0."),
    Terms("MONDO", "CC BY 4.0", "Mondo Disease Ontology: CC BY 4.0, Monarch Initiative."),
    Terms("UBERON", "CC BY 3.0", "Uberon: CC BY 3.0."),
    Terms(
        "core", "as RadProof", "RadProof core graph: facts of HPO, RadLex and OIDM with their identifiers."
    ),
    Terms(
        "own", "the site's own", "The site's own reports: only counts and mentions are kept, no report text."
    ),
    Terms("unknown", "see source", "Terms unknown to RadProof: see the source."),
)
TERMS = {terms.key: terms for terms in _ALL}
_BY_SOURCE = {
    "RadProof core": "core",
    "OIDM anatomic locations": "OIDM",
    "OIDM finding models": "OIDM",
    "HPO": "HPO",
    "HP": "HPO",
    "RadLex": "RadLex",
    "DOID": "DOID",
    "MONDO": "MONDO",
    "UBERON": "UBERON",
}


class LicenceError(Exception):
    """Licensed material was named and its terms were not acknowledged."""


def terms_of(source: str, key: str = "unknown") -> Terms:
    """The terms of a source by its name, or those that its reader names."""
    return TERMS[_BY_SOURCE.get(source, key)]


def check_acknowledged(asked: set[str], given: set[str]) -> None:
    """Say so when a licence that must be held was not acknowledged.

    Raises:
        LicenceError: with the flag to give.
    """
    missing = sorted(key for key in asked if TERMS[key].asked and key not in given)
    if missing:
        flags = " ".join(f'--accept-licence "{key}"' for key in missing)
        titles = ", ".join(TERMS[key].title for key in missing)
        raise LicenceError(f"this needs your own licence ({titles}); when you hold it, add {flags}")
