"""The server as it runs: TLS with a certificate made here, nothing for others in clear text."""

import asyncio
import contextlib
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

if TYPE_CHECKING:
    from conftest import Site

from wardwatch.errors import InputError, UsageError
from wardwatch.station.web.certificate import self_signed
from wardwatch.station.web.server import Door, own_certificate, serve


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


async def answer(door: Door, trusted: Path) -> bytes:
    context = ssl.create_default_context(cafile=trusted)
    for _ in range(6000):
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port, ssl=context)
            writer.write(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            text = await reader.read()
            writer.close()
            return text
        await asyncio.sleep(0.05)
    raise AssertionError("nobody answered")


def test_the_page_comes_over_tls_that_a_client_can_check(site: "Site", tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path / "tls", ("10.20.0.5", "station.ward.example"))
    door = Door(port=free_port(), certificate=certificate, key=key)

    async def try_it() -> bytes:
        running = asyncio.create_task(serve(site.desk, door))
        text = await answer(door, certificate)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return text

    text = asyncio.run(try_it())
    assert text.startswith(b"HTTP/1.1 200")
    assert b"strict-transport-security" in text.lower()
    assert b"\r\nserver:" not in text.lower()
    assert key.stat().st_mode & 0o777 == 0o600
    assert own_certificate(tmp_path / "tls", ()) == (certificate, key)


def test_the_certificate_names_the_station() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    _, public = self_signed(["10.20.0.5", "station.ward.example", "2001:db8::5"], now)
    certificate = x509.load_pem_x509_certificate(public)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["station.ward.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.20.0.5", "2001:db8::5"]
    assert certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.20.0.5", "station.ward.example"])  # noqa: S104  # must be refused
def test_nothing_goes_to_other_machines_in_clear_text(host: str) -> None:
    with pytest.raises(UsageError, match="without TLS"):
        Door(host=host)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="go together"):
        Door(certificate=tmp_path / "page.crt")


def test_a_port_in_use_and_a_wrong_certificate_say_so(site: "Site", tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match=r"cannot listen.*another port"):
            asyncio.run(serve(site.desk, Door(port=taken.getsockname()[1])))
    elsewhere = Door("203.0.113.9", free_port(), (), tmp_path / "page.crt", tmp_path / "page.key")
    with pytest.raises(InputError, match=r"cannot listen.*an address of this machine"):
        asyncio.run(serve(site.desk, elsewhere))
    wrong = tmp_path / "page.crt"
    wrong.write_text("no certificate")
    with pytest.raises(InputError, match="certificate"):
        asyncio.run(serve(site.desk, Door(port=free_port(), certificate=wrong, key=wrong)))
