// SPDX-License-Identifier: GPL-2.0
/*
 * exporter: metrics of who holds locked memory and what was refused, for Prometheus. One thread:
 * it answers, looks and writes by turns.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "exporter_http.h"
#include "exporter_listen.h"
#include "exporter_look.h"
#include "exporter_privileges.h"
#include "exporter_show.h"
#include "exporter_textfile.h"
#include "message.h"
#include "options.h"
#include "signals.h"
#include "values.h"
#include "words.h"

/* Whoever asks all the time gets answers, and a fifth of a processor at most. */
#define LEAST_GAP_NS 100000000ULL
#define MOST_GAP_NS 2000000000ULL
#define GAP_OF_LOOK 4

struct exporter {
	const struct options *o;
	struct look look;
	struct http http;
	bool serves;
	size_t hidden; /* processes that were hidden while all privileges were there */
	uint64_t next_look_ns;
	uint64_t next_text_ns;
	int look_error, text_error; /* of the last attempts, to be told once */
};

static int write_text(struct exporter *exporter)
{
	bool goes_on = exporter->o->interval_ns;
	size_t len;
	char *text = show_metrics(&exporter->look, METRICS_PROMETHEUS, goes_on, &len);
	int err = text ? textfile_write(exporter->o->textfile, text, len) : -ENOMEM;

	free(text);
	return err;
}

static int look(struct exporter *exporter)
{
	uint64_t gap;
	int err = look_take(&exporter->look);

	if (err && err != exporter->look_error)
		error("cannot look at the machine: %s", look_problem(&exporter->look, err));
	exporter->look_error = err;
	gap = GAP_OF_LOOK * exporter->look.duration_ns;
	gap = gap < LEAST_GAP_NS ? LEAST_GAP_NS : gap > MOST_GAP_NS ? MOST_GAP_NS : gap;
	exporter->next_look_ns = clock_ns() + gap;
	return err;
}

/* ---- set up ------------------------------------------------------------------------------- */

static int work(void *ctx)
{
	struct exporter *exporter = ctx;
	int err = look_take(&exporter->look);

	if (!err && exporter->look.total.n_hidden > exporter->hidden)
		err = -EACCES;
	if (!err && exporter->o->textfile)
		err = write_text(exporter);
	return err;
}

static int drop_privileges(struct exporter *exporter, const struct account *account)
{
	char kept[256];

	if (look(exporter))
		return STATUS_FAILED;
	exporter->hidden = exporter->look.total.n_hidden;
	if (privileges_drop(account, work, exporter, kept, sizeof(kept)))
		return STATUS_FAILED;
	note("runs as user %u; of the capabilities it %s%s", getuid(), *kept ? "keeps " : "keeps none", kept);
	return STATUS_OK;
}

static int check_options(const struct options *o)
{
	const struct command *command = command_by_bit(ON_EXPORTER);
	enum mlocktrace_group by;
	char words[64];

	if (o->n_operands)
		return usage(command, "\"%s\": exporter takes options only", o->operands[0]);
	if (!o->listen && !o->textfile && !listen_is_passed())
		return usage(command, "where to? Give --listen HOST:PORT, as in 127.0.0.1:9435, or "
			     "--textfile FILE");
	if (o->listen && !listen_is_address(o->listen))
		return usage(command, "\"%s\" is no address; give HOST:PORT, as in 127.0.0.1:9435 or [::1]:9435",
			     o->listen);
	if (o->interval_ns && !o->textfile)
		return usage(command, "--interval is how often the file of --textfile is written; a scrape "
			     "comes when it comes");
	if (o->textfile && !o->interval_ns && (o->listen || listen_is_passed()))
		return usage(command, "--textfile beside --listen needs --interval SECONDS");
	if (look_by(o->by, &by))
		return usage(command, "--by %s: there are %s", o->by,
			     words_text(look_by_word, words, sizeof(words)));
	if (source_is_recording(o))
		return usage(command, "\"%s\": an exporter is live; give auto, bpf or kmod", o->source);
	return STATUS_OK;
}

