// SPDX-License-Identifier: GPL-2.0
//
// Asks the exporter again and again, and shows what it says. Names on this page are chosen by the
// processes that bear them: they are put in as text, never as markup.
import { draw } from "./chart.js";
import { bytes, limit } from "./units.js";

const PERIOD_MS = 2000;
const PATIENCE_MS = 15000;
const MOST_POINTS = 1800; // an hour
const NEAR = 0.8;
const points = [];
const $ = id => document.getElementById(id);
const count = new Intl.NumberFormat("en").format;

let refusedFirst = null; // per row, when this page was opened
let refusedBefore = 0; // at the last look
let lostSince = null;

function element(name, content, className)
{
	const made = document.createElement(name);

	made.append(...[content ?? []].flat());
	if (className)
		made.className = className;
	return made;
}

// cells: [label, content, class]
function row(cells)
{
	const tr = element("tr");

	tr.setAttribute("role", "row");
	tr.append(...cells.map(([label, content, className]) => {
		const td = element("td", content, className);

		td.setAttribute("role", "cell");
		td.dataset.label = label;
		return td;
	}));
	return tr;
}

function rows(id, list, cells)
{
	$(id).replaceChildren(...list.map(item => row(cells(item))));
	$(id).closest("table").hidden = !list.length;
	$(`${id}-none`).hidden = list.length > 0;
}

// ---- what is known of one ----

// The part of its limit that a holder uses; null = no limit holds for it
function part(holder)
{
	if (holder.capable || holder.limit === "unlimited")
		return null;
	return holder.limit ? holder.vmlck / holder.limit : 1;
}

function used(holder)
{
	const meter = element("meter"), is = part(holder);
	const left = Math.max(holder.limit - holder.vmlck, 0);

	if (is === null)
		return element("span", holder.capable ? "none: has CAP_IPC_LOCK" : "none: unlimited", "word");
	meter.max = 1;
	meter.high = NEAR;
	meter.optimum = 0;
	meter.value = Math.min(is, 1);
	meter.setAttribute("aria-label", `${Math.round(100 * is)} % of its limit`);
	return element("div", [meter, element("span",
		`${Math.round(100 * is)} % of ${bytes(holder.limit)}, ${bytes(left)} left`,
		is > NEAR ? "word alarm" : "word")]);
}

function holderCells(holder)
{
	return [
		["Process", element("span", [holder.comm, element("span", ` pid ${holder.pid}` +
			(holder.shares ? ", shares memory with one above" : ""), "word")]), "wide title"],
		["Unit", holder.unit, "wide name"],
		["Uid", holder.uid, "n"],
		["Locked", bytes(holder.vmlck), "n"],
		["Pinned", bytes(holder.vmpin), "n"],
		["Of its limit", used(holder), "wide"],
	];
}

function refusalKey(refusal)
{
	return JSON.stringify([refusal.cause, refusal.op, refusal.counter, refusal.group]);
}

function sinceOpened(refusal)
{
	return refusal.count - (refusedFirst.get(refusalKey(refusal)) ?? 0);
}

// The commonest causes first, each explained once
function byCause(refusals)
{
	const sums = new Map();

	for (const { cause, count: n } of refusals)
		sums.set(cause, (sums.get(cause) ?? 0) + n);
	return refusals.sort((a, b) => sums.get(b.cause) - sums.get(a.cause) ||
		a.cause.localeCompare(b.cause) || b.count - a.count)
		.map((refusal, i, all) => refusal.cause === all[i - 1]?.cause ?
			{ ...refusal, means: null } : refusal);
}

function refusalCells(refusal)
{
	const more = sinceOpened(refusal);

	return [
		["Cause", element("span", [refusal.cause, element("span", refusal.means, "word")]), "wide title"],
		["Call", refusal.op, "key"],
		["Counter", refusal.counter, "key"],
		["Group", refusal.group, "name"],
		["Count", count(refusal.count), "n"],
		["New", element("span", more ? `+${count(more)}` : "0", more ? "alarm" : "word"), "n"],
	];
}

