"""Which entity each modifier belongs to, where each observation lies, what suggests what.

Works on one sentence at a time, on token distances and a few closed-class words, so that every
relation can be explained by the words between its two ends. Relations as in RadGraph
(arXiv 2106.14463): modify, located_at, suggestive_of.
"""

from collections.abc import Sequence

from models.coordination import clear_too, shared, suggestion
from models.line import HEADS, LIGHT, Line, Placed
from models.types import EntityKind, Relation, RelationKind

_OBSERVED = frozenset({EntityKind.OBSERVATION, EntityKind.DEVICE, EntityKind.NORMAL})
_COORDINATORS = frozenset({"and", "or", ",", "/", "to", "than", "greater", "versus", "&"})
_YET = frozenset({"but", "yet", "though", "albeit"})  # between adjectives: "small but increasing"
_PREPOSITIONS = frozenset(
    (
        "in of at within involving involve involves overlying along over throughout near above below projecting about from "
        "into on across projects adjacent around through occupying affecting lateral medial "
        "confined limited localized restricted centered centred via beneath under underneath behind beside "
        "occupies occupy fills filling fill overlies overlie traverses traversing traverse crosses crossing "
        "tracks tracking abutting abuts inside encases encasing surrounding entered enters entering replacing "
        "affects affect localizes localises localizing localising localize "
        "replaces outlining silhouetting atop beyond against capping caps tethering tethers abutting underlies underlying "
        "between outlines accompanies accompanying envelops enveloping envelop surrounds surround spans spanning span "
        "next parallels paralleling dissects dissecting permeates permeating"
    ).split()
)
_BREAKS = frozenset({";", ".", "but", "which", "however", "although"})
_BEFORE_PLACES = frozenset(
    (
        "left right the both bilateral lt rt l r mid middle upper lower proximal distal medial lateral anterior posterior "
        "superior inferior"
    ).split()
)
_STOPS = frozenset({",", ".", ";", "(", ")", "and", "&"})
_APPOSING = frozenset({",", "("})
_NARROWING = frozenset(
    (
        "specifically namely mainly mostly particularly especially predominantly principally chiefly primarily largely "
        "likely probably exclusively entirely"
    ).split()
)
_ADJECTIVAL = ("ary", "al", "ic", "ous", "ive", "ar", "ant", "ent", "sion")
_BY = frozenset({"by", "for", "with"})
_AUXILIARIES = frozenset({"been", "was", "were", "has", "have"})
_ARTICLES = frozenset({"the", "a", "an"})
_FILLERS = frozenset({"size", "xxxx"})  # "heart size enlarged"; a masked word of a de-identified report
_ORGAN = frozenset(
    (
        "lung lungs pulmonary chest thorax field fields lungfield lungfields parenchyma parenchymal airspace airspaces "
        "tissue"
    ).split()
)
_COPULAS = frozenset({"is", "are", "appears", "appear", "looks", "look", "remains", "remain", "was", "were"})
_SAYS = _COPULAS | {"has", "have", "had"}
_FEW = 4  # words
_CLAUSE = 6  # words
_FAR = 30  # entities: what a modifier belongs to is nearer, so that work stays linear in a run-on sentence
_PLACING = frozenset({EntityKind.SIDE, EntityKind.ZONE})


def relations(line: Line, links: Sequence[tuple[int, int]]) -> list[Relation]:
    """All relations of one sentence; ``links`` are token ranges of words such as "suggesting"."""
    found = [
        _modification(line, position)
        for position, placed in enumerate(line.placed)
        if placed.kind not in HEADS
    ]
    result = [relation for relation in found if relation is not None]
    if len(line.placed) > 1:
        result += _locations(line)
    result += [relation for link in links for relation in suggestion(line, link)]
    return result


def _modification(line: Line, position: int) -> Relation | None:
    modifier = line.placed[position]
    after = _head_ahead(line, position)
    before = _head_behind(line, position)
    around = line.words[max(0, modifier.start - 1) : modifier.end]
    # "has been removed, and a port", "exchanged for a port"
    said_of = not _AUXILIARIES.isdisjoint(around) or (modifier.end > modifier.start + 1 and around[-1] in _BY)
    if after is None and modifier.kind is EntityKind.SIDE and not modifier.trails:
        after = _past_one_word(line, position)
    if after is None and line.words[modifier.end - 1] == "of":  # "removal of all support devices"
        after = next((p for p in line.placed[position + 1 : position + _FAR] if p.kind in HEADS), None)
    order = (before, after) if modifier.trails or said_of else (after, before)
    target = next((head for head in order if head is not None), None) or _any_head(line, position)
    return None if target is None else Relation(RelationKind.MODIFY, modifier.entity, target.entity)


