"""All detectors, in the order in which they look."""

from app.proofreading.case import Detector
from app.proofreading.detectors.age import Age
from app.proofreading.detectors.apart import Apart
from app.proofreading.detectors.bone_level import BoneLevel
from app.proofreading.detectors.called_size import CalledSize
from app.proofreading.detectors.cardiothoracic import Cardiothoracic
from app.proofreading.detectors.change_told import ChangeTold
from app.proofreading.detectors.clear_side import ClearSide
from app.proofreading.detectors.course import Course
from app.proofreading.detectors.demographic import Demographic
from app.proofreading.detectors.digits import Digits
from app.proofreading.detectors.dimension import Dimension
from app.proofreading.detectors.direction import Direction
from app.proofreading.detectors.elsewhere import Elsewhere
from app.proofreading.detectors.foreign import Foreign
from app.proofreading.detectors.homes import Homes
from app.proofreading.detectors.impossible_anatomy import ImpossibleAnatomy
from app.proofreading.detectors.impossible_words import ImpossibleWords
from app.proofreading.detectors.interval_change import IntervalChange
from app.proofreading.detectors.laterality import Laterality
from app.proofreading.detectors.location import Location
from app.proofreading.detectors.measurement import Measurements
from app.proofreading.detectors.misplaced import Misplaced
from app.proofreading.detectors.negation import Negation
from app.proofreading.detectors.no_prior import NoPrior
from app.proofreading.detectors.normal_statement import NormalStatement
from app.proofreading.detectors.numbering import Numbering
from app.proofreading.detectors.omitted import Omitted
from app.proofreading.detectors.opposed import Opposed
from app.proofreading.detectors.order import Order
from app.proofreading.detectors.organ_findings import OrganFindings
from app.proofreading.detectors.place_told import PlaceTold
from app.proofreading.detectors.prior_denied import PriorDenied
from app.proofreading.detectors.quantity import Quantity
from app.proofreading.detectors.regions import Regions
from app.proofreading.detectors.restated import Restated
from app.proofreading.detectors.same_side import SameSide
from app.proofreading.detectors.scope import Scope
from app.proofreading.detectors.severity import Severity
from app.proofreading.detectors.study import Study
from app.proofreading.detectors.template_artifact import TemplateArtifact
from app.proofreading.detectors.terminology import Terminology
from app.proofreading.detectors.tip import Tip
from app.proofreading.detectors.told_again import ToldAgain
from app.proofreading.detectors.told_twice import ToldTwice
from app.proofreading.detectors.trend import Trend
from app.proofreading.detectors.turned import Turned
from app.proofreading.detectors.two_places import TwoPlaces
from app.proofreading.detectors.units import Units
from app.proofreading.detectors.unnamed import Unnamed
from app.proofreading.detectors.unsupported import Unsupported
from app.proofreading.detectors.views import Views
from app.proofreading.lexis import Lexis


def every(lexis: Lexis) -> tuple[Detector, ...]:
    """One of each; ``lexis``: the words that are known and how they are used."""
    return (
        Laterality(),
        Unnamed(),
        ClearSide(),
        Negation(),
        NormalStatement(),
        Unsupported(),
        Omitted(),
        Location(),
        Elsewhere(),
        TwoPlaces(),
        BoneLevel(),
        Tip(),
        ImpossibleAnatomy(),
        ImpossibleWords(),
        Apart(),
        Numbering(),
        Misplaced(),
        OrganFindings(),
        Homes(),
        Regions(),
        Opposed(),
        Units(),
        ToldTwice(),
        Severity(),
        IntervalChange(),
        NoPrior(),
        PriorDenied(),
        Trend(),
        Course(),
        Direction(),
        ChangeTold(),
        Turned(),
        Terminology(lexis),
        Measurements(),
        Digits(),
        Dimension(),
        ToldAgain(),
        CalledSize(),
        Cardiothoracic(),
        PlaceTold(),
        Quantity(),
        Demographic(),
        Age(),
        Order(),
        Scope(),
        Study(),
        Views(),
        TemplateArtifact(),
        Foreign(),
        Restated(),
        SameSide(),
    )