function userCells(user)
{
	return [
		["Uid", user.user], ["user", bytes(user.charged), "n"],
		["perf", user.perf === null ? null : bytes(user.perf), "n"],
		["shm", bytes(user.shm), "n"],
		["Limit", limit(user.limit), "n"],
	];
}

// ---- the whole ----

function notices({ machine, records, blind })
{
	const counted = records.dropped + records.untracked + records.missed;

	return [
		blind && `Not seen: ${blind}.`,
		machine.hidden && `${count(machine.hidden)} processes are hidden from the exporter: ` +
			"it lacks the privilege to look at them.",
		records.hooks_failed && `${count(records.hooks_failed)} places in the kernel could not be ` +
			"listened to; mlocktrace doctor says which.",
		counted && `${count(counted)} calls could not be counted.`,
	].filter(Boolean);
}

function showFigures({ machine, holders, refusals })
{
	const refused = refusals.reduce((sum, refusal) => sum + refusal.count, 0);
	const more = refusals.reduce((sum, refusal) => sum + sinceOpened(refusal), 0);
	const bound = holders.filter(holder => part(holder) !== null);
	const nearest = bound.sort((a, b) => part(b) - part(a))[0];

	$("vmlck").textContent = bytes(machine.vmlck);
	$("vmpin").textContent = bytes(machine.vmpin);
	$("mlocked").textContent = bytes(machine.mlocked);
	$("nearest").textContent = nearest ? `${Math.round(100 * part(nearest))} %` : "-";
	$("nearest").classList.toggle("alarm", Boolean(nearest) && part(nearest) > NEAR);
	$("nearest-who").textContent = nearest ? `${nearest.comm}, pid ${nearest.pid}` :
		"no holder is bound by one";
	$("refused").textContent = count(refused);
	$("refused-new").textContent = `${count(more)} since this page was opened`;
	$("refused-new").classList.toggle("alarm", more > 0);
	points.push({ time: Date.now(), locked: machine.vmlck,
		refused: points.length ? Math.max(refused - refusedBefore, 0) : 0 });
	refusedBefore = refused;
	if (points.length > MOST_POINTS)
		points.shift();
}

function show(state)
{
	const { machine, holders, refusals, users } = state, problems = notices(state);

	refusedFirst ??= new Map(refusals.map(refusal => [refusalKey(refusal), refusal.count]));
	$("about").textContent = `version ${state.version}, counts by ${state.source} (${state.tier}), ` +
		`holders by ${state.method}`;
	$("notice").replaceChildren(problems.join(" "));
	$("notice").hidden = !problems.length;
	showFigures(state);
	draw(points);
	$("holders-count").textContent = machine.holders > holders.length ?
		`the ${count(holders.length)} largest of ${count(machine.holders)}` :
		`${count(machine.holders)} of ${count(machine.processes)} processes`;
	rows("holders", holders, holderCells);
	rows("refusals", byCause(refusals), refusalCells);
	rows("users", users.filter(user => user.charged || user.perf || user.shm), userCells);
	document.title = `${bytes(machine.vmlck)} locked - mlocktrace`;
}

function tell(state, problem)
{
	// Only what changes is spoken by a screen reader.
	if ($("state").textContent !== state)
		$("state").textContent = state;
	document.documentElement.dataset.state = state;
	$("problem").hidden = !problem;
	if (problem && $("problem").textContent !== problem)
		$("problem").textContent = problem;
}

async function look()
{
	try {
		const answer = await fetch("api/state", { signal: AbortSignal.timeout(PATIENCE_MS) });

		if (!answer.ok)
			throw new Error((await answer.text()).trim());
		show(await answer.json());
		lostSince = null;
		tell("live", "");
	} catch (error) {
		lostSince ??= new Date().toLocaleTimeString();
		tell("lost", `No answer since ${lostSince}: ${error.message}. What is shown is from before; ` +
			"the page goes on asking.");
	}
}

// Who is not looked at need not look.
async function lookAgain()
{
	if (!document.hidden)
		await look();
	setTimeout(lookAgain, PERIOD_MS);
}

lookAgain();
