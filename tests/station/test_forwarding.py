"""What is passed on: its form by others' validators, its way over TLS, and that it waits until it was received."""

import asyncio
import http.server
import json
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle

from wardwatch.errors import UsageError
from wardwatch.protocols._hl7_text import Parsed
from wardwatch.station.forwarding import fhir, oru
from wardwatch.station.forwarding.forwarder import Forwarder
from wardwatch.station.forwarding.sending import Fhir, Outcome, acknowledged, host_port
from wardwatch.station.forwarding.spool import Spool
from wardwatch.station.settings import Forward
from wardwatch.station.views import PlaceView
from wardwatch.station.words import Mark, Peer, Quantity, Truth

KEY = bytes(32)


@pytest.fixture
def shift(ward: Callable[..., object], blocks: object) -> object:
    """A bed with a patient, numbers, dashes, and one number that disagrees."""
    made = ward([{"name": "ICU 1", "device-bed": 1}])
    session = made.connect("192.0.2.1")
    made.say(
        session, blocks.patient("Sample Samuel"), blocks.bed(1), blocks.ecg(60, respiration_rate_invalid=1),
        blocks.pleth(96), blocks.nibp(systolic=120, diastolic=70, mean=87, year=2026, month=3, day=1),
        blocks.temperature(t1=36.5),
    )  # fmt: skip
    made.live.mark(session, (Mark(Quantity.HR, Truth.DISAGREES, "x", 80.0),), made.now)
    return made


@pytest.fixture
def view(shift: object) -> PlaceView:
    return shift.live.place("ICU 1")


@pytest.mark.parametrize("identify", [False, True])
def test_a_bundle_is_valid_fhir_and_names_nobody_unasked(view: PlaceView, identify: bool) -> None:  # noqa: FBT001  # a case
    raw = fhir.bundle(view, Peer("192.0.2.1", 1, 515), view.at, identify=identify)
    assert raw
    told = Bundle.model_validate_json(raw)
    observations = [entry.resource for entry in told.entry if entry.resource.get_resource_type() == "Observation"]
    by_code = {each.code.coding[0].code: each for each in observations}
    assert set(by_code) == {"8867-4", "9279-1", "59408-5", "8889-8", "8310-5", "85354-9"}
    assert float(by_code["8867-4"].valueQuantity.value) == 60
    assert "disagrees" in by_code["8867-4"].note[0].text
    assert "80" in by_code["8867-4"].note[0].text
    assert by_code["9279-1"].dataAbsentReason
    assert by_code["9279-1"].valueQuantity is None
    assert [float(part.valueQuantity.value) for part in by_code["85354-9"].component] == [120, 70, 87]
    assert [each.code for each in by_code["59408-5"].code.coding] == ["59408-5", "150456"]
    assert (b"Sample" in raw) is identify
    assert (b"INV0000042" in raw) is identify


def test_the_same_moment_told_twice_has_the_same_names(view: PlaceView) -> None:
    one, two = (fhir.bundle(view, Peer("192.0.2.1", 1, 515), 5, identify=False) for _ in range(2))
    assert one == two
    assert one
    requests = [entry["request"] for entry in json.loads(one)["entry"]]
    assert [request["method"] for request in requests] == ["PUT", *["POST"] * 6]
    assert all("ifNoneExist" in request for request in requests[1:])


@pytest.mark.parametrize("identify", [False, True])
def test_an_observation_message_has_codes_units_and_doubt(view: PlaceView, identify: bool) -> None:  # noqa: FBT001  # a case
    raw = oru.message(view, view.at, "C1", identify=identify)
    assert raw
    parsed = Parsed(raw)
    segments = [parsed.fields(line) for line in parsed.lines]
    values = {segment[3].split("^")[0]: segment for segment in segments if segment[0] == "OBX"}
    assert values["147842"][5] == "60"
    assert values["147842"][6].startswith("/min")
    assert values["147842"][11] == "R"
    assert "151562" not in values  # dashes
    notes = [segment for segment in segments if segment[0] == "NTE"]
    assert len(notes) == 1
    assert "disagrees" in notes[0][3]
    assert (b"Samuel" in raw) is identify


def test_a_bed_that_is_not_live_says_nothing(shift: object) -> None:
    shift.wait(10)
    late = shift.live.place("ICU 1")
    assert oru.message(late, late.at, "C1", identify=False) is None
    assert fhir.bundle(late, Peer("192.0.2.1", 1, 515), late.at, identify=False) is None


def test_a_spool_keeps_order_over_a_restart_sealed_and_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", KEY, 3)
    spool.add([b"Sample 1", b"Sample 2"])
    spool.close()
    assert b"Sample" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    spool = Spool(tmp_path / "s", KEY, 3)
    spool.add([b"Sample 3", b"Sample 4"])
    assert (len(spool), spool.dropped) == (3, 1)
    got = []
    while (first := spool.first()) is not None:
        got.append(first.body)
        spool.done(first.number)
    assert got == [b"Sample 2", b"Sample 3", b"Sample 4"]
    assert len(spool) == 0
    spool.add([b"Sample 5"])
    spool.close()
    other = Spool(tmp_path / "s", bytes([1]) * 32, 3)
    assert other.first() is None
    assert other.unreadable == 1
    other.close()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(b"MSA|AA|C1", Outcome.TAKEN), (b"MSA|CA|C1", Outcome.TAKEN), (b"MSA|AE|C1", Outcome.REFUSED),
     (b"MSA|AR|C1", Outcome.REFUSED), (b"MSA|AA|C2", Outcome.AGAIN), (b"MSA|XX|C1", Outcome.AGAIN),
     (b"", Outcome.AGAIN)],
)  # fmt: skip
def test_only_an_acknowledgement_of_this_message_counts(answer: bytes, outcome: Outcome) -> None:
    body = b"MSH|^~\\&|A||B||20261125||ORU^R01|C1|P|2.5.1\r"
    head = b"\x0bMSH|^~\\&|B||A||20261125||ACK|1|P|2.5.1\r"
    assert acknowledged(head + answer + b"\r\x1c\r", body) is outcome


