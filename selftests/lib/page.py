#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Usage: page.py URL FOLDER COMMAND...

Opens the exporter's page in a headless browser, and prints as JSON what is there to be seen: in
light and dark colours, wide and narrow; before, while and after COMMAND runs, which locks
something; when no answer comes any more, and when one comes again; and with nothing to show.
"""
import json
import subprocess
import sys
import time
import urllib.parse

from devtools import Browser

SIZES = {"wide": (1200, 900), "narrow": (390, 844)}
LOOK = """(() => {
	const text = id => document.getElementById(id).textContent;
	const visible = element => element.checkVisibility({ checkVisibilityCSS: true });
	const table = id => [...document.getElementById(id).rows].map(row => Object.fromEntries(
		[...row.cells].map(cell => [cell.dataset.label, cell.textContent])));
	const rgb = colour => colour.match(/[0-9.]+/g).map(Number);
	const light = colour => rgb(colour).slice(0, 3).map(part => part / 255)
		.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
		.reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = element => {
		const colour = getComputedStyle(element).backgroundColor;
		return rgb(colour)[3] === 0 && element.parentElement ? behind(element.parentElement) : colour;
	};
	const contrast = element => {
		const style = getComputedStyle(element), both =
			[light(element instanceof SVGElement ? style.fill : style.color), light(behind(element))];
		return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
	};
	const written = [...document.body.querySelectorAll("*")].filter(element => visible(element) &&
		[...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
	return {
		state: document.documentElement.dataset.state, title: document.title,
		figures: Object.fromEntries(["state", "vmlck", "vmpin", "mlocked", "nearest", "refused",
			"holders-count", "problem", "notice"].map(id => [id, text(id)])),
		shown: ["problem", "notice", "holders-none", "refusals-none", "users-none"].filter(id =>
			visible(document.getElementById(id))),
		holders: table("holders"), refusals: table("refusals"), users: table("users"),
		chart: document.getElementById("chart").getAttribute("aria-label"),
		points: document.querySelector("#chart .line")?.getAttribute("d").split("L").length ?? 0,
		unnamed_meters: document.querySelectorAll("meter:not([aria-label])").length,
		background: light(behind(document.body)),
		least_contrast: Math.min(...written.map(contrast)),
		worst: written.sort((a, b) => contrast(a) - contrast(b))[0].outerHTML,
		scroll_width: document.documentElement.scrollWidth,
		markup: document.body.querySelectorAll("img, b, i, script").length,
	};
})()"""
EMPTY = {
    "version": "0", "source": "bpf", "tier": "t", "method": "proc", "blind": "processes of others",
    "machine": {"mlocked": 0, "unevictable": 0, "vmlck": 0, "vmpin": 0, "processes": 3,
                "holders": 0, "hidden": 2},
    "holders": [], "users": [], "refusals": [],
    "records": {"seen": 0, "dropped": 0, "untracked": 4, "missed": 0, "hooks_attached": 1,
                "hooks_failed": 0},
}


def wait_until(browser, condition):
    for _ in range(600):
        if browser.evaluate(condition):
            return
        time.sleep(0.05)
    raise TimeoutError(condition)


def is_in_state(state):
    return f"document.documentElement?.dataset.state === '{state}'"


def holds(pid):
    return f"document.getElementById('holders').textContent.includes('pid {pid}')"


def press(browser, key):
    for kind in "rawKeyDown", "keyUp":
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                     windowsVirtualKeyCode={"Tab": 9, "ArrowLeft": 37}[key])


def keyboard(browser):
    """What Tab comes to, and what the chart reads out before and after an arrow key."""
    met, readings = [], []
    for _ in range(3):
        press(browser, "Tab")
        met.append(browser.evaluate("document.activeElement.id || document.activeElement.textContent"))
        if met[-1] == "chart":
            for _ in range(2):
                press(browser, "ArrowLeft")
                readings.append(browser.evaluate(
                    "document.getElementById('chart-reading').textContent"))
    return {"met": met, "readings": readings}


def complaints(browser):
    return [json.dumps(event) for method in ("Runtime.exceptionThrown", "Log.entryAdded",
                                             "Runtime.consoleAPICalled") for event in browser.of(method)]


def origins(browser):
    urls = (urllib.parse.urlsplit(event["request"]["url"])
            for event in browser.of("Network.requestWillBeSent"))
    return sorted({f"{url.scheme}://{url.netloc}" for url in urls if url.scheme != "data"})


def follow(browser, command):
    """It locks something, which comes to be seen, and then goes."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as holder:
        wait_until(browser, holds(holder.pid))
        seen = browser.evaluate(LOOK)
        holder.kill()
    wait_until(browser, f"!{holds(holder.pid)}")
    return {"pid": holder.pid, "seen": seen}


def without_answers(browser):
    def offline(is_so):
        browser.call("Network.emulateNetworkConditions", offline=is_so, latency=0,
                     downloadThroughput=-1, uploadThroughput=-1)

    offline(True)
    wait_until(browser, is_in_state("lost"))
    lost = browser.evaluate(LOOK)
    offline(False)
    wait_until(browser, is_in_state("live"))
    return {"lost": lost, "again": browser.evaluate(LOOK)}


def with_nothing(browser):
    browser.evaluate(f"fetch = async () => new Response({json.dumps(json.dumps(EMPTY))}); 0")
    wait_until(browser, "!document.getElementById('holders').rows.length")
    return browser.evaluate(LOOK)


def main():
    url, folder, *command = sys.argv[1:]
    facts = {}
    with open(f"{folder}/browser.log", "w", encoding="utf-8") as log:
        browser = Browser(f"{folder}/browser", log)
        browser.show(*SIZES["wide"], "light")
        browser.call("Page.navigate", url=url)
        wait_until(browser, is_in_state("live"))
        for scheme in "light", "dark":
            for width, size in SIZES.items():
                browser.show(*size, scheme)
                seen = browser.evaluate(LOOK)
                facts[f"{scheme}_{width}"] = seen | {"sideways": seen["scroll_width"] > size[0]}
        facts["followed"] = follow(browser, command)
        facts["keyboard"] = keyboard(browser)
        facts["complaints"] = complaints(browser)
        facts["origins"] = origins(browser)
        facts |= without_answers(browser)
        facts["empty"] = with_nothing(browser)
        browser.close()
    json.dump(facts, sys.stdout)


main()
