#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Usage: kmod_metrics.py BEFORE AFTER

Compares by how much the exporter's metrics grew with by how much the kernel module's own figures
did. Both folders have a scrape, `metrics`, and the module's files counts, latency and stats.
Prints what differs, and fails if anything does or if nothing grew.
"""
import collections
import os
import re
import sys

CGROUPS = "/sys/fs/cgroup"


def table(folder, name):
    """Rows by their words; the figures of each."""
    with open(f"{folder}/{name}") as file:
        head, *rows = (line.split() for line in file)
    words = sum(column in ("op", "counter", "cause", "group") for column in head)
    return {tuple(row[:words]): [int(figure) for figure in row[words:]] for row in rows}


def growth(before, after):
    """What a figure that began anew says was all added since."""
    for key, figures in after.items():
        old = before.get(key, [0] * len(figures))
        if figures[0] < old[0]:
            old = [0] * len(figures)
        yield key, [new - was for new, was in zip(figures, old)]


def group_names():
    names = {str(os.stat(CGROUPS).st_ino): "/"}
    for folder, children, _ in os.walk(CGROUPS):
        for child in children:
            path = os.path.join(folder, child)
            names[str(os.stat(path).st_ino)] = path.removeprefix(CGROUPS)
    return names


def sample(name, **labels):
    return name, tuple(sorted(item for item in labels.items() if item[1] != "-"))


def of_module(before, after):
    sums, names = collections.Counter(), group_names()
    for (op, counter, cause, group), (calls, taken, given) in growth(
            table(before, "counts"), table(after, "counts")):
        result = "ok" if cause == "ok" else "failed"
        sums[sample("calls_total", op=op, counter=counter, result=result)] += calls
        sums[sample("charged_bytes_total", op=op, counter=counter)] += taken
        sums[sample("released_bytes_total", op=op, counter=counter)] += given
        sums[sample("records_seen_total")] += calls
        if result == "failed":
            sums[sample("refusals_total", op=op, counter=counter, cause=cause,
                        group=names.get(group, "gone"))] += calls
    for (op,), (calls, sum_ns, *buckets) in growth(table(before, "latency"), table(after, "latency")):
        sums[sample("call_duration_seconds_count", op=op)] += calls
        sums[sample("call_duration_seconds_sum", op=op)] += round(sum_ns / 1e9, 9)
        below = 0
        for i, bucket in enumerate(buckets):
            below += bucket
            le = "+Inf" if i == len(buckets) - 1 else f"{2 ** (i + 7) / 1e9:.9g}"
            sums[sample("call_duration_seconds_bucket", op=op, le=le)] += below
    return sums


def scrape(folder):
    sums = collections.Counter()
    with open(f"{folder}/metrics") as file:
        for line in file:
            if found := re.fullmatch(r"mlocktrace_(\w+)(?:\{(.*)\})? (\S+)\n", line):
                name, labels, value = found.groups()
                labels = dict(re.findall(r'(\w+)="([^"]*)"', labels or ""))
                if "le" in labels and labels["le"] != "+Inf":
                    labels["le"] = f"{float(labels['le']):.9g}"
                sums[sample(name, **labels)] = float(value)
    return sums


def main():
    before, after = sys.argv[1:]
    wanted, got = of_module(before, after), scrape(after)
    got.subtract(scrape(before))
    families = {name for name, _ in wanted}
    differing = [
        f"{name} {dict(labels)}: {got[name, labels]}, not {wanted[name, labels]}"
        for name, labels in sorted(wanted.keys() | got.keys())
        if name in families and abs(wanted[name, labels] - got[name, labels]) > 1e-8
    ]
    print("\n".join(differing))
    sys.exit(bool(differing) or not any(wanted.values()))


main()
