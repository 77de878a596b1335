"""The application as a browser meets it: who gets in, what is refused, what the audit log says."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient, WebSocketTestSession

if TYPE_CHECKING:
    from conftest import Site

from wardwatch.station.quiet import Hush
from wardwatch.station.web.headers import HEADERS
from wardwatch.station.web.sessions import IDLE
from wardwatch.station.web.socket import ELSEWHERE, MOST_EACH, NO_REQUEST, SIGN_IN, TOO_MANY
from wardwatch.station.words import SECOND, Contents, Limit, Quantity, Received

PAGE = Path(__file__).resolve().parents[3] / "src" / "wardwatch" / "station" / "page"


def audit(site: "Site") -> list[dict[str, str]]:
    return [json.loads(line) for line in site.desk.audit.path.read_text(encoding="utf-8").splitlines()]


def csrf(client: TestClient) -> dict[str, str]:
    return {"Origin": str(client.base_url), "X-CSRF-Token": client.cookies["csrf"]}


@contextmanager
def page(site: "Site", name: str) -> Iterator[WebSocketTestSession]:
    """The open page of `name`; left once the station has noticed that it closed."""
    with site.client(name).websocket_connect("ws://127.0.0.1/live", headers=site.origin) as socket:
        yield socket
        socket.close()
        for _ in range(30_000):
            if not site.desk.sockets[name]:
                return
            time.sleep(0.01)
        raise AssertionError("the station did not notice that the page closed")


def read(socket: WebSocketTestSession) -> list[dict[str, object]]:
    """The states that come until samples do."""
    states = []
    while (frame := socket.receive_bytes())[:1] == b"\x01":
        states.append(json.loads(frame[1:]))
    return states


@pytest.mark.parametrize("path", ["/", "/api/beds/0/trends"])
def test_nothing_is_shown_to_those_who_did_not_sign_in(site: "Site", path: str) -> None:
    answer = site.client().get(path)
    assert answer.status_code in (303, 401)
    assert "Ada" not in answer.text


def test_signing_in_opens_the_page(site: "Site") -> None:
    client = site.client("clinical")
    answer = client.get("/")
    assert answer.status_code == 200
    assert "Not a certified medical device" in answer.text
    assert [row["did"] for row in audit(site)] == ["signed in"]


def test_a_wrong_password_is_refused_and_written_down(site: "Site") -> None:
    client = site.client()
    answer = client.post("/login", data={"name": "clinical", "password": "wrong password"}, headers=site.origin)
    assert answer.status_code == 401
    assert client.get("/").status_code == 303
    assert [(row["who"], row["did"]) for row in audit(site)] == [("clinical", "was refused")]
    assert "wrong password" not in site.desk.audit.path.read_text()


def test_guessing_is_slowed_down_also_with_the_right_password(site: "Site") -> None:
    client = site.client()
    codes = [
        client.post("/login", data={"name": "x", "password": "guessed it"}, headers=site.origin).status_code
        for _ in range(8)
    ]
    assert codes == [401] * 6 + [429] * 2
    right = {"name": "clinical", "password": site.password}
    answer = client.post("/login", data=right, headers=site.origin)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    site.clock.now += 60
    assert client.post("/login", data=right, headers=site.origin).status_code == 303


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "https://127.0.0.1"}]
)
def test_a_form_from_elsewhere_does_not_sign_in(site: "Site", headers: dict[str, str]) -> None:
    answer = site.client().post("/login", data={"name": "clinical", "password": site.password}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"name=%ff&password=%00", b"x" * 20_000, b"&" * 50])
def test_a_strange_form_is_a_wrong_password(site: "Site", body: bytes) -> None:
    form = {**site.origin, "Content-Type": "application/x-www-form-urlencoded"}
    assert site.client().post("/login", content=body, headers=form).status_code == 401


def test_the_cookies_are_closed_to_scripts_and_other_sites(site: "Site") -> None:
    answer = site.client().post("/login", data={"name": "view", "password": site.password}, headers=site.origin)
    session, token = answer.headers.get_list("set-cookie")
    assert session.startswith("session=")
    assert "HttpOnly" in session
    assert "samesite=strict" in session.lower()
    assert "HttpOnly" not in token
    site.desk.secure = True
    client = TestClient(site.app, base_url="https://127.0.0.1", follow_redirects=False)
    answer = client.post(
        "/login", data={"name": "view", "password": site.password}, headers={"Origin": "https://127.0.0.1"}
    )
    sealed = answer.headers.get_list("set-cookie")[0]
    assert sealed.startswith("__Host-session=")
    assert "Secure" in sealed
    assert "max-age" in answer.headers["strict-transport-security"]


def test_every_answer_carries_the_headers(site: "Site") -> None:
    client = site.client("clinical")
    for path in ("/", "/login", "/app.js", "/health", "/nowhere", "/api/beds/99/trends"):
        headers = client.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_another_host_name_is_refused(site: "Site") -> None:
    """A page on the internet that lets its name point here (DNS rebinding) gets nothing."""
    assert site.client("clinical").get("/", headers={"Host": "evil.example"}).status_code == 400


def test_the_page_is_whole_and_asks_for_nothing_outside(site: "Site") -> None:
    client = site.client()
    for file in PAGE.iterdir():
        text = file.read_text(encoding="utf-8")
        assert "http://" not in text.replace("http://www.w3.org/", "")
        assert "https://" not in text
        if file.suffix != ".html":
            answer = client.get(f"/{file.name}")
            assert answer.text == text
            kind = {".js": "javascript", ".css": "css", ".svg": "svg"}[file.suffix]
            assert kind in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/../app.py", "/%2e%2e/words.py", "/page/app.js", "/login.html", "/index.html", "/app.js/x"]
)
def test_no_other_file_can_be_asked_for(site: "Site", path: str) -> None:
    assert site.client("admin").get(path).status_code == 404


def test_signing_out_ends_the_session(site: "Site") -> None:
    client = site.client("clinical")
    assert client.post("/logout", headers=site.origin).status_code == 403
    assert client.get("/").status_code == 200
    token = client.cookies["session"]
    assert client.post("/logout", headers=csrf(client)).status_code == 200
    client.cookies.set("session", token)
    assert client.get("/").status_code == 303
    assert audit(site)[-1]["did"] == "signed out"


def test_a_session_ends_when_its_account_is_taken_away(site: "Site") -> None:
    client = site.client("clinical")
    site.desk.people.remove("clinical")
    assert client.get("/").status_code == 303


def test_a_changed_role_needs_a_new_sign_in(site: "Site") -> None:
    client = site.client("view")
    account = site.desk.people.accounts().by_name["admin"]
    site.desk.people._write(site.desk.people.accounts().joined_by(type(account)("view", account.role, account.secret)))
    assert client.get("/").status_code == 303


def test_a_live_page_is_told_what_happens(site: "Site") -> None:
    with page(site, "clinical") as socket:
        socket.send_text('{"view": "overview"}')
        (state,) = read(socket)
        assert state["beds"][0]["patient"] == "Ada Invented"
        site.say(2)
        (state,) = read(socket)
        assert [each["name"] for each in state["beds"]] == ["Bed 1"]


def test_names_are_audited_by_pseudonym_before_they_are_shown(site: "Site") -> None:
    with page(site, "clinical") as socket:
        socket.send_text('{"view": "overview"}')
        read(socket)
        site.say(2)
        read(socket)
        rows = audit(site)
    (row,) = [each for each in rows if "patient" in each]
    assert (row["who"], row["bed"]) == ("clinical", "Bed 1")
    assert row["patient"] == site.desk.veil("patient", "N-4711")
    assert "Ada" not in site.desk.audit.path.read_text()


def test_a_line_of_the_audit_log_is_on_the_disk_before_it_counts(site: "Site", monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr("wardwatch.station.web.audit.os.fsync", synced.append)
    site.desk.audit.write(0.0, "nurse", "signed in")
    assert len(synced) == 1
    assert site.desk.audit.path.stat().st_mode & 0o777 == 0o600


def test_a_page_that_was_too_slow_is_shown_everything_anew(site: "Site") -> None:
    with page(site, "clinical") as socket:
        socket.send_text('{"view": "overview"}')
        read(socket)
        (subscription,) = site.desk.live.subscribers
        subscription.dropped += 1
        site.say(2)
        (state,) = read(socket)
    assert [each["name"] for each in state["beds"]] == ["Bed 1", "Bed 2"]


def test_where_the_audit_log_cannot_be_written_names_stay_hidden(site: "Site", tmp_path: Path) -> None:
    with page(site, "clinical") as socket:
        site.desk.audit.path = tmp_path / "no folder" / "audit.jsonl"
        socket.send_text('{"view": "overview"}')
        (state,) = read(socket)
    assert state["beds"][0]["patient"] is None


def test_the_viewing_role_never_gets_a_name(site: "Site") -> None:
    with page(site, "view") as socket:
        socket.send_text('{"view": "bed", "bed": 0}')
        (state,) = read(socket)
    assert "Ada" not in json.dumps(state)
    assert not [row for row in audit(site) if "patient" in row]


def closed(client: TestClient, headers: dict[str, str], *words: str, after: Callable[[], None] = lambda: None) -> int:
    """The code a socket is closed with, once these words were said and `after` happened."""
    with client.websocket_connect("ws://127.0.0.1/live", headers=headers) as socket:
        for word in words:
            socket.send_text(word)
        after()
        while (message := socket.receive())["type"] != "websocket.close":
            assert message["type"] == "websocket.send"
    return int(message["code"])


def test_a_socket_without_session_or_from_elsewhere_is_closed(site: "Site") -> None:
    assert closed(site.client(), site.origin) == SIGN_IN
    assert closed(site.client("clinical"), {"Origin": "http://evil.example"}) == ELSEWHERE


@pytest.mark.parametrize("word", ["", "[" * 500, '{"view": "roof"}', "x" * 2000])
def test_a_socket_that_asks_for_nothing_is_closed_and_leaves_nothing(site: "Site", word: str) -> None:
    assert closed(site.client("clinical"), site.origin, word) == NO_REQUEST
    assert site.desk.live.subscribers == ()
    assert site.desk.sockets == {"clinical": 0}


def test_one_account_cannot_hold_all_sockets(site: "Site") -> None:
    client = site.client("view")
    site.desk.sockets["view"] = MOST_EACH
    assert closed(client, site.origin) == TOO_MANY


def test_one_address_cannot_open_sockets_without_end(site: "Site") -> None:
    client = site.client("view")
    while client.get("/health").status_code == 200:
        pass
    assert closed(client, site.origin) == TOO_MANY
    site.clock.now += 60
    with page(site, "view") as socket:
        socket.send_text('{"view": "overview"}')
        assert read(socket)


def test_an_open_page_ends_with_its_session(site: "Site") -> None:
    def a_shift_later() -> None:
        site.clock.now += IDLE + 1
        site.say(2)

    assert closed(site.client("clinical"), site.origin, '{"view": "overview"}', after=a_shift_later) == SIGN_IN


def test_admission_by_hand_needs_role_token_and_a_monitor(site: "Site") -> None:
    asked = {"session": site.session, "bed": "Bed 2"}
    for name in ("view", "clinical"):
        client = site.client(name)
        assert client.post("/api/admit", json=asked, headers=csrf(client)).status_code == 403
    admin = site.client("admin")
    assert admin.post("/api/admit", json=asked, headers=site.origin).status_code == 403
    assert site.desk.live.place("Bed 2").session is None
    assert admin.post("/api/admit", json=asked, headers=csrf(admin)).status_code == 200
    assert site.desk.live.place("Bed 2").session == site.session
    assert audit(site)[-1]["did"] == "admitted a monitor to Bed 2"
    assert admin.post("/api/release", json={"session": site.session}, headers=csrf(admin)).status_code == 200
    assert site.desk.live.place("Bed 1").session == site.session
    assert admin.post("/api/admit", json={"session": 99, "bed": "Bed 2"}, headers=csrf(admin)).status_code == 409


@pytest.mark.parametrize("body", [b"", b"[]", b'{"session": "1"}', b'{"session": true}', b"x" * 5000, b"[" * 3000])
def test_a_strange_decision_is_refused(site: "Site", body: bytes) -> None:
    admin = site.client("admin")
    assert admin.post("/api/release", content=body, headers=csrf(admin)).status_code == 400


def test_trends_are_a_day_of_minutes_with_holes(site: "Site") -> None:
    client = site.client("view")
    client.get("/")
    site.desk.numbers.of("Bed 1")
    trends = client.get("/api/beds/0/trends").json()
    row = trends["series"]["HR"]
    assert (trends["step"], len(row)) == (60, 1440)
    assert [each for each in row if each] == [[72.0, 72.0, 72.0]]
    assert trends["from"] % 60 == 0
    at = next(index for index, each in enumerate(row) if each)
    assert trends["from"] + at * 60 <= site.clock.now + 1 < trends["from"] + (at + 1) * 60
    assert set(trends["series"]) == {each.value for each in (Quantity.HR, Quantity.SPO2, Quantity.RR, Quantity.PR)}
    assert client.get("/api/beds/7/trends").status_code == 404


def test_health_and_metrics(site: "Site") -> None:
    site.desk.metrics = lambda: b"wardwatch_beds 2\n"
    client = site.client()
    assert client.get("/health").json() == {"ok": True}
    site.desk.health = lambda: {"ok": False, "storage": "full"}
    assert client.get("/health").status_code == 503
    assert client.get("/metrics").status_code == 403
    assert site.client("view").get("/metrics").text == "wardwatch_beds 2\n"
    near = TestClient(site.app, base_url=site.origin["Origin"], client=("127.0.0.1", 50000))
    assert near.get("/metrics").status_code == 200


def test_one_address_cannot_keep_the_station_busy(site: "Site") -> None:
    client = site.client()
    codes = [client.get("/health").status_code for _ in range(210)]
    assert codes.count(429) == 10
    site.clock.now += 1
    assert client.get("/health").status_code == 200


def alarming(site: "Site") -> None:
    limits = {Quantity.HR: Limit(40, 60, on=True)}
    now = int(site.clock.now * SECOND) + 5 * SECOND
    site.desk.live.take(Received(site.session, 5, now, b"raw"), Contents({Quantity.HR: 72.0}, limits, device_bed=1))
    site.clock.now += 6
    site.desk.numbers.of("Bed 1")


def test_silencing_needs_a_role_a_token_and_a_line_of_audit(site: "Site") -> None:
    alarming(site)
    asked = {"bed": 0, "what": "pause"}
    wall = site.client("view")
    assert wall.post("/api/silence", json=asked, headers=csrf(wall)).status_code == 403
    assert site.client().post("/api/silence", json=asked, headers=site.origin).status_code == 401
    nurse = site.client("clinical")
    assert nurse.post("/api/silence", json=asked, headers=site.origin).status_code == 403
    assert site.desk.live.place("Bed 1").pause is None
    assert nurse.post("/api/silence", json=asked, headers=csrf(nurse)).text == "Done."
    pause = site.desk.live.place("Bed 1").pause
    assert pause
    assert (pause.by, pause.begun) == ("clinical", int(site.clock.now * SECOND))
    row = audit(site)[-1]
    assert (row["who"], row["did"], row["bed"], row["alarms"]) == (
        "clinical", "paused the sound of alarms", "Bed 1", "HR",
    )  # fmt: skip
    again = {"bed": 0, "what": "acknowledge"}
    assert nurse.post("/api/silence", json=again, headers=csrf(nurse)).text == "Done."
    assert site.desk.live.place("Bed 1").acknowledged
    assert nurse.post("/api/silence", json={"bed": 0, "what": "sound"}, headers=csrf(nurse)).text == "Done."
    assert not site.desk.live.place("Bed 1").acknowledged
    assert [each["did"] for each in audit(site)[-2:]] == ["acknowledged alarms", "let alarms sound again"]
    assert nurse.post("/api/silence", json={"bed": 0, "what": "sound"}, headers=csrf(nurse)).text != "Done."


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"bed": 9, "what": "pause"}, 409), ({"bed": "0", "what": "pause"}, 400), ({"bed": 0, "what": "all"}, 400),
     ({"bed": 0}, 400), ([], 400)],
)  # fmt: skip
def test_a_strange_silence_is_refused(site: "Site", asked: object, status: int) -> None:
    alarming(site)
    nurse = site.client("clinical")
    before = len(audit(site))
    assert nurse.post("/api/silence", json=asked, headers=csrf(nurse)).status_code == status
    assert site.desk.live.place("Bed 1").pause is None
    assert len(audit(site)) == before


@pytest.mark.parametrize("what", ["silence", "admit", "release"])
def test_what_cannot_be_written_down_is_not_done(site: "Site", tmp_path: Path, what: str) -> None:
    alarming(site)
    admin = site.client("admin")
    site.desk.audit.path = tmp_path / "no folder" / "audit.jsonl"
    asked = {"bed": 0 if what == "silence" else "Bed 2", "what": "pause", "session": site.session}
    assert admin.post(f"/api/{what}", json=asked, headers=csrf(admin)).status_code == 503
    assert site.desk.live.place("Bed 1").pause is None
    assert site.desk.live.place("Bed 1").session == site.session


def test_where_the_audit_log_cannot_be_written_the_page_still_opens_without_names(site: "Site", tmp_path: Path) -> None:
    site.desk.audit.path = tmp_path / "no folder" / "audit.jsonl"
    wrong = {"name": "clinical", "password": "wrong password"}
    assert site.client().post("/login", data=wrong, headers=site.origin).status_code == 401
    with page(site, "clinical") as socket:
        socket.send_text('{"view": "overview"}')
        (state,) = read(socket)
    assert state["beds"][0]["patient"] is None
    assert site.desk.unwritten >= 3


@pytest.mark.parametrize("path", ["/logout", "/api/admit", "/api/release", "/api/silence"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_request_from_elsewhere_changes_nothing_even_with_the_token(site: "Site", path: str, origin: str) -> None:
    admin = site.client("admin")
    asked = {"session": site.session, "bed": "Bed 2"}
    answer = admin.post(path, json=asked, headers=csrf(admin) | {"Origin": origin})
    assert answer.status_code == 403
    assert admin.get("/").status_code == 200
    assert site.desk.live.place("Bed 1").session == site.session


def test_half_a_line_of_audit_is_none(site: "Site", monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr("wardwatch.station.web.audit.os.write", lambda file, data: real(file, data[:10]))
    with pytest.raises(OSError, match="whole"):
        site.desk.audit.write(0.0, "nurse", "signed in")


def test_an_endless_body_is_not_read(site: "Site") -> None:
    admin = site.client("admin")
    asked = {"session": site.session, "bed": "Bed 2", "more": "x" * 5000}
    assert admin.post("/api/admit", json=asked, headers=csrf(admin)).status_code == 400
    assert site.desk.live.place("Bed 1").session == site.session


def test_who_silenced_an_alarm_is_told_to_those_who_see_names(site: "Site") -> None:
    alarming(site)
    assert site.desk.live.hush("Bed 1", Hush.PAUSE, "nurse", int(site.clock.now * SECOND))
    assert site.desk.live.hush("Bed 1", Hush.ACKNOWLEDGE, "doctor", int(site.clock.now * SECOND))
    for role, seen in (("view", False), ("clinical", True)):
        with page(site, role) as socket:
            socket.send_text('{"view": "overview"}')
            (state,) = read(socket)
        told = state["beds"][0]
        assert [each["quiet"] for each in told["alarms"]] == ["acknowledged"]
        assert told["quiet"].startswith("Sound paused until ")
        assert (" by nurse" in told["quiet"], " by doctor" in told["quiet"]) == (seen, seen)


def test_what_is_wrong_with_the_station_is_told_to_every_page(site: "Site") -> None:
    reasons: list[str] = ["nothing is kept on disk: No space left on device"]
    asked: list[int] = []
    site.desk.health = lambda: asked.append(1) or {"ok": False, "reasons": list(reasons)}
    with page(site, "view") as socket:
        socket.send_text('{"view": "overview"}')
        (state,) = read(socket)
        assert state["troubles"] == reasons
        site.say(2)
        read(socket)
        assert len(asked) == 1
        reasons.clear()
        site.clock.now += 1
        site.say(3)
        (state,) = read(socket)
        assert state["troubles"] == []