def _head_ahead(line: Line, position: int) -> Placed | None:
    """The head that a run of adjectives leads to: "mild, patchy left basilar opacity"."""
    current = line.placed[position]
    for following in line.placed[position + 1 : position + _FAR]:
        gap = line.gap(current, following)
        if following.kind in HEADS:
            return following if all(word in LIGHT for word in gap) else None
        if not all(word in _COORDINATORS or word in LIGHT or word in _YET for word in gap):
            return None
        current = following
    return None


def _past_one_word(line: Line, position: int) -> Placed | None:
    """The observation right after one adjective that no rule knows: "a left secondary pneumothorax"."""
    following = next(iter(line.placed[position + 1 : position + 2]), None)
    if following is None or following.kind is not EntityKind.OBSERVATION:
        return None
    gap = line.gap(line.placed[position], following)
    return following if len(gap) == 1 and gap[0].isalpha() and gap[0].endswith(_ADJECTIVAL) else None


def _head_behind(line: Line, position: int) -> Placed | None:
    """The nearest observation before, else the nearest anatomy, with no clause break between."""
    modifier = line.placed[position]
    anatomy = None
    following = modifier
    for previous in reversed(line.placed[max(0, position - _FAR) : position]):
        gap = line.gap(previous, following)
        if any(word in _BREAKS for word in gap) and not _goes_on(gap):
            break
        following = previous
        if previous.kind in _OBSERVED:
            return previous if anatomy is None or modifier.kind is not EntityKind.SIDE else anatomy
        if previous.kind is EntityKind.ANATOMY and anatomy is None:
            anatomy = previous
    return anatomy


def _goes_on(gap: Sequence[str]) -> bool:
    """True for a clause that only says more of what stands before it: "an effusion, which is large"."""
    words = [word for word in gap if word != ","]
    return 1 < len(words) <= _FEW and words[0] == "which" and not _SAYS.isdisjoint(words)


def _any_head(line: Line, position: int) -> Placed | None:
    """The first observation after the modifier, else the first anatomy after it."""
    rest = line.placed[position + 1 : position + _FAR]
    return next((p for p in rest if p.kind in _OBSERVED), None) or next(
        (p for p in rest if p.kind is EntityKind.ANATOMY), None
    )


def _locations(line: Line) -> list[Relation]:
    claimed: set[int] = set()
    result: list[Relation] = []
    waiting: list[int] = []
    for position, placed in enumerate(line.placed):
        if placed.kind not in _OBSERVED:
            continue
        before = _sites_before(line, position)
        general = not before or (placed.kind is EntityKind.OBSERVATION and _general(line, before))
        after = _placed_after(line, position) if general else []
        sites = after or before
        if sites:
            claimed.update(site.entity for site in sites)
            result += [Relation(RelationKind.LOCATED_AT, placed.entity, site.entity) for site in sites]
        else:
            waiting.append(position)
    for position in waiting:
        subject = [site for site in _subject(line, position) if site.entity not in claimed]
        if (
            not subject
            and line.placed[position].predicate
            and line.placed[position].kind is EntityKind.OBSERVATION
        ):
            subject = _alone_named(line, position)
        sites = (_only_place(line, position) if _general(line, subject) else []) or subject
        observed = line.placed[position].entity
        result += [Relation(RelationKind.LOCATED_AT, observed, site.entity) for site in sites]
    return result + shared(line, result) + clear_too(line, result)


def _general(line: Line, sites: Sequence[Placed]) -> bool:
    """True where what stands before says no more than the organ, or nothing: "lung field opacity in the left base"."""
    words = (word for site in sites for word in line.words[site.start : site.end])
    return all(word in _ORGAN for word in words)


def _sites_before(line: Line, position: int) -> list[Placed]:
    """Anatomy used as an adjective: "right upper lobe nodule", "lungs clear"."""
    sites: list[Placed] = []
    current = line.placed[position]
    for previous in reversed(line.placed[:position]):
        gap = line.gap(previous, current)
        coordinated = bool(sites) and previous.kind is EntityKind.ANATOMY
        allowed = _COORDINATORS if coordinated else frozenset[str]()
        if not all(word in allowed or word in _FILLERS for word in gap):
            break
        if previous.kind in _OBSERVED:
            break
        if previous.kind is EntityKind.ANATOMY:
            sites.append(previous)
        current = previous
    return sites


def _said_of(line: Line, position: int) -> list[Placed]:
    """The subject of a predicate, wherever else it lies: "the mediastinum is widened at the level of the arch"."""
    placed = line.placed[position]
    if not placed.predicate or placed.kind is not EntityKind.OBSERVATION:
        return []
    subject = _subject(line, position)
    between = line.words[subject[0].end : placed.start] if subject else ()
    return subject if not _COPULAS.isdisjoint(between) and "," not in between else []


