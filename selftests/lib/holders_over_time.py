#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Usage: holders_over_time.py run SECONDS COMMAND...
       holders_over_time.py compare BEFORE AFTER BOOKS <ANSWER

What Prometheus has of locked memory beside what /proc said at that time.

`run` starts COMMAND with a number of pages again and again, which locks them, prints a line and
stays, and ends the oldest; one at a time. Of each change it prints when it began, when it was over
and the sum of VmLck of all of them then, in bytes. After so many seconds it says "done", and keeps
the rest until it is ended itself.

`compare` reads what Prometheus answered to a query for a range. Each of its samples has to be one
of the sums that there were between BEFORE seconds before it and AFTER seconds after it. Prints how
many samples were compared, and of how many of these there was only one such sum.
"""
import itertools
import json
import signal
import subprocess
import sys
import time

MOST = 12
# How long it stays as it is: shorter than the time between two scrapes, and longer
PAUSES = 0.3, 0.3, 2.5
PAGES = 1, 12, 45, 3, 78


def vmlck(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmLck:"))


def start(command, pages):
    holder = subprocess.Popen([*command, str(pages)], stdout=subprocess.PIPE)
    holder.stdout.readline()
    return holder


def end(holder):
    holder.kill()
    holder.wait()


def run(seconds, *command):
    holders, until = [], time.time() + float(seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        for pages, pause in zip(itertools.cycle(PAGES), itertools.cycle(PAUSES)):
            if time.time() > until:
                break
            began = time.time()
            if len(holders) == MOST:
                end(holders.pop(0))
            else:
                holders.append(start(command, pages))
            print(began, time.time(), sum(vmlck(holder.pid) for holder in holders), flush=True)
            time.sleep(pause)
        print("done", len(holders), flush=True)
        signal.pause()
    finally:
        for holder in holders:
            end(holder)


def compare(before, after, books):
    with open(books, encoding="ascii") as file:
        changes = [tuple(map(float, line.split())) for line in file if not line.startswith("done")]
    # A sum is there from the beginning of the change that makes it to the end of the next one.
    gone = [over for _, over, _ in changes[1:]] + [float("inf")]
    compared, single, wrong = 0, 0, []
    for series in json.load(sys.stdin)["data"]["result"]:
        for when, value in series["values"]:
            first, last = when - float(before), when + float(after)
            sums = {total for (began, _, total), over in zip(changes, gone)
                    if began <= last and over >= first}
            if first < changes[0][0]:
                continue
            compared += 1
            single += len(sums) == 1
            if float(value) not in sums:
                wrong.append(f"{value} at {when}, and /proc had {sorted(sums)}")
    print(f"{compared} compared, {single} of these to a single sum", *wrong, sep="\n")
    sys.exit(bool(wrong) or not compared)


{"run": run, "compare": compare}[sys.argv[1]](*sys.argv[2:])
