"""One report's resources together: as a transaction that can be sent twice, or one by one."""

import hashlib
import json
import uuid
from typing import Any

from app.integrations.fhir.outbound import resources as made
from app.integrations.fhir.outbound.bindings import verified
from app.integrations.fhir.outbound.told import Told

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:radproof")

Json = dict[str, Any]


def resources(told: Told) -> list[Json]:
    """Device, the check as Observation, a DetectedIssue for each flag, a Task where there are any, Provenance.

    No Provenance where the time of the check is not known. They refer to one another by ``urn:uuid:`` (``full_url``).
    """
    author = {"reference": full_url(made.device(told)), "display": "RadProof"}
    issues = [made.detected_issue(told, error, author) for error in told.flags]
    gone = [made.no_issue(told, error_id, author) for error_id in told.before]
    stated = [made.observation(told, author), *issues, *gone]
    if told.flags or told.before:
        live = [{"reference": full_url(issue)} for issue in issues]
        stated.append(made.task(told, author, live))
    if told.at is not None:
        targets = [{"reference": full_url(resource)} for resource in stated]
        stated.append(made.provenance(told, author, targets))
    return [verified(each) for each in (made.device(told), *stated)]


def transaction(told: Told) -> Json:
    """A Bundle of type transaction; sent twice it changes nothing the second time.

    What changes is put by identifier (conditional update); Device and Provenance are created where they are not there
    (If-None-Exist; Provenance has no identifier, so a tag of what it says stands for it).
    """
    entries = [_entry(told, resource) for resource in resources(told)]
    return verified({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def _entry(told: Told, resource: Json) -> Json:
    kind = resource["resourceType"]
    if kind == "Provenance":
        said = hashlib.sha256(_what(told, resource).encode()).hexdigest()[:32]
        tag = {"system": f"{told.system}:provenance", "code": f"{told.number}-{said}"}
        resource["meta"]["tag"] = [*resource["meta"].get("tag", []), tag]
        request = {"method": "POST", "url": kind, "ifNoneExist": f"_tag={tag['system']}|{tag['code']}"}
    else:
        search = f"identifier={resource['identifier'][0]['system']}|{resource['identifier'][0]['value']}"
        request = (
            {"method": "POST", "url": kind, "ifNoneExist": search}
            if kind == "Device"
            else {"method": "PUT", "url": f"{kind}?{search}"}
        )
    return {"fullUrl": full_url(resource), "resource": resource, "request": request}


def _what(told: Told, provenance: Json) -> str:
    """What makes a Provenance another one: its check, its targets and what was decided."""
    decided = [(each.error_id, each.outcome, each.reason) for each in told.decisions]
    return json.dumps([provenance, decided, told.over], sort_keys=True)


def full_url(resource: Json) -> str:
    """The same for the same thing: a name within the Bundle, which the server replaces by its own."""
    own = resource.get(
        "identifier", [{"system": "provenance", "value": json.dumps(resource, sort_keys=True)}]
    )[0]
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, own['system'] + '|' + own['value'])}"
