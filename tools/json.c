// SPDX-License-Identifier: GPL-2.0
/*
 * Members and lines of JSON. Where memory runs out json-c leaves a member out;
 * the library's own records, which many may depend on, are stricter (lib/json.c).
 */
#include <inttypes.h>

#include <mlocktrace/mlocktrace.h>

#include "json.h"

void json_put_null(struct json_object *to, const char *key)
{
	json_object_object_add(to, key, NULL);
}

void json_put_bool(struct json_object *to, const char *key, bool value)
{
	json_object_object_add(to, key, json_object_new_boolean(value));
}

void json_put_int(struct json_object *to, const char *key, int64_t value)
{
	json_object_object_add(to, key, json_object_new_int64(value));
}

void json_put_uint(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

void json_put_known(struct json_object *to, const char *key, int64_t value, bool known)
{
	if (known)
		json_put_int(to, key, value);
	else
		json_put_null(to, key);
}

void json_put_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, text ? json_object_new_string(text) : NULL);
}

void json_put_escaped(struct json_object *to, const char *key, const char *text, size_t len)
{
	char escaped[4 * 4096];

	mlocktrace_escape(escaped, sizeof(escaped), text, len);
	json_put_text(to, key, escaped);
}

void json_put_address(struct json_object *to, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	json_put_text(to, key, text);
}

void json_put_limit(struct json_object *to, const char *key, uint64_t limit)
{
	if (limit == MLOCKTRACE_UNLIMITED)
		json_put_text(to, key, "unlimited");
	else
		json_put_uint(to, key, limit);
}

void json_print(FILE *out, struct json_object *object)
{
	fprintf(out, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
								    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
