"""Orthanc plugin (Python): sends each structured report and encapsulated document that Orthanc stores to RadProof.

Orthanc's configuration:
    "Plugins": ["/usr/share/orthanc/plugins/libOrthancPython.so"],
    "PythonScript": "/etc/orthanc/radproof.py",
    "RadProof": {"Url": "https://radproof.example", "Source": "orthanc", "Authorization": "${RADPROOF_TOKEN}"}

Orthanc stores what comes in before this runs, and does not wait for it: sending is done by a thread of its own.
Images are never sent. What is not taken now is tried again for a day, what is refused is given up; what was not sent
when Orthanc ended, "radproof orthanc" finds. Only the standard library is used.
"""

import json
import queue
import threading
import time
import urllib.error
import urllib.request

import orthanc

CLASSES = {
    "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.104.1",  # encapsulated PDF
    "1.2.840.10008.5.1.4.1.1.104.2",  # encapsulated CDA
}
MOST_WAITING = 10_000
PATIENCE = 86_400  # seconds
LONGEST_REST = 300

_waiting = queue.Queue(MOST_WAITING)
_stopped = threading.Event()
_thread = None


class _Here(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the page of a login would be taken for an answer, and the report be lost."""

    def redirect_request(self, *_given):
        return None


def _settings():
    return json.loads(orthanc.GetConfiguration()).get("RadProof", {})


def _is_report(instance):
    """True for a report that is not one of RadProof's own results; asks for two tags, not for the object."""
    sop_class = orthanc.RestApiGet(f"/instances/{instance}/metadata/SopClassUid").decode()
    if sop_class.strip() not in CLASSES:
        return False
    try:
        return (
            orthanc.RestApiGet(f"/instances/{instance}/content/0008-0070").decode().strip("\0 ") != "RadProof"
        )
    except orthanc.OrthancException:  # no manufacturer
        return True


def _post(instance):
    """True when it is done with: taken, refused for good, or removed meanwhile."""
    try:
        if not _is_report(instance):
            return True
        body = orthanc.RestApiGet(f"/instances/{instance}/file")
    except orthanc.OrthancException:
        return True
    given = _settings()
    headers = {"Content-Type": "application/dicom"}
    if given.get("Authorization"):
        headers["Authorization"] = given["Authorization"]
    address = "{}/v1/webhooks/{}".format(given["Url"].rstrip("/"), given["Source"])
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Here())
    try:
        with opener.open(request, timeout=given.get("Timeout", 10)):
            return True
    except urllib.error.HTTPError as error:
        final = 400 <= error.code < 500 and error.code not in (401, 403, 404, 408, 425, 429)
        if final:
            orthanc.LogWarning(f"RadProof refused a report: {error.code}")
        return final
    except OSError:
        return False


def _run():
    failures = 0
    while not _stopped.is_set():
        try:
            instance, since = _waiting.get(timeout=1)
        except queue.Empty:
            continue
        if _post(instance):
            failures = 0
            continue
        failures += 1
        if time.time() - since >= PATIENCE:
            orthanc.LogError("RadProof: a report was not taken for a day, and is given up")
        else:
            _put(instance, since)  # to the end: one that is never taken does not hold up the others
        _stopped.wait(min(2 ** min(failures, 8), LONGEST_REST))


def _put(instance, since):
    try:
        _waiting.put_nowait((instance, since))
    except queue.Full:
        orthanc.LogWarning('RadProof: too many reports wait; one was left to "radproof orthanc"')


def on_change(change, _level, resource):
    """Called by Orthanc; returns at once."""
    global _thread
    if change == orthanc.ChangeType.ORTHANC_STARTED:
        given = _settings()
        if not given.get("Url") or not given.get("Source"):
            orthanc.LogError("RadProof: no Url or Source is configured")
            return
        _thread = threading.Thread(target=_run, name="radproof", daemon=True)
        _thread.start()
    elif change == orthanc.ChangeType.ORTHANC_STOPPED:
        _stopped.set()
        if _thread is not None:
            _thread.join(2)
    elif change == orthanc.ChangeType.NEW_INSTANCE:
        _put(resource, time.time())


orthanc.RegisterOnChangeCallback(on_change)
