"""The channel files are what an engine reads: well-formed, of one version, with what each connector requires."""

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

_FOLDER = Path(__file__).parents[2] / "integrations" / "oie"
_FILES = sorted(_FOLDER.glob("*.xml"))
_PACKAGE = "com.mirth.connect.connectors."
_SENDERS = {
    "reports-over-mllp": ("tcp.TcpDispatcherProperties", "TCP Sender"),
    "reports-over-http": ("http.HttpDispatcherProperties", "HTTP Sender"),
    "flags-from-radproof": ("file.FileDispatcherProperties", "File Writer"),
}
_CHANNEL = [
    *("id", "nextMetaDataId", "name", "description", "revision", "sourceConnector", "destinationConnectors"),
    *("preprocessingScript", "postprocessingScript", "deployScript", "undeployScript", "properties"),
]


def said(element: Element, path: str) -> str:
    found = element.find(path)
    assert found is not None, path
    return found.text or ""


@pytest.fixture(params=_FILES, ids=lambda path: path.stem)
def channel(request: pytest.FixtureRequest) -> Element:
    root = ElementTree.parse(request.param).getroot()
    root.set("file", request.param.stem)
    return root


def test_there_is_one_for_each_way() -> None:
    assert {path.stem for path in _FILES} == set(_SENDERS)


def test_every_part_is_of_one_version(channel: Element) -> None:
    assert channel.tag == "channel"
    assert {element.get("version") for element in channel.iter() if "version" in element.attrib} == {"4.5.2"}
    assert [child.tag for child in channel] == _CHANNEL


def test_ids_are_unlike() -> None:
    assert len({said(ElementTree.parse(path).getroot(), "id") for path in _FILES}) == len(_FILES)


def test_source_is_mllp_and_answers_when_the_message_is_stored(channel: Element) -> None:
    source = channel.find("sourceConnector/properties")
    assert source is not None
    assert source.get("class") == _PACKAGE + "tcp.TcpReceiverProperties"
    assert said(source, "sourceConnectorProperties/responseVariable").startswith("Auto-generate")
    assert said(source, "sourceConnectorProperties/processingThreads") == "1"
    frame = [said(source, f"transmissionModeProperties/{name}OfMessageBytes") for name in ("start", "end")]
    assert frame == ["0B", "1C0D"]


def test_destination_queues_in_order_and_passes_the_bytes(channel: Element) -> None:
    connector = channel.find("destinationConnectors/connector")
    assert connector is not None
    properties = connector.find("properties")
    assert properties is not None
    kind = ((properties.get("class") or "").removeprefix(_PACKAGE), said(connector, "transportName"))
    assert kind == _SENDERS[channel.get("file") or ""]
    assert [
        said(properties, f"destinationConnectorProperties/{name}") for name in ("queueEnabled", "threadCount")
    ] == [
        "true",
        "1",
    ]
    texts = [element.text for element in properties.iter()]
    assert "${message.encodedData}" in texts
    assert "ISO-8859-1" in texts
    for part in ("transformer", "responseTransformer", "filter", "mode", "enabled", "waitForPrevious"):
        assert connector.find(part) is not None


def test_http_says_what_it_sends() -> None:
    root = ElementTree.parse(_FOLDER / "reports-over-http.xml").getroot()
    path = "destinationConnectors/connector/properties"
    assert said(root, f"{path}/contentType") == "x-application/hl7-v2+er7"
    assert "/v1/webhooks/" in said(root, f"{path}/host")
