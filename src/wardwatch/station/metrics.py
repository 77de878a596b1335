"""In: a running station. Out: its numbers in the text format of Prometheus (exposition format 0.0.4), without patients.

Beds are not labels: their names would become time series, and what they tell belongs to those who may see patients.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from .health import OK, health
from .words import Priority, Truth

if TYPE_CHECKING:
    from .station import Station

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class StationCollector(Collector):
    """Reads the station when asked; keeps nothing."""

    def __init__(self, station: "Station") -> None:
        self._station = station

    def collect(self) -> Iterable[Metric]:
        """Every metric."""
        yield from _reception(self._station)
        yield from _bedside(self._station)
        yield from _keeping(self._station)
        yield from _forwarding(self._station)


def render(station: "Station") -> bytes:
    """What a metrics endpoint answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StationCollector(station))
    return generate_latest(registry)


def _counter(name: str, about: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"wardwatch_{name}", about, value=value)


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"wardwatch_{name}", about, value=value)


def _reception(station: "Station") -> Iterator[Metric]:
    counts, refusals = station.hub.counts, station.receiver.refusals
    yield _gauge("healthy", "1 where everything works as it should", float(health(station).state == OK))
    yield _gauge("connections", "Connections that are open", len(station.receiver.connections))
    yield _counter("sets", "Sets received", counts.sets)
    yield _counter("messages", "HL7 messages received", counts.messages)
    yield _counter("received_bytes", "Bytes of sets and messages received", counts.bytes)
    yield _counter("skipped_bytes", "Bytes received that belong to no block", counts.skipped)
    yield _counter("unclosed_sets", "Sets whose end was never seen", counts.unclosed)
    yield _counter("unknown_blocks", "Blocks of a type or layout that is not publicly known", counts.unknown)
    refused = CounterMetricFamily("wardwatch_refused_connections", "Connections ended by the station", labels=["why"])
    for why in ("address", "total", "silent", "no_set", "faults"):
        refused.add_metric([why], getattr(refusals, why))
    yield refused
    delay = station.delay
    yield HistogramMetricFamily(
        "wardwatch_set_seconds", "Seconds from the receipt of a set to its being handed on", buckets=delay.buckets(),
        sum_value=delay.total,
    )  # fmt: skip


def _bedside(station: "Station") -> Iterator[Metric]:
    views = station.live.places()
    places = GaugeMetricFamily("wardwatch_places", "Beds and monitors without one", labels=["kind", "state"])
    alarms = GaugeMetricFamily("wardwatch_alarms", "Alarm conditions that hold", labels=["priority"])
    marks = GaugeMetricFamily("wardwatch_truth_marks", "Displayed numbers by their truth mark", labels=["state"])
    for key in sorted({(str(view.kind), str(view.state)) for view in views}):
        places.add_metric(list(key), sum((str(view.kind), str(view.state)) == key for view in views))
    for priority in Priority:
        count = sum(alarm.priority is priority for view in views for alarm in view.alarms)
        alarms.add_metric([priority.name.lower()], count)
    for state in Truth:
        told = (number.mark for view in views for number in view.numbers.values())
        marks.add_metric([str(state)], sum(mark is not None and mark.state is state for mark in told))
    yield from (places, alarms, marks)
    yield _gauge("subscribers", "Readers of the live view", len(station.live.subscribers))
    dropped = sum(each.dropped for each in station.live.subscribers)
    yield _gauge("dropped_updates", "Updates that readers connected now were too slow for", dropped)


def _keeping(station: "Station") -> Iterator[Metric]:
    if station.writer is None:
        return
    status = station.writer.status
    yield _gauge("keeping_works", "1 where received sets reach the disk", float(not status.trouble))
    yield _counter("kept_sets", "Sets and messages on disk", status.sets)
    yield _counter("lost_sets", "Sets and messages that could not be kept", status.lost_sets)
    yield _counter("kept_bytes", "Bytes written to disk", status.bytes)
    yield _counter("keeping_failures", "Times the disk took nothing", status.failures)
    yield _counter("removed_segments", "Segments that retention removed", status.removed)


def _forwarding(station: "Station") -> Iterator[Metric]:
    waiting = GaugeMetricFamily("wardwatch_forward_waiting", "Messages that wait for a receiver", labels=["to"])
    sent = CounterMetricFamily("wardwatch_forward_messages", "Messages by outcome", labels=["to", "outcome"])
    for forwarder in station.forwarders:
        name, status = forwarder.settings.name, forwarder.status
        waiting.add_metric([name], len(forwarder.spool))
        for outcome in ("taken", "refused", "failures", "not_spooled"):
            sent.add_metric([name, outcome], getattr(status, outcome))
        sent.add_metric([name, "dropped"], forwarder.spool.dropped)
    yield from (waiting, sent)
