// SPDX-License-Identifier: GPL-2.0
/*
 * Starting COMMAND. Two pipes: one on which the child waits for its release,
 * one on which it reports why exec failed; exec itself closes the latter.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "message.h"

enum { STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128 };

static int exec_failure_status(int err)
{
	return err == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
}

/* Why there is no COMMAND. */
struct failure {
	int err;
	bool of_identity; /* before exec: it could not become the user */
};

static void __attribute__((noreturn))
be_command(char **argv, int go, int exec_error, const struct identity *as, bool stdout_to_stderr)
{
	struct failure failure = { 0 };
	char byte;

	if (TEMP_FAILURE_RETRY(read(go, &byte, 1)) != 1)
		_exit(STATUS_FAILED);
	if (stdout_to_stderr)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	if (as) {
		failure.err = -identity_take(as);
		failure.of_identity = failure.err != 0;
	}
	if (!failure.err) {
		execvp(argv[0], argv);
		failure.err = errno;
	}
	/* Nothing can be done about a parent that does not listen. */
	if (write(exec_error, &failure, sizeof(failure)) < 0)
		failure.err = ENOENT;
	_exit(exec_failure_status(failure.err));
}

int child_start(struct child *child, char **argv, const struct identity *as, bool stdout_to_stderr)
{
	int go[2], exec_error[2], err;

	if (pipe2(go, O_CLOEXEC)) {
		err = errno;
		goto fail;
	}
	if (pipe2(exec_error, O_CLOEXEC)) {
		err = errno;
		goto close_go;
	}
	child->pid = fork();
	if (child->pid < 0) {
		err = errno;
		goto close_exec_error;
	}
	if (!child->pid) {
		close(go[1]);
		close(exec_error[0]);
		be_command(argv, go[0], exec_error[1], as, stdout_to_stderr);
	}
	/* With SIGCHLD ignored the kernel would throw its exit status away. */
	signal(SIGCHLD, SIG_DFL);
	close(go[0]);
	close(exec_error[1]);
	child->argv = argv;
	child->go = go[1];
	child->exec_error = exec_error[0];
	child->running = true;
	child->pidfd = syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd >= 0)
		return 0;
	error("cannot watch %s: %s", argv[0], strerror(errno));
	child_close(child);
	return -1;

close_exec_error:
	close(exec_error[0]);
	close(exec_error[1]);
close_go:
	close(go[0]);
	close(go[1]);
fail:
	child->pid = 0;
	error("cannot start %s: %s", argv[0], strerror(err));
	return -1;
}

int child_release(struct child *child)
{
	int err = write(child->go, "", 1) == 1 ? 0 : -errno;

	close(child->go);
	child->go = -1;
	return err;
}

void child_collect(struct child *child)
{
	struct failure failure;
	int status;

	if (TEMP_FAILURE_RETRY(waitpid(child->pid, &status, 0)) < 0)
		child->status = STATUS_FAILED;
	else if (WIFSIGNALED(status))
		child->status = STATUS_SIGNAL + WTERMSIG(status);
	else
		child->status = WEXITSTATUS(status);
	child->running = false;
	if (read(child->exec_error, &failure, sizeof(failure)) == sizeof(failure)) {
		child->exec_failed = true;
		child->status = exec_failure_status(failure.err);
		error(failure.of_identity ? "cannot run %s as another user: %s; be root" :
					    "cannot run %s: %s",
		      child->argv[0], strerror(failure.err));
	}
	close(child->exec_error);
	close(child->pidfd);
	child->exec_error = child->pidfd = -1;
}

void child_close(struct child *child)
{
	bool held = child->running && child->go >= 0;

	if (!child->pid)
		return;
	if (child->go >= 0)
		close(child->go);
	if (child->exec_error >= 0)
		close(child->exec_error);
	if (child->pidfd >= 0)
		close(child->pidfd);
	if (held)
		waitpid(child->pid, NULL, 0);
	child->go = child->exec_error = child->pidfd = -1;
	child->pid = 0;
}
