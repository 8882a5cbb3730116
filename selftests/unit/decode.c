// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder against records of older and newer producers, and against bytes
 * that lie about their sizes. Each input lies at the end of its own heap block,
 * so that a sanitizer sees every read beyond it.
 */
#include <errno.h>
#include <stdlib.h>

#include "decode.h"
#include "ktap.h"

#define FIXED sizeof(struct mlocktrace_event)

static struct mlt_event_room room;

static int decode(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);
	int ret;

	memcpy(copy, bytes, size);
	memset(&room, 0xaa, sizeof(room));
	ret = mlt_decode(copy, size, &room.event, sizeof(room));
	free(copy);
	return ret;
}

/* A record with a stack, as today's producers make it; the frames count up from 1. */
static size_t make(uint8_t *bytes, size_t fixed, unsigned int n_user, unsigned int n_kernel)
{
	struct mlocktrace_event event;

	memset(&event, 0x5a, sizeof(event));
	event.size = fixed + 8 * (n_user + n_kernel);
	event.abi = MLOCKTRACE_ABI;
	event.op = MLOCKTRACE_OP_MLOCK;
	event.n_user = n_user;
	event.n_kernel = n_kernel;
	event.flags = 0;
	memset(bytes, 0xee, fixed);
	memcpy(bytes, &event, fixed < sizeof(event) ? fixed : sizeof(event));
	for (uint64_t i = 0; i < n_user + n_kernel; i++) {
		uint64_t frame = i + 1;

		memcpy(bytes + fixed + 8 * i, &frame, 8);
	}
	return event.size;
}

static void check_stack(unsigned int n_user, unsigned int n_kernel)
{
	const uint64_t *user, *kernel;
	size_t users, kernels;

	user = mlocktrace_event_user_stack(&room.event, &users);
	kernel = mlocktrace_event_kernel_stack(&room.event, &kernels);
	check_int(users, n_user);
	check_int(kernels, n_kernel);
	for (size_t i = 0; i < users; i++)
		check_int(user[i], i + 1);
	for (size_t i = 0; i < kernels; i++)
		check_int(kernel[i], n_user + i + 1);
}

static void a_record_of_today_comes_back_as_it_is(void)
{
	uint8_t bytes[FIXED + 8 * 5];
	size_t size = make(bytes, FIXED, 3, 2);

	check_int(decode(bytes, size), size);
	check(!memcmp(&room, bytes, size));
	check_stack(3, 2);
}

static void what_an_older_record_lacks_is_zero(void)
{
	uint8_t bytes[FIXED + 8 * 5];
	size_t size = make(bytes, FIXED - 16, 3, 2);

	check_int(decode(bytes, size), size);
	check_int(room.event.limit_comm[8], 0);
	check_int(room.event.owner_uid, 0);
	check_int(room.event.size, FIXED + 8 * 5);
	check_int(room.event.addr, 0x5a5a5a5a5a5a5a5a);
	check_stack(3, 2);
}

static void a_record_of_a_few_fields_has_no_stack(void)
{
	uint8_t bytes[FIXED];
	size_t size;

	for (size_t fixed = 8; fixed < 168; fixed += 8) {
		size = make(bytes, fixed, 0, 0);
		check_int(decode(bytes, size), size);
		check_int(room.event.op, MLOCKTRACE_OP_MLOCK);
		check_int(room.event.pid, fixed > 32 ? 0x5a5a5a5a : 0);
		check_int(room.event.size, FIXED);
		check_stack(0, 0);
	}
}

static void the_extra_fields_of_a_newer_record_are_skipped(void)
{
	uint8_t bytes[FIXED + 40 + 8 * 5];
	size_t size = make(bytes, FIXED + 40, 3, 2);

	check_int(decode(bytes, size), size);
	check_int(room.event.size, FIXED + 8 * 5);
	check(!memcmp(&room.event.abi, bytes + 2, FIXED - 2));
	check_stack(3, 2);
}

static void deeper_stacks_than_ours_are_cut_and_marked(void)
{
	uint8_t bytes[FIXED + 8 * 200];
	size_t size = make(bytes, FIXED, 100, 100), users, kernels;
	const uint64_t *kernel;

	check_int(decode(bytes, size), size);
	mlocktrace_event_user_stack(&room.event, &users);
	kernel = mlocktrace_event_kernel_stack(&room.event, &kernels);
	check_int(users, MLOCKTRACE_STACK_USER);
	check_int(kernels, MLOCKTRACE_STACK_KERNEL);
	check_int(kernel[0], 101);
	check(room.event.flags & MLOCKTRACE_F_TRUNCATED_STACK);
	size = make(bytes, FIXED, 0, 17);
	check_int(decode(bytes, size), size);
	check_int(room.event.n_kernel, MLOCKTRACE_STACK_KERNEL);
	check(room.event.flags & MLOCKTRACE_F_TRUNCATED_STACK);
}

