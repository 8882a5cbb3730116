/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The exporter's HTTP side, in the thread that looks, so that nothing is shared between threads.
 * What needs a look waits until there was one, all that came before it together.
 */
#ifndef TOOLS_EXPORTER_HTTP_H
#define TOOLS_EXPORTER_HTTP_H

#include <stdbool.h>

#include "exporter_clients.h"
#include "exporter_look.h"

struct MHD_Daemon;
struct MHD_Response;
struct request;

/* What is made of a look */
enum body { BODY_PROMETHEUS, BODY_OPENMETRICS, BODY_JSON, BODY_MAX };

struct http {
	struct MHD_Daemon *daemon;
	const struct look *look;
	struct clients clients;
	struct request *waiting;
	struct MHD_Response *bodies[BODY_MAX]; /* of the last look, as far as asked for */
	int error;			       /* that look failed: -errno */
};

/* Serve at @fd, which is ours to close from then on. 0, or -1 after a message. */
int http_open(struct http *http, int fd, const struct look *look, bool verbose);
void http_close(struct http *http);

/* Readable when there is something to do. */
int http_fd(const struct http *http);
/* Do it. Returns milliseconds after which to call again at the latest, -1 = any. */
int http_run(struct http *http);

bool http_wants_look(const struct http *http);
/* There was one; @err: 0, or why it failed. */
void http_looked(struct http *http, int err);

#endif
