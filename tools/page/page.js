// SPDX-License-Identifier: GPL-2.0
//
// Names on this page are chosen by the processes that bear them: they are put in as
// text, never as markup.
"use strict";

const PERIOD_MS = 5000;
const POINTS = 720; // an hour
const points = [];

const $ = id => document.getElementById(id);

function bytes(n)
{
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let i = 0;

	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

function limit(value)
{
	return value === "unlimited" ? value : bytes(value);
}

function cell(content, numeric)
{
	const td = document.createElement("td");

	td.append(content ?? "-");
	if (numeric)
		td.className = "n";
	return td;
}

// With a meter for those whom a limit holds
function used(holder)
{
	const meter = document.createElement("meter");

	if (holder.capable)
		return "has CAP_IPC_LOCK";
	if (holder.limit === "unlimited")
		return "-";
	meter.max = 1;
	meter.high = 0.8;
	meter.value = holder.limit ? holder.vmlck / holder.limit : 1;
	meter.title = `${Math.round(100 * meter.value)} %`;
	return meter;
}

function rows(id, list, cells)
{
	$(id).replaceChildren(...list.map(item => {
		const tr = document.createElement("tr");

		tr.append(...cells(item));
		return tr;
	}));
	$(id).closest("table").hidden = !list.length;
	$(`${id}-none`).hidden = list.length > 0;
}

function draw()
{
	const most = Math.max(...points.map(point => point.bytes), 1);
	const first = points[0].time, span = Math.max(Date.now() - first, 1);
	const line = points.map(point =>
		`${(600 * (point.time - first) / span).toFixed(1)} ${(138 - 130 * point.bytes / most).toFixed(1)}`)
		.join(" L ");

	document.querySelector("#chart .line").setAttribute("d", `M ${line}`);
	document.querySelector("#chart .area").setAttribute("d", `M 0 140 L ${line} L 600 140 Z`);
	$("chart-from").textContent = new Date(first).toLocaleTimeString();
	$("chart-range").textContent = `0 to ${bytes(most)}`;
}

function show(state)
{
	const { machine } = state;

	$("about").textContent = `${state.version}, ${state.source}, tier ${state.tier}; ` +
		`${state.records.hooks_attached} hooks attached, ${state.records.hooks_failed} not` +
		(state.blind ? `; not seen: ${state.blind}` : "");
	$("vmlck").textContent = bytes(machine.vmlck);
	$("vmpin").textContent = bytes(machine.vmpin);
	$("mlocked").textContent = bytes(machine.mlocked);
	$("holders-n").textContent = machine.holders;
	$("refused").textContent = state.refusals.reduce((sum, refusal) => sum + refusal.count, 0);
	rows("holders", state.holders, holder => [
		cell(holder.pid, true), cell(holder.comm), cell(holder.unit), cell(holder.uid, true),
		cell(bytes(holder.vmlck), true), cell(bytes(holder.vmpin), true),
		cell(limit(holder.limit), true), cell(used(holder)),
	]);
	rows("refusals", state.refusals.sort((a, b) => b.count - a.count), refusal => [
		cell(refusal.op), cell(refusal.counter), cell(refusal.cause), cell(refusal.group),
		cell(refusal.count, true),
	]);
	rows("users", state.users.filter(user => user.charged || user.perf || user.shm), user => [
		cell(user.user), cell(bytes(user.charged), true),
		cell(user.perf === null ? null : bytes(user.perf), true), cell(bytes(user.shm), true),
		cell(limit(user.limit), true),
	]);
	points.push({ time: Date.now(), bytes: machine.vmlck });
	if (points.length > POINTS)
		points.shift();
	draw();
}

async function look()
{
	try {
		const answer = await fetch("api/state");

		if (!answer.ok)
			throw new Error((await answer.text()).trim());
		show(await answer.json());
		$("problem").hidden = true;
	} catch (error) {
		$("problem").textContent = `No news: ${error.message}`;
		$("problem").hidden = false;
	}
}

// Who is not looked at need not look.
setInterval(() => document.hidden || look(), PERIOD_MS);
look();
