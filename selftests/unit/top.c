// SPDX-License-Identifier: GPL-2.0
/*
 * `top` without kernel and terminal: what it remembers of processes over the rounds, their order,
 * what keys do, and the table.
 */
#include <stdlib.h>

#include "bars.h"
#include "ktap.h"
#include "top_draw.h"

#define SECOND 1000000000ULL
#define PAGE 4096ULL

static struct top_model model;
static pid_t living;

static bool is_living(pid_t pid)
{
	return pid == living;
}

static struct mlocktrace_holder holder(pid_t pid, uint64_t vmlck)
{
	struct mlocktrace_holder h = {
		.size = sizeof(h), .pid = pid, .start_ns = (uint64_t)pid * SECOND, .uid = 4200000001U,
		.comm = "someone", .cgroup = "/system.slice/some.service", .vmlck = vmlck,
		.limit = 16 * PAGE, .hard_limit = 16 * PAGE,
	};

	return h;
}

static void begin(void)
{
	top_begin(&model, model.rounds ? model.now_ns + SECOND : 1000 * SECOND);
}

static void see(const struct mlocktrace_holder *h)
{
	struct ps_rows rows = { .view = PS_PROCESSES };
	struct ps_row *row = ps_rows_add(&rows);

	check_int(ps_row_fill_process(row, h), 0);
	check_int(top_rows(&model, &rows), 0);
	ps_rows_free(&rows);
}

static void see_process(pid_t pid, uint64_t vmlck)
{
	const struct mlocktrace_holder h = holder(pid, vmlck);

	see(&h);
}

static void refuse(pid_t pid, uint64_t len)
{
	const struct mlocktrace_holder h = holder(pid, 0);
	const struct mlocktrace_event event = {
		.size = sizeof(event), .abi = MLOCKTRACE_ABI, .op = MLOCKTRACE_OP_MLOCK,
		.counter = MLOCKTRACE_COUNTER_VMLCK, .pid = pid, .start_ns = h.start_ns, .uid = h.uid,
		.ret = -12, .len = len, .asked = len, .limit = h.limit, .time_ns = model.now_ns,
	};

	check_int(top_refused(&model, &event, &h), 0);
}

static struct top_track *process(pid_t pid)
{
	return top_find(&model.processes, (uint64_t)pid, (uint64_t)pid * SECOND);
}

static void reset(void)
{
	top_free(&model);
	model = (struct top_model){ .traced = true, .lives = is_living };
	living = 0;
}

/* ---- the model -------------------------------------------------------------------------------- */

static void what_is_held_is_remembered_round_by_round(void)
{
	static const uint64_t held[] = { 3, 3, 9, 0, 5 };
	uint64_t values[8];

	reset();
	for (size_t i = 0; i < KTAP_SIZE(held); i++) {
		begin();
		see_process(1, held[i]);
		top_end(&model);
	}
	check_int(top_change(process(1)), 5);
	check_int(top_held(process(1), 0), 5);
	check_int(top_held(process(1), 2), 9);
	check_int(top_history(process(1), values, 8), 5);
	check(!memcmp(values, held, sizeof(held)));
	check_int(top_history(process(1), values, 2), 2);
	check_int(values[0], 0);
	check_int(values[1], 5);
}

static void a_history_has_an_end(void)
{
	uint64_t values[2 * TOP_HISTORY];

	reset();
	for (size_t i = 0; i < TOP_HISTORY + 7; i++) {
		begin();
		see_process(1, i);
		top_end(&model);
	}
	check_int(top_history(process(1), values, 2 * TOP_HISTORY), TOP_HISTORY);
	check_int(values[0], 7);
	check_int(values[TOP_HISTORY - 1], TOP_HISTORY + 6);
	check_int(top_change(process(1)), 1);
}

static void who_holds_nothing_any_more_is_forgotten(void)
{
	reset();
	begin();
	see_process(1, PAGE);
	top_end(&model);
	begin();
	top_end(&model);
	check(!process(1));
	check_int(model.processes.n, 0);
}

static void who_was_refused_stays_for_a_minute(void)
{
	reset();
	living = 1;
	begin();
	refuse(1, PAGE);
	refuse(2, PAGE);
	top_end(&model);
	check(process(1) && !process(1)->ended);
	check(process(2) && process(2)->ended);
	check_int(process(2)->refused_now, 1);
	check_text(process(2)->row.cells[PS_UNIT].text, "some.service");
	for (int i = 0; i < 59; i++) {
		begin();
		top_end(&model);
	}
	check(process(2) && process(2)->refused == 1 && !process(2)->refused_now);
	begin();
	top_end(&model);
	check(!process(1) && !process(2));
	check_int(model.refused, 2);
}

