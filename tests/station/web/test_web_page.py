"""The page in a real browser (Debian's Chromium): what is seen, how fast, by keyboard, and when the line is cut."""

import asyncio
import math
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from conftest import Site

from wardwatch.station.admission import Admission, BedRule
from wardwatch.station.live import Live, Settings
from wardwatch.station.web.server import Door, serve
from wardwatch.station.words import Contents, Limit, Mark, Patient, Peer, Quantity, Received, Signal, Truth

CHROMIUM = shutil.which("chromium")
WIDE = {"width": 1920, "height": 1080}
LATEST = 1.5
"""Seconds that the last sample of a set may wait for its pixel."""
FRAMES = 30
TOO_CLOSE = """[...document.querySelectorAll(".tile")].flatMap((tile) => {
  const seen = [...tile.querySelectorAll(".value, .truth")].filter((each) => each.offsetWidth);
  const boxes = seen.map((each) => [each.textContent, each.getBoundingClientRect()]);
  const all = tile.getBoundingClientRect();
  const apart = (a, b) => a.right + 2 <= b.left || b.right + 2 <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  return boxes.flatMap(([text, box], at) => [
    ...(box.right > all.right || box.bottom > all.bottom ? [text + " leaves its tile"] : []),
    ...boxes.slice(at + 1).filter(([, other]) => !apart(box, other)).map(([other]) => text + " | " + other),
  ]);
}).slice(0, 6)"""
PEN_BY_ITS_OWN_CLOCK = """async () => {
  const { Sweep } = await import("/sweep.js");
  const sweep = new Sweep(document.createElement("canvas"), [{ signal: "II", rate: 256 }]);
  sweep.fit({ paper: "black", II: "white" });
  const uneven = [0, 80, -60, 100, 30, -100];
  const arrivals = [...Array(40).keys()].map((n) => (n >= 20 && n < 23 ? 23000 : n * 1000 + 100 + uneven[n % 6]));
  const waiting = [];
  for (let frame = 0; frame < 40 * 30; frame++) {
    while (arrivals.length && arrivals[0] <= (frame * 1000) / 30) {
      arrivals.shift();
      sweep.take({ II: new Uint8Array(256) });
    }
    waiting.push(sweep.inHand());
    sweep.draw(1 / 30);
  }
  return waiting;
}"""


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


