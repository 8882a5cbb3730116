# SPDX-License-Identifier: GPL-2.0
#
# What each set-up adds to a lock call, as SVG, after figures.awk: a bar for the caller and, behind
# it, one for caller and tracer; the scale is logarithmic, since they are a hundred times apart.

function at(value)
{
	return value < least ? 0 : log(value / least) / log(10) * decade
}

function text(x, y, anchor, words)
{
	printf "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words
}

function bar(y, width, class)
{
	printf "<rect class=\"%s\" x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"12\"/>\n", class, left, y,
		width
}

function scale(y, height,    value)
{
	for (value = least; value <= most; value *= 10) {
		printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>\n", left + at(value),
			left + at(value), y, y + height
		text(left + at(value), y - 4, "middle", value)
	}
}

# rows_of: set-ups that cost something
function rows_of(m,    i, n)
{
	for (i = 1; i <= n_setups[m]; i++)
		if (setups[m, i] != "nothing" && has(m, setups[m, i], "pair.caller"))
			rows[++n] = setups[m, i]
	return n
}

function chart(m, y,    i, n, all)
{
	n = rows_of(m)
	text(10, y, "start", (m == "host" ? "This machine, ns" : "Linux " m ", guest instructions") \
		" added per lock call")
	scale(y + 24, n * 18)
	for (i = 1; i <= n; i++) {
		all = added_in_all(m, rows[i], "pair")
		text(left - 6, y + 18 * i + 18, "end", rows[i])
		bar(y + 18 * i + 8, at(all), "all")
		bar(y + 18 * i + 8, at(added(m, rows[i], "pair")), "caller")
		text(left + at(all) + 4, y + 18 * i + 18, "start", sprintf("%.0f", all))
	}
	return y + 18 * n + 70
}

END {
	left = 170
	least = 10
	most = 1000000
	decade = 120
	height = 20
	for (i = 1; i <= n_machines; i++)
		height += 18 * rows_of(machines[i]) + 70
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"850\" height=\"%d\">\n", height
	print "<style>text{font:12px sans-serif} line{stroke:#ccc} .all{fill:#9bc} .caller{fill:#357}</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	y = 24
	for (number = 1; number <= n_machines; number++)
		y = chart(machines[number], y)
	print "</svg>"
}
