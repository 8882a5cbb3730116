/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this machine lets us do, found out by doing it. The findings are one
 * JSON object; `doctor` prints it as it is or as text.
 */
#ifndef TOOLS_PROBE_H
#define TOOLS_PROBE_H

#include <json-c/json.h>

#include "options.h"

/*
 * {
 *   "version", "kernel", "machine",
 *   "btf": { "path", "size" (null = missing) },
 *   "lockdown" (null = not known), "uid",
 *   "capabilities": [ { "name", "effective", "help" } ],
 *   "memlock_soft", "memlock_hard" (bytes or "unlimited"),
 *   "auto" (name of the tier or null),
 *   "tiers": [ { "name", "source", "help", "loaded" (of kmod only), "works", "why_not" (null if it
 *                works), "skips", "sees": [ text ],
 *                "hooks": [ { "name", "help", "attached", "required", "why_not",
 *                             "hits", "misses" (null = not counted) } ] } ]
 * }
 * NULL when memory runs out.
 */
struct json_object *probe_machine(const struct options *o);

#endif
