// SPDX-License-Identifier: GPL-2.0
/*
 * The page for people, and which file has which path.
 */
#include <stddef.h>
#include <string.h>

#include "embed.h"
#include "exporter_pages.h"

FILE_IN_PROGRAM(page_html, "tools/page/index.html");
FILE_IN_PROGRAM(page_css, "tools/page/page.css");
FILE_IN_PROGRAM(page_js, "tools/page/page.js");
FILE_IN_PROGRAM(page_chart_js, "tools/page/chart.js");
FILE_IN_PROGRAM(page_units_js, "tools/page/units.js");

static const char alive[] = "the exporter lives\n";
#define ALIVE_END (alive + sizeof(alive) - 1)

const struct page *page_at(const char *path)
{
	static const struct page pages[] = {
		{ "/", "text/html; charset=utf-8", page_html, page_html_end },
		{ "/page.css", "text/css; charset=utf-8", page_css, page_css_end },
		{ "/page.js", "text/javascript; charset=utf-8", page_js, page_js_end },
		{ "/chart.js", "text/javascript; charset=utf-8", page_chart_js, page_chart_js_end },
		{ "/units.js", "text/javascript; charset=utf-8", page_units_js, page_units_js_end },
		{ "/-/healthy", "text/plain; charset=utf-8", alive, ALIVE_END },
		{ "/healthz", "text/plain; charset=utf-8", alive, ALIVE_END },
	};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (!strcmp(pages[i].path, path))
			return &pages[i];
	return NULL;
}
