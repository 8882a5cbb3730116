// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The kernel's own marks of locked pages: a bit in kpageflags, which has a word
 * for each page frame of the machine. Mlocked counts the frames with that bit.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "regions.h"

/* The first ones are in <linux/kernel-page-flags.h> of every age; MLOCKED is in none for programs. */
#define KPF(bit) (1ULL << (bit))
#define KPF_HEAD KPF(15)
#define KPF_TAIL KPF(16)
#define KPF_ZERO KPF(24)
#define KPF_MARK KPF(33)

#define WORDS (1 << 16)

struct marks {
	const struct mlt_pages *seen;
	uint64_t frame;
	bool head_marked; /* of the large page that goes by */
	uint64_t marked, marked_locked, zero, large;
};

/*
 * A large page is marked as a whole, and counted so. Older kernels (5.10) say it in
 * the word of its head only, newer ones (6.18) in all of its words.
 */
static void take(struct marks *marks, uint64_t word)
{
	bool marked = word & KPF_MARK;

	if (word & KPF_TAIL)
		marked |= marks->head_marked;
	else
		marks->head_marked = marked;
	marks->marked += marked;
	if (mlt_pages_has(marks->seen, marks->frame)) {
		if (marked)
			marks->marked_locked++;
		else if (word & KPF_ZERO)
			marks->zero++;
		else if (word & (KPF_HEAD | KPF_TAIL))
			marks->large++;
	}
	marks->frame++;
}

int mlt_marks_read(int fd, const struct mlt_pages *seen, struct mlocktrace_machine *machine)
{
	uint64_t page = sysconf(_SC_PAGESIZE), *words = malloc(WORDS * sizeof(*words));
	struct marks marks = { .seen = seen };
	ssize_t n;
	int err;

	if (!words)
		return -ENOMEM;
	while ((n = read(fd, words, WORDS * sizeof(*words))) > 0 && n % sizeof(*words) == 0)
		for (size_t i = 0; i < n / sizeof(*words); i++)
			take(&marks, words[i]);
	err = n < 0 ? -errno : n ? -EBADMSG : 0;
	free(words);
	if (err)
		return err;
	machine->marked = marks.marked * page;
	machine->marked_locked = marks.marked_locked * page;
	machine->unmarked_zero = marks.zero * page;
	machine->unmarked_large = marks.large * page;
	return 0;
}
