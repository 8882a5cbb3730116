// SPDX-License-Identifier: GPL-2.0
/*
 * Names of ids, ids of names, and what the words mean: that the tables hold
 * together, whatever rows they have.
 */
#include <errno.h>

#include <mlocktrace/mlocktrace.h>

#include "ktap.h"

typedef const char *(*name_fn)(unsigned int);

static bool is_word(const char *name)
{
	return name && name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
	       strlen(name);
}

static void check_names(name_fn name_of, unsigned int first, unsigned int end)
{
	for (unsigned int id = first; id < end; id++)
		if (name_of(id))
			check(is_word(name_of(id)));
	check(name_of(end) == NULL);
	check(name_of(~0u) == NULL);
}

static void ids_have_names_and_unknown_ids_have_none(void)
{
	check_names(mlocktrace_op_name, 1, MLOCKTRACE_OP_MAX);
	check_names(mlocktrace_counter_name, 1, MLOCKTRACE_COUNTER_MAX);
	check_names(mlocktrace_cause_name, 0, MLOCKTRACE_CAUSE_MAX);
	check_names(mlocktrace_tier_name, 1, MLOCKTRACE_TIER_MAX);
	check_names(mlocktrace_flag_name, 0, 64);
	check(mlocktrace_op_name(0) == NULL);
	check(mlocktrace_counter_name(0) == NULL);
	check_text(mlocktrace_op_name(MLOCKTRACE_OP_MLOCK2), "mlock2");
	check_text(mlocktrace_counter_name(MLOCKTRACE_COUNTER_VMLCK), "vmlck");
	check_text(mlocktrace_cause_name(MLOCKTRACE_CAUSE_OVER_LIMIT), "over_limit");
	check_text(mlocktrace_tier_name(MLOCKTRACE_TIER_FENTRY), "fentry");
	check_text(mlocktrace_flag_name(2), "MCL_FUTURE");
}

static void every_op_is_found_by_its_name(void)
{
	for (unsigned int op = 1; op < MLOCKTRACE_OP_MAX; op++)
		if (mlocktrace_op_name(op))
			check_int(mlocktrace_op_by_name(mlocktrace_op_name(op)), op);
	check_int(mlocktrace_op_by_name("mlock3"), 0);
	check_int(mlocktrace_op_by_name(""), 0);
	check_int(mlocktrace_op_by_name(NULL), 0);
}

static void errnos_have_their_names(void)
{
	check_text(mlocktrace_errno_name(ENOMEM), "ENOMEM");
	check_text(mlocktrace_errno_name(EPERM), "EPERM");
	check_text(mlocktrace_errno_name(EOPNOTSUPP), "EOPNOTSUPP");
	check(mlocktrace_errno_name(0) == NULL);
	check(mlocktrace_errno_name(-ENOMEM) == NULL);
	check(mlocktrace_errno_name(99999) == NULL);
}

static bool is_sentence(const char *text)
{
	return text && strlen(text) > 5 && !strchr(text, '\n') && text[0] != ' ' &&
	       text[strlen(text) - 1] != ' ';
}

static void every_word_listed_has_a_meaning(void)
{
	const char *kind, *word, *kind2, *help, *advice;
	size_t i, n;

	for (i = 0; !mlocktrace_about_list(i, &kind, &word); i++) {
		bool found = false;

		for (n = 0; !mlocktrace_about(word, n, &kind2, &help, &advice); n++) {
			found = found || !strcmp(kind, kind2);
			check(strlen(help) > 1);
			check(!advice || is_sentence(advice));
		}
		if (!check(found))
			printf("# %s %s\n", kind, word);
	}
	check(i > 60);
}

/* What each kind must offer: a newcomer asks for all of these. */
static void causes_errnos_and_signals_come_with_advice(void)
{
	const char *kind, *word, *help, *advice;
	size_t errnos = 0, signals = 0;

	for (size_t i = 0; !mlocktrace_about_list(i, &kind, &word); i++) {
		if (strcmp(kind, "cause") && strcmp(kind, "errno") && strcmp(kind, "signal"))
			continue;
		check_int(mlocktrace_about(word, 0, &kind, &help, &advice), 0);
		if (!check(is_sentence(advice)))
			printf("# %s\n", word);
		errnos += !strcmp(kind, "errno");
		signals += !strcmp(kind, "signal");
	}
	check_int(errnos, 11);
	check_int(signals, 2);
}

static void a_word_is_found_as_it_is_shown_anywhere(void)
{
	const char *kind = "", *help, *advice;

	check_int(mlocktrace_about("ENOMEM", 0, &kind, &help, &advice), 0);
	check_text(kind, "errno");
	check_int(mlocktrace_about("-ENOMEM", 0, &kind, &help, &advice), 0);
	check_int(mlocktrace_about("enomem", 0, &kind, &help, &advice), 0);
	check_int(mlocktrace_about("mcl_future", 0, &kind, &help, &advice), 0);
	check_text(kind, "flag");
	check_int(mlocktrace_about("mlock", 0, &kind, &help, &advice), 0);
	check_text(kind, "op");
	check_int(mlocktrace_about("mlock", 1, &kind, &help, &advice), -ENOENT);
	check_int(mlocktrace_about("nonsense", 0, &kind, &help, &advice), -ENOENT);
	check_int(mlocktrace_about("", 0, &kind, &help, &advice), -ENOENT);
	check_int(mlocktrace_about(NULL, 0, &kind, &help, &advice), -ENOENT);
}

static void words_with_two_meanings_give_both(void)
{
	const char *kind, *word, *other, *help, *advice;
	size_t i, k, seen;

	for (i = 0; !mlocktrace_about_list(i, &kind, &word); i++) {
		seen = 0;
		for (k = 0; !mlocktrace_about_list(k, &kind, &other); k++)
			seen += !strcasecmp(word, other);
		check_int(mlocktrace_about(word, seen - 1, &kind, &help, &advice), 0);
		check_int(mlocktrace_about(word, seen, &kind, &help, &advice), -ENOENT);
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(ids_have_names_and_unknown_ids_have_none),
		KTAP_TEST(every_op_is_found_by_its_name),
		KTAP_TEST(errnos_have_their_names),
		KTAP_TEST(every_word_listed_has_a_meaning),
		KTAP_TEST(causes_errnos_and_signals_come_with_advice),
		KTAP_TEST(a_word_is_found_as_it_is_shown_anywhere),
		KTAP_TEST(words_with_two_meanings_give_both),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