static int serve_at(struct exporter *exporter, int fd)
{
	char address[300];

	listen_name(fd, address, sizeof(address));
	if (http_open(&exporter->http, fd, &exporter->look, exporter->o->verbose))
		return STATUS_FAILED;
	exporter->serves = true;
	note("http://%s/metrics, by %s, tier %s; snapshots by %s", address,
	     mlocktrace_source(exporter->look.counting), mlocktrace_tier(exporter->look.counting),
	     mlocktrace_snapshot_method(exporter->look.snapshot));
	if (*mlocktrace_snapshot_blind(exporter->look.snapshot))
		note("not seen: %s", mlocktrace_snapshot_blind(exporter->look.snapshot));
	return STATUS_OK;
}

/* ---- work --------------------------------------------------------------------------------- */

/* Whoever takes care of the file finds its time old; the service goes on. */
static void write_again(struct exporter *exporter)
{
	if (!look(exporter)) {
		int err = write_text(exporter);

		if (err && err != exporter->text_error)
			error("cannot write %s: %s; tried again every %g s", exporter->o->textfile,
			      strerror(-err), exporter->o->interval_ns / 1e9);
		exporter->text_error = err;
	}
	exporter->next_text_ns = clock_ns() + exporter->o->interval_ns;
}

/* Milliseconds until then, rounded up; 0 if that is past. */
static int until(uint64_t ns)
{
	uint64_t now = clock_ns(), ms = ns > now ? (ns - now + 999999) / 1000000 : 0;

	return ms > INT_MAX ? INT_MAX : ms;
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* All that is to be done now. Returns milliseconds until there is something else, -1 = no end. */
static int do_what_is_due(struct exporter *exporter)
{
	int timeout = -1;

	if (exporter->o->textfile) {
		if (!until(exporter->next_text_ns))
			write_again(exporter);
		timeout = until(exporter->next_text_ns);
	}
	if (exporter->serves) {
		timeout = sooner(timeout, http_run(&exporter->http));
		if (http_wants_look(&exporter->http) && !until(exporter->next_look_ns)) {
			http_looked(&exporter->http, look(exporter));
			return 0;
		}
		if (http_wants_look(&exporter->http))
			timeout = sooner(timeout, until(exporter->next_look_ns));
	}
	return timeout;
}

static int run(struct exporter *exporter, int signal_fd)
{
	const struct child nobody = { 0 };
	struct pollfd fds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = exporter->serves ? http_fd(&exporter->http) : -1, .events = POLLIN },
	};

	for (;;) {
		int timeout = do_what_is_due(exporter);

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout) < 0 && errno != EINTR) {
			error("cannot wait: %s", strerror(errno));
			return STATUS_FAILED;
		}
		if (fds[0].revents && signals_read(signal_fd, &nobody) != SIGNAL_NONE)
			return STATUS_OK;
	}
}

static int write_once(struct exporter *exporter)
{
	int err = look(exporter);

	if (err)
		return STATUS_FAILED;
	err = write_text(exporter);
	if (err)
		error("cannot write %s: %s", exporter->o->textfile, strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

static int serve(struct exporter *exporter, int fd, const struct account *account)
{
	int status = drop_privileges(exporter, account), signal_fd = -1;

	if (status == STATUS_OK) {
		signal_fd = signals_open();
		if (signal_fd < 0)
			error("cannot receive signals: %s", strerror(-signal_fd));
	}
	if (status || signal_fd < 0) {
		if (fd >= 0)
			close(fd);
		return STATUS_FAILED;
	}
	status = fd < 0 ? STATUS_OK : serve_at(exporter, fd);
	if (status == STATUS_OK)
		status = run(exporter, signal_fd);
	if (exporter->serves)
		http_close(&exporter->http);
	close(signal_fd);
	return status;
}

int cmd_exporter(struct options *o)
{
	struct exporter exporter = { .o = o };
	bool listens = o->listen || listen_is_passed();
	struct account account;
	int status = check_options(o), fd = -1;

	if (status || privileges_account(o->user, &account))
		return status ? status : STATUS_USAGE;
	if (listens) {
		fd = listen_open(o->listen);
		if (fd < 0)
			return STATUS_FAILED;
	}
	status = look_open(&exporter.look, o);
	if (status && fd >= 0)
		close(fd);
	else if (!status)
		status = listens || o->interval_ns ? serve(&exporter, fd, &account) : write_once(&exporter);
	look_close(&exporter.look);
	return status;
}