static void more_bytes_behind_the_record_are_left_alone(void)
{
	uint8_t bytes[2 * FIXED];
	size_t size = make(bytes, FIXED, 0, 0);

	check_int(decode(bytes, sizeof(bytes)), size);
}

static void unknown_ops_keep_their_number(void)
{
	uint8_t bytes[FIXED];
	size_t size = make(bytes, FIXED, 0, 0);

	bytes[3] = 222;
	check_int(decode(bytes, size), size);
	check_int(room.event.op, 222);
}

static void sizes_that_contradict_each_other_are_refused(void)
{
	uint8_t bytes[FIXED + 80] __attribute__((aligned(8)));
	struct mlocktrace_event *event = (struct mlocktrace_event *)bytes;
	size_t size = make(bytes, FIXED, 0, 0);

	check_int(decode(bytes, size - 8), -EBADMSG);
	check_int(decode(bytes, 7), -EBADMSG);
	check_int(decode(bytes, 0), -EBADMSG);
	event->size = 0;
	check_int(decode(bytes, size), -EBADMSG);
	event->size = 4;
	check_int(decode(bytes, size), -EBADMSG);
	event->size = FIXED - 4;
	check_int(decode(bytes, size), -EBADMSG);
	make(bytes, FIXED, 0, 0);
	event->n_user = 0xffff;
	check_int(decode(bytes, size), -EBADMSG);
	/* The stack may not reach into the counts that announce it. */
	event->n_user = (FIXED - offsetof(struct mlocktrace_event, sysno)) / 8;
	event->n_kernel = 1;
	check_int(decode(bytes, size), -EBADMSG);
	event->n_kernel = 0;
	check_int(decode(bytes, size), size);
	event->abi = 0;
	check_int(decode(bytes, size), -EBADMSG);
	event->abi = MLOCKTRACE_ABI + 1;
	check_int(decode(bytes, size), -EBADMSG);
}

static void an_event_without_room_for_its_stack_has_none(void)
{
	struct mlocktrace_event event = { .size = 0, .n_user = 3 };
	size_t n;

	check(mlocktrace_event_user_stack(&event, &n) == NULL);
	check_int(n, 0);
	check(mlocktrace_event_kernel_stack(&event, &n) == NULL);
	check_int(n, 0);
}

static void random_bytes_are_decoded_or_refused(void)
{
	uint8_t bytes[FIXED + 8 * 100];
	size_t n, refused = 0, taken = 0;

	srand(2);
	for (int round = 0; round < 200000; round++) {
		size_t size = make(bytes, FIXED + 8 * (rand() % 4), rand() % 20, rand() % 20);
		int ret;

		for (int i = rand() % 4; i > 0; i--)
			bytes[rand() % 3 ? 168u + rand() % 4 : rand() % size] = rand();
		if (rand() % 3 == 0)
			size = rand() % (size + 1);
		ret = decode(bytes, size);
		if (ret < 0) {
			refused++;
			continue;
		}
		taken++;
		if ((size_t)ret > size || room.event.size > sizeof(room)) {
			check(!"sizes stay within bounds");
			return;
		}
		mlocktrace_event_user_stack(&room.event, &n);
		mlocktrace_event_kernel_stack(&room.event, &n);
	}
	check(refused > 1000);
	check(taken > 1000);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(a_record_of_today_comes_back_as_it_is),
		KTAP_TEST(what_an_older_record_lacks_is_zero),
		KTAP_TEST(a_record_of_a_few_fields_has_no_stack),
		KTAP_TEST(the_extra_fields_of_a_newer_record_are_skipped),
		KTAP_TEST(deeper_stacks_than_ours_are_cut_and_marked),
		KTAP_TEST(more_bytes_behind_the_record_are_left_alone),
		KTAP_TEST(unknown_ops_keep_their_number),
		KTAP_TEST(sizes_that_contradict_each_other_are_refused),
		KTAP_TEST(an_event_without_room_for_its_stack_has_none),
		KTAP_TEST(random_bytes_are_decoded_or_refused),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
