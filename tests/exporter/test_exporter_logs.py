"""The log collector against the embedded AWS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from exporter.collectors.log_events import filter_pattern, word_pattern
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench, compressed, only

FN = "lambda_router"
GROUP = f"/aws/lambda/{FN}"
PROCESSED = ("log_events_total", "processed", FN)
FAILED = ("log_events_total", "failed", FN)


@pytest.fixture
def group(aws: EmbeddedAws) -> str:
    """An existing log group."""
    aws.client("logs").create_log_group(logGroupName=GROUP)
    return GROUP


def test_first_start_counts_from_now_on(bench: Bench, aws: EmbeddedAws, group: str) -> None:
    """What was logged before the first look is not counted; what never matched says so."""
    aws.logs.put(group, "a", bench.clock.at - 1, "PROCESSED early")
    found = bench.collect("logs")
    assert found[PROCESSED] == 0.0
    assert found["log_pattern_never_matched", "processed", FN] == 1.0
    aws.logs.put(group, "a", bench.clock.at + 1, "PROCESSED one")
    bench.clock.at += 5
    found = bench.collect("logs")
    assert found[PROCESSED] == 1.0
    assert found["log_pattern_never_matched", "processed", FN] == 0.0


def test_words_are_whole(bench: Bench, aws: EmbeddedAws, group: str) -> None:
    """PROCESSED is not UNPROCESSED, though the service matches inside words."""
    bench.collect("logs")
    for message in ("UNPROCESSED a", "PROCESSED_LATER b", "[PROCESSED] c", "PROCESSED FAILED"):
        aws.logs.put(group, "a", bench.clock.at, message)
    bench.clock.at += 5
    found = bench.collect("logs")
    assert found[PROCESSED] == 2.0
    assert found[FAILED] == 1.0


def test_each_event_once_across_restarts_and_late_arrivals(
    bench: Bench, aws: EmbeddedAws, group: str
) -> None:
    """Overlapping windows, restarts and interleaved late streams count each event once."""
    bench.collect("logs")
    start = bench.clock.at
    for step in range(8):
        for stream in "abc":
            aws.logs.put(group, stream, bench.clock.at + 0.1, "PROCESSED same text")
        # A stream that is delivered late, within the overlap.
        aws.logs.put(group, "late", max(start, bench.clock.at - 20), "PROCESSED late")
        bench.clock.at += 5
        bench.restart()
        assert bench.collect("logs")[PROCESSED] == 4.0 * (step + 1)
    bench.restart()
    assert bench.collect("logs")[PROCESSED] == 32.0


def test_empty_pages_with_a_token_are_followed(bench: Bench, aws: EmbeddedAws, group: str) -> None:
    """Only the absence of a token ends the reading."""
    bench.collect("logs")
    aws.logs.scan_limit = 10
    for step in range(95):
        message = "PROCESSED at last" if step == 94 else "noise"
        aws.logs.put(group, "a", bench.clock.at + step / 100, message)
    bench.clock.at += 5
    assert bench.collect("logs")[PROCESSED] == 1.0
    assert aws.front.count("logs", "FilterLogEvents") > 9


def test_outage_is_read_in_pieces(bench: Bench, aws: EmbeddedAws, group: str) -> None:
    """Hours without the exporter are read afterwards, none of it twice."""
    bench.inventory = only(compressed(backfill=86_400.0), FN)
    bench.collect("logs")
    for _ in range(60):
        aws.logs.put(group, "a", bench.clock.at, "PROCESSED")
        bench.clock.at += 240
    bench.restart()
    assert bench.collect("logs")[PROCESSED] == 60.0
    assert bench.collect("logs")[PROCESSED] == 60.0


def test_wider_overlap_counts_nothing_twice(bench: Bench, aws: EmbeddedAws, group: str) -> None:
    """After a reload with a longer overlap, forgotten events are not read again."""
    bench.collect("logs")
    aws.logs.put(group, "a", bench.clock.at, "PROCESSED")
    for _ in range(10):
        bench.clock.at += 5
        bench.collect("logs")
    bench.inventory = only(compressed(logs_overlap=300.0), FN)
    bench.clock.at += 5
    assert bench.collect("logs")[PROCESSED] == 1.0


def test_missing_group_lowers_coverage_until_it_appears(bench: Bench, aws: EmbeddedAws) -> None:
    """A group that does not exist is not an error, and loses nothing once it does."""
    reading = bench.reading("logs")
    assert (reading.seen, reading.expected) == (0, 1)
    aws.client("logs").create_log_group(logGroupName=GROUP)
    aws.logs.put(GROUP, "a", bench.clock.at + 1, "PROCESSED")
    bench.clock.at += 60
    assert bench.collect("logs")[PROCESSED] == 1.0


def test_failed_page_commits_nothing(bench: Bench, aws: EmbeddedAws, group: str) -> None:
    """A run that fails in the middle of the pages counts nothing, the next one counts all."""
    bench.collect("logs")
    aws.logs.scan_limit = 3
    for step in range(9):
        aws.logs.put(group, "a", bench.clock.at + step / 10, "PROCESSED")
    bench.clock.at += 5
    bench.seconds = 30
    aws.front.fail("logs", "FilterLogEvents", code="AccessDeniedException", status=400)
    with pytest.raises(ClientError):
        bench.collect("logs")
    aws.front.heal()
    assert bench.collect("logs")[PROCESSED] == 9.0


def test_security_events_of_every_function(bench: Bench, aws: EmbeddedAws) -> None:
    """The shipped inventory counts security events in each function's group, by function."""
    bench.inventory = compressed()
    names = bench.inventory.function_names
    for name in names:
        aws.client("logs").create_log_group(logGroupName=bench.inventory.function(name).log_group)
    found = bench.collect("logs")
    assert all(found["log_pattern_never_matched", "security", name] == 1.0 for name in names)
    for times, name in enumerate(names):
        for _ in range(times):
            group = bench.inventory.function(name).log_group
            aws.logs.put(group, "a", bench.clock.at + 1, "SECURITY login refused")
            aws.logs.put(group, "a", bench.clock.at + 1, "INSECURITY is another word")
    bench.clock.at += 5
    found = bench.collect("logs")
    for times, name in enumerate(names):
        assert found["log_events_total", "security", name] == float(times)
        assert found["log_pattern_never_matched", "security", name] == float(times == 0)