static void a_refusal_does_not_hide_what_is_held(void)
{
	reset();
	begin();
	see_process(1, 5 * PAGE);
	refuse(1, PAGE);
	top_end(&model);
	check_int(process(1)->row.cells[PS_LOCKED].value, 5 * PAGE);
	check_int(top_held(process(1), 0), 5 * PAGE);
	check_int(process(1)->refused, 1);
}

static void the_last_refusals_are_kept(void)
{
	reset();
	begin();
	check(true);
	for (uint64_t i = 1; i <= TOP_LAST + 3; i++)
		refuse(1, i);
	top_end(&model);
	check_int(process(1)->refused, TOP_LAST + 3);
	check_int(top_last(process(1), 0)->len, TOP_LAST + 3);
	check_int(top_last(process(1), TOP_LAST - 1)->len, 4);
	check(!top_last(process(1), TOP_LAST));
	check_int(model.last.len, TOP_LAST + 3);
}

static void a_pid_used_again_is_another_process(void)
{
	struct mlocktrace_holder h = holder(1, PAGE);

	reset();
	begin();
	see(&h);
	top_end(&model);
	begin();
	h.start_ns += 3 * SECOND;
	see(&h);
	top_end(&model);
	check_int(model.processes.n, 1);
	check_int(top_change(top_find(&model.processes, 1, h.start_ns)), 0);
	/* By /proc in clock ticks, by a record in nanoseconds: the same one */
	check(top_find(&model.processes, 1, h.start_ns + 9999999));
	check(!top_find(&model.processes, 1, h.start_ns + SECOND));
}

static void restarts_without_end_fill_no_memory(void)
{
	reset();
	begin();
	see_process(1, PAGE);
	for (pid_t pid = 2; pid < 5000; pid++)
		refuse(pid, PAGE);
	top_end(&model);
	check_int(model.processes.n, TOP_MOST_IDLE + 1);
	check(process(1));
	check_int(model.refused, 4998);
}

static void without_a_tracer_the_module_counts(void)
{
	struct mlocktrace_holder h = holder(1, PAGE);

	reset();
	model.traced = false;
	h.refusals_known = true;
	for (h.refusals = 7; h.refusals <= 9; h.refusals++) {
		begin();
		see(&h);
		top_end(&model);
	}
	check_int(process(1)->refused, 2);
	check_int(process(1)->refused_now, 1);
	check(top_lately(&model, process(1)->refused_ns));
	check_int(model.refused, 2);
}

static void used_is_a_part_of_the_limit_that_holds(void)
{
	static const struct {
		uint64_t vmlck, limit;
		bool capable;
		int used;
	} cases[] = {
		{ 0, 100, false, 0 }, { 99, 100, false, 99 }, { 100, 100, false, 100 },
		{ 250, 100, false, 250 }, { 0, 0, false, 100 }, { 1 << 30, 1, false, 999 },
		{ 50, 100, true, -1 }, { 50, MLOCKTRACE_UNLIMITED, false, -1 },
	};

	reset();
	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		struct mlocktrace_holder h = holder(1, cases[i].vmlck);

		h.limit = cases[i].limit;
		h.capable = cases[i].capable;
		begin();
		see(&h);
		top_end(&model);
		check_int(top_used(process(1)), cases[i].used);
	}
}

/* ---- order, filter, keys ------------------------------------------------------------------------ */

static struct top_view view;

static void three_processes(void)
{
	reset();
	top_view_free(&view);
	view = (struct top_view){ .order = { .view = PS_PROCESSES, .sort = TOP_LOCKED } };
	for (int round = 0; round < 2; round++) {
		begin();
		see_process(11, 2 * PAGE);
		see_process(12, 9 * PAGE);
		see_process(13, (5 + (uint64_t)round) * PAGE);
		refuse(11, 40 * PAGE);
		top_end(&model);
	}
	check_int(top_view_update(&view, &model), 0);
}

static void press(int key)
{
	check(top_view_key(&view, key));
	check_int(top_view_update(&view, &model), 0);
}

static void order_is(const char *wanted)
{
	char got[64] = "";

	for (size_t i = 0; i < view.list.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%d", i ? " " : "",
			 (int)view.list.rows[i]->id);
	check_text(got, wanted);
}

static void letters_and_arrows_sort(void)
{
	three_processes();
	order_is("12 13 11");
	press('P');
	order_is("11 12 13");
	press('r');
	order_is("13 12 11");
	press('D');
	order_is("13 12 11");
	press('R');
	order_is("11 12 13");
	press('%');
	order_is("12 13 11");
	press('>');
	check_int(view.order.sort, TOP_REFUSED);
	press('<');
	press('<');
	check_int(view.order.sort, TOP_LIMIT);
	for (int i = 0; i < 2 * TOP_COLUMNS; i++)
		press('>');
	press('p'); /* no column of that letter */
}

