/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Metrics in a file, for the textfile collector of node_exporter.
 */
#ifndef TOOLS_EXPORTER_TEXTFILE_H
#define TOOLS_EXPORTER_TEXTFILE_H

#include <stddef.h>

/* Replace the file @name as a whole: whoever reads it sees the old text or the new one. 0 or -errno. */
int textfile_write(const char *name, const char *text, size_t len);

#endif
