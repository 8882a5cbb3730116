// SPDX-License-Identifier: GPL-2.0
/*
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT end tracing in order, or are COMMAND's.
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "message.h"
#include "signals.h"

static bool is_ignored(int signal_number)
{
	struct sigaction action;

	return !sigaction(signal_number, NULL, &action) && action.sa_handler == SIG_IGN;
}

int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* nohup: a signal that is blocked would arrive although it is ignored. SIGINT is taken
	 * all the same: scripts start background jobs with it ignored, and mean it when they
	 * send it. */
	if (!is_ignored(SIGHUP))
		sigaddset(&set, SIGHUP);
	if (!is_ignored(SIGQUIT))
		sigaddset(&set, SIGQUIT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static enum signal_wish interrupted(const struct child *child)
{
	static unsigned int times;

	switch (++times) {
	case 1:
		return SIGNAL_NONE;
	case 2:
		note("waiting for %s (process %d) to end; Ctrl-C again leaves it running",
		     child->argv[0], child->pid);
		return SIGNAL_NONE;
	default:
		return SIGNAL_ABANDON;
	}
}

enum signal_wish signals_read(int fd, const struct child *child)
{
	enum signal_wish wish = SIGNAL_NONE;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		bool from_terminal = info.ssi_code == SI_KERNEL;

		if (!child->running)
			wish = SIGNAL_STOP;
		else if (!from_terminal)
			kill(child->pid, info.ssi_signo);
		else if (info.ssi_signo == SIGINT && interrupted(child) == SIGNAL_ABANDON)
			wish = SIGNAL_ABANDON;
	}
	return wish;
}
