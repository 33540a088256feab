"""What was found in one report, as resources of FHIR R4."""

from app.integrations.fhir.outbound.bundle import full_url, resources, transaction
from app.integrations.fhir.outbound.original import Original, original_of
from app.integrations.fhir.outbound.told import Told

__all__ = ["Original", "Told", "full_url", "original_of", "resources", "transaction"]