@given(st.text(min_size=1, max_size=8), st.text(max_size=4), st.text(max_size=4))
def test_word_stands_alone(word: str, before: str, after: str) -> None:
    """A word is found between spaces, and not with a letter or digit on either side."""
    pattern = word_pattern(word)
    assert pattern.search(f"{before} {word} {after}")
    assert not pattern.search(f"x{word}") or word in f"x{word}"[:-1]


def test_filter_pattern_asks_for_any_word() -> None:
    """One call asks for all words; a phrase is quoted."""
    assert filter_pattern(["ERROR", "FAILED"]) == "?ERROR ?FAILED"
    assert filter_pattern(["OUT OF DISK"]) == '?"OUT OF DISK"'


def test_numbers_that_events_tell_are_added_up(bench: Bench, aws: EmbeddedAws) -> None:
    """Milliseconds of cold starts become seconds, once each, also across a restart."""
    aws.client("logs").create_log_group(logGroupName=GROUP)
    bench.collect("logs")
    for text in ("Init Duration: 250.50 ms", "Init Duration: 749.5 ms", "Init Duration: much"):
        aws.logs.put(GROUP, "stream", bench.clock.at, f"REPORT RequestId: 1 {text}")
    for _ in range(3):
        bench.clock.at += 5
        bench.restart()
        found = bench.collect("logs")
    assert found["log_events_total", "cold_start", FN] == 3.0
    assert found["log_event_amount_total", "cold_start", FN] == pytest.approx(1.0)
    assert ("log_event_amount_total", "processed", FN) not in found
