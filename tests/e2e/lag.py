"""Measures how late this machine's scheduler alone wakes a sleeping process: `python lag.py` until stdin closes.

Prints the longest lateness in seconds of every quarter of a second, with the monotonic time at its end.
"""

import select
import sys
import time

STEP_S = 0.002
SPAN_S = 0.25


def longest_lateness(until_s: float) -> float:
    longest_s = 0.0
    while (before_s := time.monotonic()) < until_s:
        time.sleep(STEP_S)
        longest_s = max(longest_s, time.monotonic() - before_s - STEP_S)
    return longest_s


if __name__ == "__main__":
    while not select.select([sys.stdin], [], [], 0)[0]:
        lateness_s = longest_lateness(time.monotonic() + SPAN_S)
        print(time.monotonic(), lateness_s, flush=True)
