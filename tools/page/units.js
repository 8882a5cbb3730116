// SPDX-License-Identifier: GPL-2.0
//
// Amounts, as the tool prints them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(n)
{
	let i = 0;

	for (; n >= 1024 && i < UNITS.length - 1; i++)
		n /= 1024;
	return `${i && n < 100 && n % 1 ? n.toFixed(1) : Math.round(n)} ${UNITS[i]}`;
}

export function limit(value)
{
	return value === "unlimited" ? value : bytes(value);
}
