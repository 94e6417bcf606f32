"""Reads an interval log with HdrHistogram's own reader.

    python3 benches/peers/read_hlog.py run.hlog

Prints, for each tag, how many values all of its rows hold and their percentiles in nanoseconds, as JSON.
"""

import json
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

AN_HOUR = 3_600_000_000_000


def main(path):
    sums = {}
    reader = HistogramLogReader(path, HdrHistogram(1, AN_HOUR, 3))
    while (row := reader.get_next_interval_histogram()) is not None:
        sums.setdefault(row.get_tag(), HdrHistogram(1, AN_HOUR, 3)).add(row)
    percentiles = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
    values = lambda sum: {name: sum.get_value_at_percentile(at) for name, at in percentiles.items()}
    print(json.dumps({tag: {"count": sum.get_total_count(), **values(sum)} for tag, sum in sums.items()}))


main(sys.argv[1])
