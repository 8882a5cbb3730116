// SPDX-License-Identifier: GPL-2.0
/*
 * However many names there are, so many values and no more, and none that comes and goes.
 */
#include <stdio.h>

#include "ktap.h"
#include "labels.h"

static struct labels labels;

static const char *value_of(const char *name)
{
	return labels.list[labels_place(&labels, name)].value;
}

/* A look at which these are there. */
static void look(const char *const *names, size_t n)
{
	labels_begin(&labels);
	for (size_t i = 0; i < n; i++)
		labels_see(&labels, names[i]);
	for (size_t i = 0; i < n; i++)
		labels_place(&labels, names[i]);
}

static void the_rest_are_others(void)
{
	labels_open(&labels, 2, false);
	look((const char *[]){ "a", "b", "c", "d" }, 4);
	check_text(value_of("a"), "a");
	check_text(value_of("b"), "b");
	check_text(value_of("c"), "other");
	check_int(labels.n, 3);
	labels_close(&labels);
}

static void a_place_is_kept_while_it_is_needed(void)
{
	labels_open(&labels, 2, false);
	look((const char *[]){ "a", "b" }, 2);
	look((const char *[]){ "c", "b", "a" }, 3);
	check_text(value_of("a"), "a");
	check_text(value_of("b"), "b");
	check_text(value_of("c"), "other");
	labels_close(&labels);
}

static void who_is_gone_makes_room(void)
{
	labels_open(&labels, 2, false);
	look((const char *[]){ "a", "b" }, 2);
	look((const char *[]){ "c", "b" }, 2);
	check_text(value_of("c"), "c");
	check_text(value_of("b"), "b");
	check(!labels_is_seen(&labels, LABELS_OTHER));
	labels_close(&labels);
}

static void who_is_gone_and_comes_back_is_seen_again(void)
{
	size_t place;

	labels_open(&labels, 2, false);
	look((const char *[]){ "a", "b" }, 2);
	look((const char *[]){ "b" }, 1);
	place = labels_place(&labels, "b");
	check(labels_is_seen(&labels, place));
	check(!labels_is_seen(&labels, 3 - place));
	check_int(labels_place(&labels, "a"), 3 - place);
	check(labels_is_seen(&labels, 3 - place));
	labels_close(&labels);
}

static void what_is_kept_is_kept_for_ever(void)
{
	labels_open(&labels, 2, true);
	look((const char *[]){ "a", "b" }, 2);
	look((const char *[]){ "c" }, 1);
	check_text(value_of("c"), "other");
	check_text(value_of("a"), "a");
	labels_close(&labels);
}

static void a_task_called_other_is_one_of_them(void)
{
	labels_open(&labels, 2, false);
	look((const char *[]){ "other", "a" }, 2);
	check_int(labels_place(&labels, "other"), LABELS_OTHER);
	check_int(labels.n, 2);
	labels_close(&labels);
}

static void many_names_fit_into_little(void)
{
	char name[32];

	labels_open(&labels, 10, false);
	for (int i = 0; i < 5; i++) {
		labels_begin(&labels);
		for (int j = 0; j < 1000; j++) {
			snprintf(name, sizeof(name), "name%d", i * 500 + j);
			check(labels_place(&labels, name) <= 10);
		}
	}
	check_int(labels.n, 11);
	labels_close(&labels);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(the_rest_are_others),
		KTAP_TEST(a_place_is_kept_while_it_is_needed),
		KTAP_TEST(who_is_gone_makes_room),
		KTAP_TEST(who_is_gone_and_comes_back_is_seen_again),
		KTAP_TEST(what_is_kept_is_kept_for_ever),
		KTAP_TEST(a_task_called_other_is_one_of_them),
		KTAP_TEST(many_names_fit_into_little),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
