// SPDX-License-Identifier: GPL-2.0
//
// What was locked over time, and when something was refused. Drawn anew for each look, in the
// pixels that there are, so that text and lines keep their size.
import { bytes } from "./units.js";

const LEAST_SPAN_MS = 60000;
const LEFT = 66, TOP = 10, BOTTOM = 22;
const svg = document.getElementById("chart");
const reading = document.getElementById("chart-reading");
let points = [];
let chosen = -1; // the point under the cursor

function shape(name, attributes, text)
{
	const made = document.createElementNS("http://www.w3.org/2000/svg", name);

	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	if (text !== undefined)
		made.textContent = text;
	return made;
}

// The least power of two, or one and a half of it, that is no less
function roundUp(n)
{
	const power = 2 ** Math.floor(Math.log2(Math.max(n, 4096)));

	return [power, 1.5 * power, 2 * power].find(top => top >= n);
}

function ago(ms)
{
	const seconds = Math.round(ms / 1000);

	return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}

function scales()
{
	const { clientWidth: width, clientHeight: height } = svg;
	const end = points.at(-1).time;
	const span = Math.max(end - points[0].time, LEAST_SPAN_MS);
	const top = roundUp(Math.max(...points.map(point => point.locked)));

	return {
		width, height, span, top,
		x: time => width - 4 - (width - 4 - LEFT) * (end - time) / span,
		y: value => height - BOTTOM - (height - BOTTOM - TOP) * value / top,
	};
}

function frame({ width, height, span, top, y })
{
	const lines = [0, top / 2, top].flatMap(value => [
		shape("line", { class: "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
		shape("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, bytes(value)),
	]);

	return [...lines, shape("text", { x: LEFT, y: height - 5 }, ago(span)),
		shape("text", { x: (LEFT + width) / 2, y: height - 5, "text-anchor": "middle" }, ago(span / 2)),
		shape("text", { x: width - 4, y: height - 5, "text-anchor": "end" }, "now")];
}

function curve({ x, y })
{
	const line = points.map(({ time, locked }) => `${x(time).toFixed(1)} ${y(locked).toFixed(1)}`)
		.join(" L ");
	const from = `${x(points[0].time).toFixed(1)} ${y(0)}`;
	const to = `${x(points.at(-1).time).toFixed(1)} ${y(0)}`;

	return [
		shape("path", { class: "area", d: `M ${from} L ${line} L ${to} Z` }),
		shape("path", { class: "line", d: `M ${line}` }),
		...points.filter(point => point.refused).map(point => shape("line", {
			class: "refusals", x1: x(point.time), x2: x(point.time), y1: y(0), y2: y(0) - 12,
		})),
	];
}

function cursor({ x, y })
{
	const point = points[chosen] ?? points.at(-1);
	const dot = shape("circle", { class: "dot", cx: x(point.time), cy: y(point.locked), r: 4 });

	reading.textContent = `${new Date(point.time).toLocaleTimeString()}: ${bytes(point.locked)}` +
		(point.refused ? `, ${point.refused} refused` : "");
	return chosen < 0 ? [dot] : [shape("line", {
		class: "cursor", x1: x(point.time), x2: x(point.time), y1: TOP, y2: y(0),
	}), dot];
}

function describe()
{
	const values = points.map(point => point.locked);

	svg.setAttribute("aria-label", `Locked bytes over time: ${bytes(values.at(-1))} now, ` +
		`between ${bytes(Math.min(...values))} and ${bytes(Math.max(...values))} since ` +
		`${new Date(points[0].time).toLocaleTimeString()}`);
}

export function draw(newPoints = points)
{
	points = newPoints;
	if (!points.length || !svg.clientWidth)
		return;

	const scale = scales();

	svg.replaceChildren(...frame(scale), ...curve(scale), ...cursor(scale));
	describe();
}

function choose(index)
{
	chosen = Math.min(Math.max(index, -1), points.length - 1);
	draw();
}

function nearest(event)
{
	const { x } = scales(), at = event.clientX - svg.getBoundingClientRect().left;
	const distances = points.map(point => Math.abs(x(point.time) - at));

	return distances.indexOf(Math.min(...distances));
}

svg.addEventListener("pointermove", event => points.length && choose(nearest(event)));
svg.addEventListener("pointerleave", () => choose(-1));
svg.addEventListener("blur", () => choose(-1));
svg.addEventListener("focus", () => {
	if (svg.matches(":focus-visible"))
		reading.setAttribute("aria-live", "polite");
});
svg.addEventListener("keydown", event => {
	const last = points.length - 1, from = chosen < 0 ? last : chosen;
	const to = { ArrowLeft: Math.max(from - 1, 0), ArrowRight: from + 1, Home: 0, End: last }[event.key];

	if (to === undefined)
		return;
	event.preventDefault();
	choose(to);
});
window.addEventListener("resize", () => draw());
