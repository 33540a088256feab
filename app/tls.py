"""TLS of the service itself, with the certificate that a client shows."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class CertificateProtocol(H11Protocol):
    """HTTP/1.1 whose requests find the client's certificate (DER) in ``request.state.client_certificate``.

    It was signed by the configured CA; without one there is none.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls is not None else None
        self.app_state = {**self.app_state, "client_certificate": shown}
