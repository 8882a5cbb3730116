/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Members of the JSON objects that commands print, one object per line. A value
 * that is not known is null.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void json_put_null(struct json_object *to, const char *key);
void json_put_bool(struct json_object *to, const char *key, bool value);
void json_put_int(struct json_object *to, const char *key, int64_t value);
void json_put_uint(struct json_object *to, const char *key, uint64_t value);
/* null unless @known */
void json_put_known(struct json_object *to, const char *key, int64_t value, bool known);
/* @text: NULL = not known */
void json_put_text(struct json_object *to, const char *key, const char *text);
/* Bytes from the kernel, up to @len or the first NUL: what is no UTF-8 is escaped as on a terminal. */
void json_put_escaped(struct json_object *to, const char *key, const char *text, size_t len);
void json_put_address(struct json_object *to, const char *key, uint64_t address);
/* Bytes or "unlimited" */
void json_put_limit(struct json_object *to, const char *key, uint64_t limit);

/* As a line, and free it. */
void json_print(FILE *out, struct json_object *object);

#endif
