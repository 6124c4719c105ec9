"""A test delivery through our own public address, as Bright Data would send one: what became of it on the way."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx

from workbench.brightdata.delivery import TEST_HEADER, address_of
from workbench.secret import Secret

Outcome = Literal[
    "answered", "dns", "tls", "refused", "unreachable", "timeout", "wrong_secret", "unable", "other_server"
]

REFUSED: Final = b'{"status":"refused"}'  # the receiver's answer whenever it does not take what came
_PATIENCE: Final = timedelta(seconds=30)  # Bright Data's own


@dataclass(frozen=True)
class ProbeResult:
    outcome: Outcome
    said: str


def probe_webhook(url: str, secret: Secret, body: bytes) -> ProbeResult:
    """Send one test delivery; `answered` is not yet proof that it arrived in our own ledger."""
    address = address_of(url)
    parts = urlsplit(address)
    if (unknown := _unknown_name(parts.hostname or "")) is not None:
        return ProbeResult("dns", f"the name {parts.hostname} is not known ({unknown}). Check its DNS entry.")
    headers = {"Authorization": f"Bearer {secret.reveal()}", TEST_HEADER: "true", "Content-Type": "application/json"}
    try:
        answer = httpx.post(address, content=body, headers=headers, timeout=_PATIENCE.total_seconds())
    except httpx.HTTPError as error:
        return _without_answer(error, f"{parts.scheme}://{parts.netloc}")
    return _by_answer(answer)


def _unknown_name(host: str) -> str | None:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


def _without_answer(error: httpx.HTTPError, where: str) -> ProbeResult:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or str(cause)
            return ProbeResult("tls", f"{where} has no valid TLS: {why}. Check its certificate and its chain.")
        if isinstance(cause, ConnectionRefusedError):
            return ProbeResult(
                "refused", f"nobody listens at {where}. Is the receiver or its proxy running, the port open?"
            )
    if isinstance(error, httpx.TimeoutException):
        return ProbeResult(
            "timeout", f"{where} did not answer in {_PATIENCE.total_seconds():.0f} s: perhaps a firewall."
        )
    return ProbeResult("unreachable", f"{where} cannot be reached: {str(error) or type(error).__name__}")


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it came from; httpx wraps twice."""
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found


def _by_answer(answer: httpx.Response) -> ProbeResult:
    is_ours = answer.content == REFUSED
    if answer.is_success:
        return ProbeResult("answered", "the address answered that it took the delivery")
    if answer.status_code == 401 and is_ours:
        said = "a receiver is there, but with another secret. Compare WORKBENCH_WEBHOOK_SECRET_FILE."
        return ProbeResult("wrong_secret", said)
    if is_ours:
        return ProbeResult(
            "unable", f"the receiver is there and could not take it ({answer.status_code}); its log says why."
        )
    if answer.status_code in (502, 503, 504):
        return ProbeResult(
            "other_server", f"a proxy answers {answer.status_code}: the receiver behind it is not running."
        )
    if answer.is_redirect:
        return ProbeResult(
            "other_server", "the address redirects, and Bright Data is not to follow: give the last address."
        )
    return ProbeResult("other_server", f"another server answers there ({answer.status_code}).")
