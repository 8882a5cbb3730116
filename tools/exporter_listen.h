/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket that the exporter listens at, its own or one that it was started with.
 */
#ifndef TOOLS_EXPORTER_LISTEN_H
#define TOOLS_EXPORTER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/* Was a socket passed by the service manager ($LISTEN_FDS)? */
bool listen_is_passed(void);

/* Has it the form "HOST:PORT" or "[HOST]:PORT"? */
bool listen_is_address(const char *address);

/* That socket, else one bound to @address. A descriptor, or -1 after a message. */
int listen_open(const char *address);

/* Where that is, for people: "127.0.0.1:9435". */
void listen_name(int fd, char *buf, size_t size);

#endif