class Ward:
    """Monitors that send one set a second, and the station's page over them, in a thread of its own."""

    def __init__(self, site: "Site", beds: int, door: Door | None = None, late_after: float = 3600.0) -> None:
        self.site = site
        self.beds = beds
        self.desk = site.desk
        self.desk.live = Live(
            Admission([BedRule(f"Bed {each}", device_bed=each) for each in range(1, beds + 1)]),
            Settings(late_after=late_after),
        )
        self.desk.now = time.time
        self.door = door or Door(port=free_port())
        self.silent: set[int] = set()
        self.lies: set[int] = set()
        self.truly = 95.0
        self.high = False
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.loop: asyncio.AbstractEventLoop | None = None

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.current_task()
        serving = asyncio.create_task(serve(self.desk, self.door))
        try:
            await self._feed()
        except asyncio.CancelledError:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def _feed(self) -> None:
        sessions = [
            self.desk.live.open(Peer(f"10.0.0.{bed}", 4000, 515), time.time_ns()) for bed in range(1, self.beds + 1)
        ]
        number = 0
        while True:
            number += 1
            begun = time.monotonic()
            for bed, session in enumerate(sessions, 1):
                if bed not in self.silent:
                    self._say(bed, session, number)
            self.desk.live.tick(time.time_ns())
            await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - begun)))

    def _say(self, bed: int, session: int, number: int) -> None:
        shown = {Quantity.HR: 70.0 + bed % 20, Quantity.SPO2: 97.0, Quantity.RR: 14.0, Quantity.T1: 36.6}
        if self.high:
            shown[Quantity.HR] = 190.0
        contents = Contents(
            shown=shown,
            limits={Quantity.HR: Limit(40, 150, on=True)},
            waves={Signal.II: WAVE, Signal.PLETH: WAVE, Signal.RESP: WAVE[:128]},
            patient=Patient(name=f"Ada Invented {bed}", number=f"N-{bed}"),
            device_bed=bed,
        )
        self.desk.live.take(Received(session, number, time.time_ns(), b"raw"), contents)
        state = Truth.DISAGREES if bed in self.lies else Truth.VERIFIED
        self.desk.live.mark(
            session, (Mark(Quantity.HR, state, "", self.truly, self.truly - 2, self.truly + 2),), time.time_ns()
        )

    def __enter__(self) -> Self:
        self.thread.start()
        for _ in range(6000):
            try:
                socket.create_connection(("127.0.0.1", self.door.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("the page is not served")

    def __exit__(self, *_: object) -> None:
        assert self.loop
        assert self.task
        self.loop.call_soon_threadsafe(self.task.cancel)
        self.thread.join(10)


WAVE = bytes(int(128 + 100 * math.sin(each / 256 * 6 * math.pi)) for each in range(256))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def wait(page: Page, true: str) -> None:
    """Until the expression is true in the page; asked from here, since the page's policy forbids a polling `eval`."""
    for _ in range(6000):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {true}")


@contextmanager
def opened(
    browser: Browser, ward: Ward, name: str = "clinical", *, complains: bool = False, **shape: object
) -> Iterator[Page]:
    """The page after signing in; whatever its script complains about fails the test."""
    page = browser.new_page(**({"viewport": WIDE} | shape))
    page.set_default_timeout(300_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(ward.door.address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(ward.site.password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".tile, .bed")
    yield page
    page.close()
    assert complains or complaints == []


def test_one_screen_holds_64_beds_and_moves(site: "Site", browser: Browser) -> None:
    with Ward(site, 64) as ward, opened(browser, ward, "view") as page:
        wait(page, "document.querySelectorAll('.tile').length === 64")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        boxes = page.evaluate("[...document.querySelectorAll('.tile')].map((t) => t.getBoundingClientRect().toJSON())")
        assert min(box["height"] for box in boxes) > 100
        wait(page, f"framesDrawn() > {page.evaluate('framesDrawn()') + 30}")
        assert "Ada" not in page.content()


def test_a_lie_is_told_in_words_numbers_and_shape(site: "Site", browser: Browser) -> None:
    with Ward(site, 4) as ward:
        ward.lies.add(3)
        with opened(browser, ward) as page:
            wait(page, "document.querySelector('#summary').textContent.includes('Bed 3')")
            tile = page.locator(".tile", has_text="Bed 3")
            assert "\u2260 95" in tile.inner_text()
            assert "disagrees, the waveform gives 95" in tile.text_content()
            assert "Ada Invented 3" in tile.inner_text()
            assert "!!" in tile.locator(".alarm").inner_text()
            page.get_by_role("link", name="Bed 3").click()
            page.wait_for_selector(".evidence canvas")
            assert "The waveform gives 95 (93 to 97)" in page.locator(".why").inner_text()
            assert "No data" not in page.locator(".bed .note").inner_text()


@pytest.mark.parametrize("beds", [1, 9, 30, 64])
def test_no_number_runs_into_its_neighbour(site: "Site", browser: Browser, beds: int) -> None:
    """The longest there are: where '190 \u2260 178' touched '97', it would read as another number."""
    with Ward(site, beds) as ward:
        ward.high, ward.truly, ward.lies = True, 178.0, set(range(1, beds + 1))
        with opened(browser, ward, "view") as page:
            wait(page, f"document.querySelectorAll('[data-key=HR][data-truth=disagrees]').length === {beds}")
            assert page.evaluate(TOO_CLOSE) == []


def test_a_tile_opens_wherever_it_is_touched(site: "Site", browser: Browser) -> None:
    with Ward(site, 2) as ward, opened(browser, ward) as page:
        page.wait_for_selector(".tile[data-state=live]")
        box = page.locator(".tile canvas").nth(1).bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector(".bed")
        assert page.locator(".leads").inner_text().split() == ["I", "II", "III", "Pleth", "Resp"]


def test_by_keyboard_there_and_back(site: "Site", browser: Browser) -> None:
    with Ward(site, 3) as ward, opened(browser, ward) as page:
        page.get_by_role("link", name="Bed 2").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".bed")
        assert page.evaluate("document.activeElement.id") == "title"
        wait(page, "document.querySelector('#title').textContent === 'Bed 2'")
        wait(page, "document.querySelectorAll('.trends svg').length === 4")
        page.keyboard.press("Escape")
        wait(page, "document.querySelectorAll('.tile').length === 3")


def test_alarms_flash_at_the_rate_of_their_priority(site: "Site", browser: Browser) -> None:
    """IEC 60601-1-8: high priority 1.4 to 2.8 Hz, medium 0.4 to 0.8 Hz; and never by colour alone."""
    with Ward(site, 1) as ward:
        ward.high = True
        with opened(browser, ward) as page:
            wait(page, "document.querySelector('.tile').dataset.alarm")
            priority = page.evaluate("document.querySelector('.tile').dataset.alarm")
            seconds = page.evaluate("getComputedStyle(document.querySelector('.tile .alarm')).animationDuration")
            low, high = {"high": (1.4, 2.8), "medium": (0.4, 0.8)}[priority]
            assert low <= 1 / float(seconds.removesuffix("s")) <= high
            assert page.locator(".tile .alarm").inner_text().startswith({"high": "!!!", "medium": "!!"}[priority])


def test_a_monitor_that_falls_silent_is_seen(site: "Site", browser: Browser) -> None:
    with Ward(site, 2, late_after=3.0) as ward, opened(browser, ward) as page:
        page.wait_for_selector(".tile[data-state=live]")
        ward.silent.add(2)
        page.wait_for_selector(".tile[data-state=silent]")
        assert "No data since" in page.locator(".tile", has_text="Bed 2").inner_text()


def test_a_lost_line_is_said_and_comes_back(site: "Site", browser: Browser) -> None:
    with Ward(site, 1) as ward:
        leaving = opened(browser, ward, complains=True)
        page = leaving.__enter__()
        page.wait_for_selector(".link[data-state=live]")
    page.wait_for_selector(".link[data-state=lost]")
    assert "old" in page.locator("#link").inner_text()
    with Ward(site, 1, ward.door):
        page.wait_for_selector(".link[data-state=live]")
        leaving.__exit__(None, None, None)


def test_the_pen_is_never_late_for_long(site: "Site", browser: Browser) -> None:
    """The pen alone, on a clock of the test's own: sets come unevenly, and in a burst after three silent seconds."""
    with Ward(site, 1) as ward, opened(browser, ward) as page:
        waiting = page.evaluate(PEN_BY_ITS_OWN_CLOCK)
    assert len(waiting) == 40 * FRAMES
    assert max(waiting[: 20 * FRAMES]) < LATEST
    assert max(waiting[20 * FRAMES : 25 * FRAMES]) > 2
    assert max(waiting[30 * FRAMES :]) < LATEST


def test_it_fits_a_phone(site: "Site", browser: Browser) -> None:
    with Ward(site, 3) as ward, opened(browser, ward, viewport={"width": 360, "height": 720}) as page:
        wait(page, "document.querySelectorAll('.tile').length === 3")
        assert page.evaluate("document.documentElement.scrollWidth <= 360")
        page.get_by_role("link", name="Bed 1").click()
        page.wait_for_selector(".bed")
        wait(page, "document.querySelectorAll('.trends svg').length === 4")
        assert page.evaluate("document.documentElement.scrollWidth <= 360")


def test_light_is_kept(site: "Site", browser: Browser) -> None:
    with Ward(site, 1) as ward, opened(browser, ward) as page:
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Light").click()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
        page.reload()
        page.wait_for_selector(".tile")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_signing_out_closes_the_door(site: "Site", browser: Browser) -> None:
    with Ward(site, 1) as ward, opened(browser, ward) as page:
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/login")
        page.goto(ward.door.address)
        page.wait_for_url("**/login")


def test_an_admin_gives_a_monitor_to_a_bed(site: "Site", browser: Browser) -> None:
    with Ward(site, 2) as ward:
        assert ward.loop
        with opened(browser, ward, "admin") as page:
            wait(page, "document.querySelectorAll('.tile').length === 2")
            page.get_by_role("link", name="Bed 2").click()
            page.get_by_label("Bed ").select_option("Bed 1")
            page.get_by_role("button", name="Give it to this bed").click()
            wait(page, "document.querySelector('.admission p').textContent === 'Done.'")
            assert ward.desk.live.place("Bed 1").claimants
        with opened(browser, ward, "clinical") as page:
            page.get_by_role("link", name="Bed 1").click()
            page.wait_for_selector(".bed")
            assert not page.get_by_role("button", name="Give it to this bed").is_visible()


def test_more_beds_than_a_screen_take_turns(site: "Site", browser: Browser) -> None:
    with Ward(site, 70) as ward, opened(browser, ward, "view") as page:
        wait(page, "document.querySelector('#title').textContent === '1 to 64 of 70 beds'")
        page.get_by_role("button", name="Next beds").click()
        wait(page, "document.querySelectorAll('.tile').length === 6")
        assert page.locator("#title").inner_text() == "65 to 70 of 70 beds"
        page.get_by_role("button", name="Next beds").click()
        wait(page, "document.querySelectorAll('.tile').length === 64")


def test_names_are_text_never_markup(site: "Site", browser: Browser) -> None:
    with Ward(site, 1) as ward, opened(browser, ward) as page:
        evil = '<img src=x onerror="document.title=1">'
        patient = Patient(name=evil, number="N-9")
        contents = Contents(shown={Quantity.HR: 70.0}, patient=patient, device_bed=1)
        assert ward.loop
        ward.loop.call_soon_threadsafe(ward.desk.live.take, Received(1, 99, time.time_ns(), b"raw"), contents)
        wait(page, "document.querySelector('.who').textContent.includes('onerror')")
        assert page.locator(".tile img").count() == 0
        assert page.title() != "1"


def test_an_alarm_is_silenced_by_keyboard_and_a_more_urgent_one_sounds(site: "Site", browser: Browser) -> None:
    """Its sound only: what is shown stays. The sound's priority is what the page would play."""
    heard = "[...document.querySelectorAll('.alarms li')].map((each) => each.textContent).join('; ')"
    with Ward(site, 2) as ward:
        ward.high = True
        with opened(browser, ward) as page:
            page.get_by_role("link", name="Bed 1").click()
            group = page.get_by_role("group", name="Sound of alarms")
            group.wait_for()
            pause = group.get_by_role("button", name="Pause sound, 2 minutes")
            wait(page, "document.querySelector('.buttons button').getAttribute('aria-disabled') === 'false'")
            pause.focus()
            page.keyboard.press("Enter")
            wait(page, f"({heard}).includes('(sound paused)')")
            state = page.get_by_role("status").filter(has_text="Sound paused until")
            assert "for alarms up to !!! by clinical" in state.inner_text()
            assert "HEART RATE HIGH" in page.evaluate(heard)
            group.get_by_role("button", name="Let them sound again").focus()
            page.keyboard.press("Enter")
            wait(page, f"!({heard}).includes('paused')")
            group.get_by_role("button", name="Acknowledge alarms").focus()
            page.keyboard.press("Enter")
            wait(page, f"({heard}).includes('(acknowledged)')")
            page.keyboard.press("Escape")
            wait(page, "document.querySelector('.tile .alarm')?.textContent.includes('(acknowledged)')")
            assert "acknowledged" not in page.locator(".tile", has_text="Bed 2").inner_text()


def test_a_wall_display_cannot_silence(site: "Site", browser: Browser) -> None:
    with Ward(site, 1) as ward:
        ward.high = True
        with opened(browser, ward, "view") as page:
            page.get_by_role("link", name="Bed 1").click()
            page.wait_for_selector(".alarms li")
            wait(page, "document.querySelectorAll('.trends svg').length === 4")
            assert not page.get_by_role("button", name="Acknowledge alarms").is_visible()


SOUNDS = """async () => {
  const { Sound } = await import("/sound.js");
  const bursts = [];
  class Quiet extends Sound { burst() { bursts.push(this.priority); } }
  const sound = new Quiet();
  sound.context = { close() {} };
  for (const priority of ["medium", "medium", "", "medium", "high", "medium", ""]) sound.tell(priority);
  sound.turn();
  return bursts;
}"""


def test_the_tone_begins_with_each_change_of_what_sounds(site: "Site", browser: Browser) -> None:
    with Ward(site, 1) as ward, opened(browser, ward) as page:
        assert page.evaluate(SOUNDS) == ["medium", "medium", "high", "medium"]


def test_a_full_disk_is_said_on_every_view(site: "Site", browser: Browser) -> None:
    site.desk.health = lambda: {"ok": False, "reasons": ["nothing is kept on disk: No space left on device"]}
    with Ward(site, 2) as ward, opened(browser, ward, "view") as page:
        wait(page, "document.querySelector('#trouble').textContent.startsWith('Station: nothing is kept on disk')")
        assert page.get_by_role("alert").is_visible()
        page.get_by_role("link", name="Bed 2").click()
        page.wait_for_selector(".bed")
        assert page.get_by_role("alert").is_visible()
        site.desk.health = lambda: {"ok": True, "reasons": []}
        wait(page, "document.querySelector('#trouble').textContent === ''")
