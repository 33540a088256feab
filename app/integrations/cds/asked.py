"""The report of a request: out of its prefetch or context, as a message of a feed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.integrations.cds.config import CdsConfig
from app.integrations.fhir.messages import KIND
from app.integrations.fhir.read import report_of
from app.integrations.fhir.resources import Resource
from app.integrations.incoming import IncomingError, digest
from app.limits import LONGEST_ID, admit
from app.proofreading.report import SubmittedReport
from app.storage.types import FeedMessage, Version

_SYMBOLS = 8  # letters of a status that are kept


def message_of(
    prefetch: Mapping[str, Any],
    context: Mapping[str, Any],
    config: CdsConfig,
    client: str,
    max_text_bytes: int,
) -> FeedMessage:
    """The message that keeps the report of a request; asked again with the same words it is the same message.

    ``client`` is its name: the ids of two clients need not mean the same report.

    Raises:
        IncomingError: no_report, several_reports, and those of a DiagnosticReport without a text that can be read.
        InadmissibleError: the report is outside the limits.
    """
    found = [each for value in (*prefetch.values(), context.get("report")) for each in _resources(value)]
    report = _chosen([each for each in found if each.get("resourceType") == "DiagnosticReport"], context)
    named = {
        f"{each.get('resourceType')}/{each['id']}": each for each in found if isinstance(each.get("id"), str)
    }
    read = report_of(report, named)
    name = (read.control_id or "draft")[:LONGEST_ID]
    submitted = SubmittedReport(read.text, name, read.context)
    admit(submitted, max_text_bytes)
    entries = [{"resource": report}, *({"resource": each} for each in named.values() if each is not report)]
    raw = json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": entries}, sort_keys=True
    ).encode()
    test = config.test or read.processing_id == "T"
    key = read.control_id or read.filler_id
    version = Version(
        submitted,
        digest("CDS", config.source, client, key, str(test)) if key else None,
        read.said_at,
        read.status[:_SYMBOLS] if read.status else None,
        read.study_date,
        config.source,
    )
    return FeedMessage(
        source=config.source,
        control_id=name,
        key=digest("CDS", config.source, client, str(test), raw.decode()),
        kind=KIND,
        raw=raw,
        versions=(version,),
        test=test,
    )


def _chosen(reports: list[Resource], context: Mapping[str, Any]) -> Resource:
    """The one that the context names, else the only one."""
    named = context.get("reportId")
    own = [each for each in reports if isinstance(named, str) and each.get("id") == named.rpartition("/")[2]]
    different = {json.dumps(each, sort_keys=True) for each in own or reports}
    if not different:
        raise IncomingError("no_report")
    if len(different) > 1:
        raise IncomingError("several_reports")
    return (own or reports)[0]


def _resources(value: object) -> Iterator[Resource]:
    if not isinstance(value, dict):
        return
    if value.get("resourceType") != "Bundle":
        yield value
        return
    entries = value.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]
