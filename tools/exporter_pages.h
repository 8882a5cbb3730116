/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the exporter serves that is always the same: the files in tools/page, which are part of the
 * program, and a word for those who ask whether it lives.
 */
#ifndef TOOLS_EXPORTER_PAGES_H
#define TOOLS_EXPORTER_PAGES_H

struct page {
	const char *path, *type;
	const char *text, *end;
};

/* NULL = there is none. */
const struct page *page_at(const char *path);

#endif