static void a_filter_is_typed_and_thought_better_of(void)
{
	three_processes();
	press('/');
	press('1');
	press('q'); /* while one types it is a letter */
	press(KEY_OF_BACKSPACE);
	press('3');
	order_is("13");
	press(KEY_OF_ENTER);
	order_is("13");
	press('/');
	press('x');
	order_is("");
	press(KEY_OF_ESCAPE);
	order_is("13");
	press(KEY_OF_ESCAPE);
	order_is("12 13 11");
	press('/');
	for (int i = 0; i < 200; i++)
		press('z');
	check_int(strlen(view.order.filter), sizeof(view.order.filter) - 1);
}

static void the_row_pointed_at_is_followed(void)
{
	three_processes();
	press(KEY_OF_DOWN);
	check_int(top_view_chosen(&view)->id, 13);
	begin();
	see_process(11, 2 * PAGE);
	see_process(13, 99 * PAGE);
	top_end(&model);
	check_int(top_view_update(&view, &model), 0);
	check_int(top_view_chosen(&view)->id, 13);
	check_int(view.at, 0);
	press(KEY_OF_END);
	check_int(top_view_chosen(&view)->id, 11);
	press(KEY_OF_UP);
	press(KEY_OF_UP);
	press(KEY_OF_UP);
	check_int(view.at, 0);
}

static void pages_are_entered_and_left(void)
{
	three_processes();
	press(KEY_OF_DOWN);
	press(KEY_OF_ENTER);
	check_int(view.page, TOP_DETAIL);
	check_int(view.id, 13);
	for (int i = 0; i < 9; i++)
		press(KEY_OF_END);
	check(view.scroll > 1000);
	press(KEY_OF_HOME);
	for (int i = 0; i < 9; i++)
		press(KEY_OF_HOME);
	check_int(view.scroll, 0);
	press('h');
	check_int(view.page, TOP_HELP);
	press('q');
	check_int(view.page, TOP_TABLE);
	press('u');
	check_int(view.order.view, PS_USERS);
	press('u');
	press(' ');
	check(view.paused);
	check(!top_view_key(&view, 'q'));
}

static void a_user_is_entered(void)
{
	three_processes();
	press('u');
	check_int(view.list.n, 1); /* by the refusals */
	press(KEY_OF_ENTER);
	check_int(view.order.view, PS_PROCESSES);
	order_is("12 13 11");
	check_text(view.order.user, "4200000001");
	view.order.uid = 1;
	press('P');
	order_is("");
	press(KEY_OF_ESCAPE);
	order_is("11 12 13");
}

static void the_window_goes_along(void)
{
	three_processes();
	press(KEY_OF_END);
	top_view_fit(&view, 2);
	check_int(view.first, 1);
	press(KEY_OF_HOME);
	top_view_fit(&view, 2);
	check_int(view.first, 0);
	top_view_fit(&view, 0);
	top_view_fit(&view, 100);
	check_int(view.first, 0);
}

/* ---- pictures ----------------------------------------------------------------------------------- */

static char text[16384];
static size_t text_len;
static bool alert;

static void put(struct paper *paper, enum style style, const char *bytes, size_t len)
{
	(void)paper;
	alert |= style == STYLE_ALERT;
	memcpy(text + text_len, bytes, len);
	text_len += len;
}

static void end(struct paper *paper)
{
	(void)paper;
	while (text_len && text[text_len - 1] == ' ')
		text_len--;
	text[text_len++] = '\n';
	text[text_len] = '\0';
}

static struct paper sheet(int width, bool utf8)
{
	text_len = 0;
	text[0] = '\0';
	alert = false;
	return (struct paper){ .width = width, .utf8 = utf8, .put = put, .end = end };
}

static void the_table_shows_what_there_is(void)
{
	struct paper paper = sheet(100, false);

	three_processes();
	top_draw_table(&paper, &model, &view, 10);
	check_text(text,
		   " PID USER       COMM     LOCKEDv CHANGE LIMIT USED       REF"
		   "                       HELD UNIT\n"
		   "  12 4200000001 someone      36K          64K  56% ##..."
		   "                             :: some.service\n"
		   "  13 4200000001 someone      24K    +4K   64K  37% #...."
		   "                             *# some.service\n"
		   "! 11 4200000001 someone       8K          64K  12% #....   2"
		   "                         :: some.service\n");
	check(alert);
}