def _placed_after(line: Line, position: int) -> list[Placed]:
    found = [*_said_of(line, position), *_sites_after(line, position)]
    return found or _only_place(line, position)


def _only_place(line: Line, position: int) -> list[Placed]:
    """The one place in the lungs that a sentence of one observation names after it, whatever verb leads there."""
    if [placed.kind for placed in line.placed if placed.kind in _OBSERVED] != [EntityKind.OBSERVATION]:
        return []
    places = [placed for placed in line.placed if placed.kind is EntityKind.ANATOMY]
    named = [place for place in places if not _general(line, [place])]
    if len(named) != 1 or len(places) == 1 or named[0].start < line.placed[position].end:
        return []
    between = line.words[line.placed[position].end : named[0].start]
    return named if _BREAKS.isdisjoint(between) and "," not in between else []


def _alone_named(line: Line, position: int) -> list[Placed]:
    """The one structure of a sentence that says one thing: "severely collapsed segments of the lung"."""
    if sum(placed.kind in _OBSERVED for placed in line.placed) > 1:
        return []
    places = [placed for placed in line.placed if placed.kind is EntityKind.ANATOMY]
    between = line.words[line.placed[position].end : places[0].start] if len(places) == 1 else (",",)
    return places if "," not in between and _BREAKS.isdisjoint(between) else []


def _sites_after(line: Line, position: int) -> list[Placed]:
    """Anatomy after a preposition: "opacity in the right middle and lower lobes"; or "clear lungs"."""
    sites: list[Placed] = []
    current = line.placed[position]
    if current.trails and current.kind is EntityKind.OBSERVATION:
        return []
    normal = current.kind is EntityKind.NORMAL  # "clear lungs"; a place further on is another's
    touching = True  # nothing but a side or a level between: "opacity right lung base"
    for following in line.placed[position + 1 :]:
        gap = line.gap(current, following)
        if following.kind in _OBSERVED or (any(word in _BREAKS for word in gap) and not _lying(gap)):
            break
        touching = touching and all(word in _ARTICLES for word in gap)
        if following.kind is EntityKind.ANATOMY:
            near = (
                (not gap and touching) if normal else touching or any(word in _PREPOSITIONS for word in gap)
            )
            near = near or line.words[following.start] in _PREPOSITIONS  # "below the diaphragm" is a place
            near = near or _apposed(line, line.placed[position], following)
            if sites:
                near = all(word in _COORDINATORS or word in LIGHT for word in gap)
            elif current.kind not in HEADS and not normal:
                near = near or bool(_reach(line, position, following))
            if not near:
                break
            sites.append(following)
        touching = touching and following.kind in _PLACING
        current = following
    return sites


def _apposed(line: Line, observed: Placed, site: Placed) -> bool:
    """True for a place set apart: "a solid nodule, left lower lobe, unchanged", "opacity, mainly the left base"."""
    mark, *words = line.gap(observed, site) or [""]
    after = line.words[site.end] if site.end < len(line.words) else "."
    narrowed = words[:1] and words[0] in _NARROWING
    placing = all(word in _BEFORE_PLACES for word in (words[1:] if narrowed else words))
    return mark in _APPOSING and after in _STOPS and placing


def _lying(gap: Sequence[str]) -> bool:
    """True for a clause that only says where a thing lies: "a nodule, which is in the left lower lobe"."""
    words = [word for word in gap if word != ","]
    return words[:1] == ["which"] and len(words) <= _CLAUSE and not _PREPOSITIONS.isdisjoint(words[1:])


def _reach(line: Line, position: int, site: Placed) -> bool:
    """True when a preposition stands anywhere between the observation and the site."""
    between = line.words[line.placed[position].end : site.start]
    broken = any(word in _BREAKS for word in between) and not _lying(between)
    return any(word in _PREPOSITIONS for word in between) and not broken


def _subject(line: Line, position: int) -> list[Placed]:
    """The anatomy that the observation is said of: "the heart and mediastinum are normal"."""
    sites: list[Placed] = []
    observed = line.placed[position]
    current = observed
    for previous in reversed(line.placed[:position]):
        gap = line.gap(previous, current)
        if any(word in _BREAKS for word in gap) or previous.kind in _OBSERVED:
            break
        if previous.kind is EntityKind.ANATOMY:
            if sites and not all(word in _COORDINATORS or word in LIGHT for word in gap):
                break
            sites.append(previous)
        current = previous
    return sites
