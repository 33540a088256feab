"""A process that sends what an outbox holds, until it is killed: address of the store, port of the receiver."""

import sys
import threading
from ipaddress import ip_network

from app.batch.delivering import Deliverer
from app.integrations.guard import Guard
from app.integrations.webhooks.sender import WebhookSender
from app.storage.store import open_store


def main() -> None:
    address, port = sys.argv[1], int(sys.argv[2])
    guard = Guard((ip_network("127.0.0.1/32"),), ports=(port,), plain=True)
    Deliverer(open_store(address), {"webhook": WebhookSender(guard)})
    threading.Event().wait()


if __name__ == "__main__":
    main()
