// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol of socket activation (sd_listen_fds(3)) is two variables and a descriptor number,
 * and promised to stay: libsystemd with its libraries would be a lot to load for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exporter_listen.h"
#include "message.h"

#define FIRST_PASSED 3
#define BACKLOG 128
#define LONGEST_ADDRESS 300

/* How many were passed to this process, and not to one that started it. */
static int passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	return pid && fds && atoi(pid) == getpid() ? atoi(fds) : 0;
}

bool listen_is_passed(void)
{
	return passed() > 0;
}

static int take_passed(void)
{
	int listening = 0, flags;
	socklen_t len = sizeof(listening);

	if (passed() > 1) {
		error("%d sockets were passed (LISTEN_FDS); the exporter listens at one: keep a single "
		      "ListenStream= in its .socket unit", passed());
		return -1;
	}
	if (getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) || !listening) {
		error("descriptor %d, which was passed (LISTEN_FDS), is no listening socket: the .socket "
		      "unit needs ListenStream= and Accept=no", FIRST_PASSED);
		return -1;
	}
	flags = fcntl(FIRST_PASSED, F_GETFL);
	fcntl(FIRST_PASSED, F_SETFL, flags | O_NONBLOCK);
	fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return FIRST_PASSED;
}

/* Cut it in two; both point into @copy. */
static bool cut(const char *address, char copy[LONGEST_ADDRESS], char **host, char **port)
{
	char *colon;
	size_t len;

	if (snprintf(copy, LONGEST_ADDRESS, "%s", address) >= LONGEST_ADDRESS)
		return false;
	colon = strrchr(copy, ':');
	if (!colon || !colon[1] || colon == copy)
		return false;
	*colon = '\0';
	*host = copy;
	*port = colon + 1;
	len = strlen(copy);
	if (*copy != '[')
		return !strchr(copy, ':');
	copy[len - 1] = copy[len - 1] == ']' ? '\0' : copy[len - 1];
	(*host)++;
	return len > 2 && strlen(*host) == len - 2;
}

bool listen_is_address(const char *address)
{
	char copy[LONGEST_ADDRESS], *host, *port;

	return cut(address, copy, &host, &port);
}

static int bound(const struct addrinfo *info)
{
	const int on = 1;
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;
	close(fd);
	return -errno;
}

static int bind_to(const char *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *found = NULL;
	char copy[LONGEST_ADDRESS], *host, *port;
	int err, fd = -EADDRNOTAVAIL;

	if (!cut(address, copy, &host, &port))
		return -1;
	err = getaddrinfo(host, port, &hints, &found);
	if (err) {
		error("--listen: %s: %s", address, gai_strerror(err));
		return -1;
	}
	for (const struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
		fd = bound(info);
	freeaddrinfo(found);
	if (fd < 0)
		error("cannot listen at %s: %s%s", address, strerror(-fd),
		      fd == -EADDRINUSE ? " (another exporter? `ss -tlnp` shows who)" : "");
	return fd < 0 ? -1 : fd;
}

int listen_open(const char *address)
{
	return listen_is_passed() ? take_passed() : bind_to(address);
}

void listen_name(int fd, char *buf, size_t size)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	snprintf(buf, size, "a socket that was passed");
	if (getsockname(fd, (struct sockaddr *)&address, &len) || address.ss_family == AF_UNIX ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(buf, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}
