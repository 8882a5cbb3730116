/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connections, none of which may stay for as long as it likes. A time limit on silence would
 * not do: a client that sends or takes a byte now and then is not silent.
 */
#ifndef TOOLS_EXPORTER_CLIENTS_H
#define TOOLS_EXPORTER_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENTS_MOST 64
/* From one answer to the end of the next one; longer than most collectors wait between scrapes */
#define CLIENT_SECONDS 90

struct client {
	struct client *next;
	int fd;
	uint64_t since_ns;
	bool asked; /* its request has come, and the answer is not yet sent in full */
	bool owed;  /* it waits for a look */
};

struct clients {
	struct client *list; /* the one that waits for the longest time last */
	size_t n;
};

/* One more; if there are too many, the one that has kept us waiting longest has to go. NULL = no
 * memory. */
struct client *clients_add(struct clients *clients, int fd);
void clients_remove(struct clients *clients, struct client *client);
/* Its request has come in full. */
void clients_asked(struct client *client);
/* It was answered, and may ask again. */
void clients_answered(struct clients *clients, struct client *client);
/* End those who hung up. libmicrohttpd 0.9.75 is told once that there is something to read, and does
 * not look again when a short request or none came together with its end. */
void clients_end_gone(struct clients *clients);
/* End those whose time is over. Returns milliseconds until the next one's, or -1. */
int clients_end_late(struct clients *clients);

#endif
