"""Sessions and rates: how long they last, how many there are, what they give away."""

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.station.web.accounts import Account, Role
from wardwatch.station.web.limits import MOST as MOST_ADDRESSES
from wardwatch.station.web.limits import RateLimit
from wardwatch.station.web.sessions import IDLE, MOST, WHOLE, Sessions

NURSE = Account("nurse", Role.CLINICAL, "secret")


def test_a_session_is_found_by_its_token_only() -> None:
    sessions = Sessions()
    token = sessions.begin(NURSE, 0.0)
    found = sessions.find(token, 1.0)
    assert found is not None
    assert found.account == NURSE
    assert sessions.find(token[:-1], 1.0) is None
    assert sessions.find("", 1.0) is None
    assert token not in repr(sessions)


def test_it_ends_when_unused() -> None:
    sessions = Sessions()
    token = sessions.begin(NURSE, 0.0)
    assert sessions.find(token, IDLE) is not None
    assert sessions.find(token, 2 * IDLE) is not None
    assert sessions.find(token, 3 * IDLE + 1) is None
    assert len(sessions) == 0


def test_it_ends_after_a_shift_however_much_it_is_used() -> None:
    sessions = Sessions()
    token = sessions.begin(NURSE, 0.0)
    now = 0.0
    while now + IDLE <= WHOLE:
        now += IDLE
        assert sessions.find(token, now) is not None
    assert sessions.find(token, WHOLE + 1) is None


def test_it_ends_when_signed_out() -> None:
    sessions = Sessions()
    token = sessions.begin(NURSE, 0.0)
    sessions.end(token)
    assert sessions.find(token, 0.0) is None
    sessions.end(token)


def test_there_are_never_too_many_and_the_idlest_goes() -> None:
    sessions = Sessions()
    first = sessions.begin(NURSE, 0.0)
    second = sessions.begin(NURSE, 1.0)
    sessions.find(first, 2.0)
    for _ in range(MOST - 1):
        sessions.begin(NURSE, 3.0)
    assert len(sessions) == MOST
    assert sessions.find(second, 4.0) is None
    assert sessions.find(first, 4.0) is not None


def test_only_the_page_of_the_session_knows_its_csrf_token() -> None:
    sessions = Sessions()
    one = sessions.find(sessions.begin(NURSE, 0.0), 0.0)
    other = sessions.find(sessions.begin(NURSE, 0.0), 0.0)
    assert one
    assert other
    assert one.owns(one.csrf)
    assert not one.owns(other.csrf)
    assert not one.owns("")
    assert not one.owns("\ud800")


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    limit = RateLimit(rate=0.5, burst=3)
    assert [limit.allows("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.wait("a") == 2
    assert limit.allows("b", 0.0)
    assert not limit.allows("a", 1.9)
    assert limit.allows("a", 2.1)
    assert not limit.allows("a", 2.2)


@given(st.lists(st.floats(0, 100), max_size=60))
def test_never_more_than_the_rate_allows(times: list[float]) -> None:
    limit = RateLimit(rate=0.2, burst=4)
    times.sort()
    allowed = [now for now in times if limit.allows("a", now)]
    for index, begin in enumerate(allowed):
        within = [now for now in allowed[index:] if now - begin <= 10]
        assert len(within) <= 4 + 0.2 * 10 + 1e-6


def test_many_addresses_take_bounded_memory() -> None:
    limit = RateLimit(rate=1, burst=1)
    limit.allows("busy", 0.0)
    for number in range(MOST_ADDRESSES + 10):
        limit.allows(str(number), 0.0)
        assert not limit.allows("busy", 0.0)
    assert len(limit._left) == MOST_ADDRESSES
    assert limit.allows("0", 0.0)
