/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * From bytes to a whole event, and the stack behind it. The bytes may come
 * from an older or a newer producer, or from a hostile file; nothing outside
 * the given size is ever read. It knows neither sources nor handles.
 *
 * The one rule of the layout: the stack is the last 8 * (n_user + n_kernel)
 * bytes of a record, whatever its fixed part has grown to.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define FIXED_BYTES sizeof(struct mlocktrace_event)
#define HEAD_BYTES offsetof(struct mlocktrace_event, seq)
#define COUNTS_END (offsetof(struct mlocktrace_event, n_kernel) + sizeof(uint16_t))

/* Bytes before the stack in a record of this size, or -EBADMSG when they contradict each other. */
static int fixed_part(size_t size, unsigned int n_user, unsigned int n_kernel)
{
	size_t tail = 8 * ((size_t)n_user + n_kernel);

	if (tail && (tail > size || size - tail < COUNTS_END))
		return -EBADMSG;
	return size - tail;
}

static unsigned int least(unsigned int a, size_t b)
{
	return a < b ? a : b;
}

int mlt_decode(const void *record, size_t size, struct mlocktrace_event *event, size_t event_size)
{
	const uint8_t *bytes = record;
	uint16_t own, n_user, n_kernel;
	uint8_t *tail = (uint8_t *)(event + 1);
	size_t room;
	int fixed;

	if (event_size < FIXED_BYTES || size < HEAD_BYTES)
		return -EBADMSG;
	memset(event, 0, FIXED_BYTES);
	memcpy(&own, bytes, sizeof(own));
	if (own < HEAD_BYTES || own > size || own % 8)
		return -EBADMSG;
	memcpy(event, bytes, own < FIXED_BYTES ? own : FIXED_BYTES);
	/* Fields are appended under the same number; another one is another layout. */
	if (event->abi != MLOCKTRACE_ABI)
		return -EBADMSG;
	n_user = event->n_user;
	n_kernel = event->n_kernel;
	fixed = fixed_part(own, n_user, n_kernel);
	if (fixed < 0)
		return fixed;
	if ((size_t)fixed < FIXED_BYTES)
		memset((uint8_t *)event + fixed, 0, FIXED_BYTES - fixed);

	room = (event_size - FIXED_BYTES) / 8;
	event->n_user = least(least(n_user, MLOCKTRACE_STACK_USER), room);
	event->n_kernel = least(least(n_kernel, MLOCKTRACE_STACK_KERNEL), room - event->n_user);
	if (event->n_user < n_user || event->n_kernel < n_kernel)
		event->flags |= MLOCKTRACE_F_TRUNCATED_STACK;
	memcpy(tail, bytes + fixed, 8 * (size_t)event->n_user);
	memcpy(tail + 8 * (size_t)event->n_user, bytes + fixed + 8 * (size_t)n_user,
	       8 * (size_t)event->n_kernel);
	event->size = FIXED_BYTES + 8 * (event->n_user + event->n_kernel);
	return own;
}

/* Where the stack of an event in memory starts; NULL when its size leaves no room for it. */
static const uint64_t *stack(const struct mlocktrace_event *event)
{
	int fixed = fixed_part(event->size, event->n_user, event->n_kernel);

	if (fixed < (int)FIXED_BYTES)
		return NULL;
	return (const uint64_t *)((const uint8_t *)event + fixed);
}

MLT_API const uint64_t *mlocktrace_event_user_stack(const struct mlocktrace_event *event, size_t *n)
{
	const uint64_t *frames = stack(event);

	*n = frames ? event->n_user : 0;
	return frames;
}

MLT_API const uint64_t *mlocktrace_event_kernel_stack(const struct mlocktrace_event *event, size_t *n)
{
	const uint64_t *frames = stack(event);

	*n = frames ? event->n_kernel : 0;
	return frames ? frames + event->n_user : NULL;
}
