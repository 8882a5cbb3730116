#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Usage: vmlck_over_time.py sample NAME
       vmlck_over_time.py compare all|named BEFORE AFTER SAMPLES <ANSWER

What Prometheus has of locked memory beside what /proc says at the same time.

`sample` prints a line after each look at all processes: when it began and ended, the sum of their
VmLck in bytes, and that of those called NAME.

`compare` reads what Prometheus answered to a query for a range. Each of its samples has to be what
/proc said between BEFORE seconds before it and AFTER seconds after it: the very figure if that
stood still meanwhile, else one between the least and the largest. Prints how many were compared
and how many of these to a figure that stood still; fails if there was none of these.
"""
import glob
import json
import os
import sys
import time


def vmlck(status):
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return fields.get("Name"), int(fields.get("VmLck", "0 kB").split()[0]) * 1024


def look(wanted):
    everybody = named = 0
    for path in glob.iglob("/proc/[0-9]*"):
        try:
            # What even root may not look into, eBPF does not see either.
            os.readlink(f"{path}/ns/pid")
            with open(f"{path}/status", encoding="utf-8", errors="replace") as file:
                name, locked = vmlck(file.read())
        except OSError:
            continue
        everybody += locked
        named += locked if name == wanted else 0
    return everybody, named


def sample(name):
    while True:
        began = time.time()
        everybody, named = look(name)
        print(began, time.time(), everybody, named, flush=True)
        time.sleep(0.15)


def around(seen, begin, end):
    """What was seen from before `begin` to after `end`."""
    first = max((i for i, (_, ended, *_) in enumerate(seen) if ended <= begin), default=None)
    last = min((i for i, (began, *_) in enumerate(seen) if began >= end), default=None)
    return [] if first is None or last is None else seen[first:last + 1]


def compare(which, before, after, samples):
    with open(samples, encoding="ascii") as file:
        seen = [tuple(map(float, line.split())) for line in file if line.endswith("\n")]
    column = {"all": 2, "named": 3}[which]
    compared, still, wrong = 0, 0, []
    for series in json.load(sys.stdin)["data"]["result"]:
        for when, value in series["values"]:
            figures = [line[column] for line in around(seen, when - float(before), when + float(after))]
            if not figures:
                continue
            compared += 1
            still += min(figures) == max(figures)
            if not min(figures) <= float(value) <= max(figures):
                wrong.append(f"{value} at {when}, and /proc had from {min(figures)} to {max(figures)}")
    print(f"{compared} compared, {still} of these to a figure that stood still", *wrong, sep="\n")
    sys.exit(bool(wrong) or not still)


{"sample": sample, "compare": compare}[sys.argv[1]](*sys.argv[2:])