static void no_line_is_wider_than_its_paper(void)
{
	for (int width = 1; width < 200; width++) {
		struct paper paper = sheet(width, false);
		const char *line = text;

		three_processes();
		top_draw_table(&paper, &model, &view, 10);
		while (*line) {
			check((int)strcspn(line, "\n") <= width);
			line += strcspn(line, "\n") + 1;
		}
	}
}

static void columns_go_before_the_important_ones_do(void)
{
	struct paper paper = sheet(52, false);

	three_processes();
	top_draw_table(&paper, &model, &view, 10);
	check(strstr(text, "PID") && strstr(text, "COMM") && strstr(text, "LOCKED") &&
	      strstr(text, "LIMIT") && strstr(text, "REF"));
	check(!strstr(text, "CHANGE"));
}

static void lines_of_history_are_scaled(void)
{
	static const uint64_t rising[] = { 0, 1, 50, 100 }, flat[] = { 7, 7 }, nothing[] = { 0, 0 };
	char line[BARS_SIZE(4)];

	bars_line(line, rising, 4, false);
	check_text(line, "_.=#");
	bars_line(line, rising, 4, true);
	check_text(line, "▁▂▅█");
	bars_line(line, flat, 2, true);
	check_text(line, "▄▄");
	bars_line(line, nothing, 2, true);
	check_text(line, "▁▁");
	bars_line(line, NULL, 0, true);
	check_text(line, "");
}

static void gauges_never_hide_the_first_or_the_last_part(void)
{
	static const struct {
		int percent;
		const char *wanted;
	} cases[] = {
		{ -1, "....." }, { 0, "....." }, { 1, "#...." }, { 40, "##..." }, { 99, "####." },
		{ 100, "#####" }, { 999, "#####" },
	};
	char gauge[BARS_SIZE(5)];

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		bars_gauge(gauge, cases[i].percent, 5, false);
		check_text(gauge, cases[i].wanted);
	}
}

static void paragraphs_keep_to_their_lines(void)
{
	struct paper paper = sheet(12, true);

	paper_text(&paper, STYLE_PLAIN, "a");
	paper_wrap(&paper, STYLE_PLAIN, 2, "one two three four five", 0);
	check_text(text, "a one two\n  three four\n  five\n");
	paper = sheet(12, true);
	paper_wrap(&paper, STYLE_PLAIN, 2, "one two three four five", 2);
	check_text(text, "  one two\n  three fou+\n");
	check_int(paper.line, 2);
	paper = sheet(12, true);
	paper_wrap(&paper, STYLE_PLAIN, 2, "one", 2);
	check_text(text, "  one\n\n");
}

static void what_a_locale_cannot_show_is_a_question_mark(void)
{
	struct paper paper = sheet(10, false);

	paper_cell(&paper, STYLE_PLAIN, "gr\xc3\xbc\xc3\x9f" "e", 4, false);
	paper_cell(&paper, STYLE_PLAIN, "x", 3, true);
	paper_end(&paper);
	check_text(text, "gr?+  x\n");
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(what_is_held_is_remembered_round_by_round),
		KTAP_TEST(a_history_has_an_end),
		KTAP_TEST(who_holds_nothing_any_more_is_forgotten),
		KTAP_TEST(who_was_refused_stays_for_a_minute),
		KTAP_TEST(a_refusal_does_not_hide_what_is_held),
		KTAP_TEST(the_last_refusals_are_kept),
		KTAP_TEST(a_pid_used_again_is_another_process),
		KTAP_TEST(restarts_without_end_fill_no_memory),
		KTAP_TEST(without_a_tracer_the_module_counts),
		KTAP_TEST(used_is_a_part_of_the_limit_that_holds),
		KTAP_TEST(letters_and_arrows_sort),
		KTAP_TEST(a_filter_is_typed_and_thought_better_of),
		KTAP_TEST(the_row_pointed_at_is_followed),
		KTAP_TEST(pages_are_entered_and_left),
		KTAP_TEST(a_user_is_entered),
		KTAP_TEST(the_window_goes_along),
		KTAP_TEST(the_table_shows_what_there_is),
		KTAP_TEST(no_line_is_wider_than_its_paper),
		KTAP_TEST(columns_go_before_the_important_ones_do),
		KTAP_TEST(lines_of_history_are_scaled),
		KTAP_TEST(gauges_never_hide_the_first_or_the_last_part),
		KTAP_TEST(paragraphs_keep_to_their_lines),
		KTAP_TEST(what_a_locale_cannot_show_is_a_question_mark),
	};
	int status = ktap_run(tests, KTAP_SIZE(tests));

	top_view_free(&view);
	top_free(&model);
	return status;
}