class Server(http.server.BaseHTTPRequestHandler):
    """Fails twice, refuses what holds 'bad', takes the rest."""

    taken: list[bytes]
    fail = 0

    def do_POST(self) -> None:  # the base class's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = type(self)
        if kind.fail > 0:
            kind.fail -= 1
            self.send_response(503)
        elif b"bad" in body:
            self.send_response(422)
        else:
            kind.taken.append(body)
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_that_fails_gets_it_later_and_one_that_refuses_is_not_asked_again(
    tmp_path: Path, shift: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server.taken, Server.fail = [], 2
    monkeypatch.setattr("wardwatch.station.forwarding.forwarder._FIRST_WAIT", 0.01)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    async def act() -> None:
        to = f"http://127.0.0.1:{server.server_port}/r4"
        settings = Forward("ehr", "fhir", to, every=600, tls=False)
        forwarder = Forwarder(settings, shift.live, tmp_path, KEY)
        forwarder.spool.add([b"bad"])
        await forwarder.once()
        forwarder.start()
        async with asyncio.timeout(300):
            while len(forwarder.spool):  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.01)
        assert (forwarder.status.taken, forwarder.status.refused, forwarder.status.failures) == (1, 1, 2)
        assert forwarder.alive
        await forwarder.stop()

    try:
        asyncio.run(act())
    finally:
        server.shutdown()
        server.server_close()
    assert len(Server.taken) == 1
    Bundle.model_validate_json(Server.taken[0])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415  # only this certificate needs them
    from ipaddress import ip_address  # noqa: PLC0415  # as above

    from cryptography import x509  # noqa: PLC0415  # as above
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415  # as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  # as above

    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert", folder / "key"


@pytest.mark.parametrize("trusted", [True, False])
def test_hl7_goes_over_tls_to_whom_the_certificate_names(
    tmp_path: Path,
    shift: object,
    certificate: tuple[Path, Path],
    trusted: bool,  # noqa: FBT001  # a case
) -> None:
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = await reader.readuntil(b"\x1c\r")
        got.append(message)
        control = message.split(b"|")[9]
        writer.write(b"\x0bMSH|^~\\&|B||A||20261125||ACK|1|P|2.5.1\rMSA|AA|" + control + b"\r\x1c\r")
        await writer.drain()
        writer.close()

    async def act() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        to = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = Forward("his", "hl7", to, every=600, ca=str(certificate[0]) if trusted else "")
        forwarder = Forwarder(settings, shift.live, tmp_path, KEY)
        await forwarder.once()
        forwarder.start()
        async with asyncio.timeout(300):
            while len(forwarder.spool) and not forwarder.status.failures:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)
        assert (forwarder.status.taken, len(forwarder.spool)) == ((1, 0) if trusted else (0, 1))
        await forwarder.stop()
        server.close()

    asyncio.run(act())
    assert len(got) == trusted


@pytest.mark.parametrize("text", ["", "host", "host:0", "host:99999", ":1", "host:x"])
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        host_port(text)


def test_fhir_does_not_go_unencrypted_unasked() -> None:
    for to in ("http://192.0.2.1/r4", "ftp://192.0.2.1", "https://user:pw@192.0.2.1"):
        with pytest.raises(UsageError):
            Fhir(Forward("x", "fhir", to))
    assert Fhir(Forward("x", "fhir", "http://192.0.2.1/r4", tls=False))


@pytest.mark.parametrize("kind", ["hl7", "fhir"])
def test_a_monitor_without_a_bed_is_not_passed_on(
    tmp_path: Path, ward: Callable[..., object], blocks: object, kind: str
) -> None:
    made = ward([{"name": "ICU 1", "device-bed": 1}])
    made.say(made.connect(), blocks.bed(9), blocks.ecg(60))
    to = {"hl7": "127.0.0.1:9", "fhir": "http://127.0.0.1:9/r4"}[kind]
    forwarder = Forwarder(Forward("x", kind, to, tls=False), made.live, tmp_path, KEY)
    asyncio.run(forwarder.once())
    assert len(forwarder.spool) == 0
    made.say(made.connect("192.0.2.2"), blocks.bed(1), blocks.ecg(60))
    asyncio.run(forwarder.once())
    assert len(forwarder.spool) == 1
    forwarder.spool.close()


def test_a_receiver_that_is_down_is_asked_every_minute_at_least(
    tmp_path: Path, shift: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def act() -> None:
        forwarder = Forwarder(Forward("x", "hl7", "127.0.0.1:9", tls=False), shift.live, tmp_path, KEY)
        forwarder.spool.add([b"MSH|"])

        async def fail(_body: bytes) -> Outcome:
            raise OSError

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 12:
                raise asyncio.CancelledError

        monkeypatch.setattr(forwarder._sender, "send", fail)
        with monkeypatch.context() as patch:
            patch.setattr("wardwatch.station.forwarding.forwarder.asyncio.sleep", sleep)
            with pytest.raises(asyncio.CancelledError):
                await forwarder._send()
        forwarder.spool.close()

    asyncio.run(act())
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
