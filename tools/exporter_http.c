// SPDX-License-Identifier: GPL-2.0
/*
 * libmicrohttpd's callbacks: which request gets which answer, and when.
 */
#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exporter_http.h"
#include "exporter_pages.h"
#include "exporter_show.h"
#include "message.h"
#include "negotiate.h"

/* Clients that are told to go are still there for a moment, and one more has to get in. */
#define CONNECTIONS (CLIENTS_MOST + 32)
/* Request line and headers; it is libmicrohttpd that answers what is longer. */
#define MEMORY_PER_CONNECTION (16 << 10)

/* One that waits for a look */
struct request {
	struct request *next;
	struct MHD_Connection *connection;
	enum body body;
};

/* Of a request of which the headers were read, and nothing else happened yet */
static char headers_read;

static void say(void *ctx, const char *fmt, va_list args)
{
	char text[512];
	int len = vsnprintf(text, sizeof(text), fmt, args);

	(void)ctx;
	/* Its lines end in a newline, ours are given one. */
	if (len > 0 && len < (int)sizeof(text) && text[len - 1] == '\n')
		text[len - 1] = '\0';
	note("%s", text);
}

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void connection_event(void *ctx, struct MHD_Connection *connection, void **client,
			     enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http *http = ctx;

	if (code == MHD_CONNECTION_NOTIFY_STARTED && info)
		*client = clients_add(&http->clients, info->connect_fd);
	else if (code == MHD_CONNECTION_NOTIFY_CLOSED && *client)
		clients_remove(&http->clients, *client);
}

static void request_ended(void *ctx, struct MHD_Connection *connection, void **request,
			  enum MHD_RequestTerminationCode code)
{
	struct client *client = client_of(connection);
	struct http *http = ctx;

	(void)code;
	if (*request != &headers_read)
		free(*request);
	*request = NULL;
	if (client)
		clients_answered(&http->clients, client);
}

/* ---- answers ------------------------------------------------------------------------------ */

static enum MHD_Result send_and_forget(struct MHD_Connection *connection, unsigned int status,
				       struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static void add_headers(struct MHD_Response *response, const char *type)
{
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

static struct MHD_Response *constant(const char *text, size_t len, const char *type)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *)text, MHD_RESPMEM_PERSISTENT);

	if (response)
		add_headers(response, type);
	return response;
}

static enum MHD_Result send_words(struct MHD_Connection *connection, unsigned int status,
				  const char *words, const char *allow)
{
	struct MHD_Response *response = constant(words, strlen(words), "text/plain; charset=utf-8");

	if (response && allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	return send_and_forget(connection, status, response);
}

static enum MHD_Result send_failure(const struct http *http, struct MHD_Connection *connection)
{
	struct MHD_Response *response;
	char words[128];

	snprintf(words, sizeof(words), "cannot look at the machine: %s\n", look_problem(http->look, http->error));
	response = MHD_create_response_from_buffer(strlen(words), words, MHD_RESPMEM_MUST_COPY);
	if (response)
		add_headers(response, "text/plain; charset=utf-8");
	return send_and_forget(connection, MHD_HTTP_SERVICE_UNAVAILABLE, response);
}

static struct MHD_Response *render(const struct look *look, enum body body)
{
	enum metrics_format format = body == BODY_OPENMETRICS ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
	struct MHD_Response *response = NULL;
	size_t len;
	char *text = body == BODY_JSON ? show_json(look, &len) : show_metrics(look, format, true, &len);

	if (text)
		response = MHD_create_response_from_buffer_with_free_callback(len, text, free);
	if (!response) {
		free(text);
		return NULL;
	}
	add_headers(response, body == BODY_JSON ? "application/json" : metrics_content_type(format));
	if (body != BODY_JSON)
		MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	return response;
}

/* Those who waited for one look get one body, however slowly each takes it. */
static enum MHD_Result send_look(struct http *http, struct MHD_Connection *connection, enum body body)
{
	struct client *client = client_of(connection);

	if (client)
		client->owed = false;
	if (http->error)
		return send_failure(http, connection);
	if (!http->bodies[body])
		http->bodies[body] = render(http->look, body);
	return http->bodies[body] ? MHD_queue_response(connection, MHD_HTTP_OK, http->bodies[body]) : MHD_NO;
}

static enum MHD_Result wait_for_look(struct http *http, struct MHD_Connection *connection,
				     enum body body, void **context)
{
	struct request *request = malloc(sizeof(*request));
	struct client *client = client_of(connection);

	if (!request)
		return MHD_NO;
	*request = (struct request){ http->waiting, connection, body };
	*context = request;
	http->waiting = request;
	if (client)
		client->owed = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static enum MHD_Result send_page(struct http *http, struct MHD_Connection *connection, const char *path,
				 void **context)
{
	const struct page *page = page_at(path);
	const char *accept;

	if (!strcmp(path, "/metrics")) {
		accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
		return wait_for_look(http, connection, negotiate_format(accept) == METRICS_OPENMETRICS ?
				     BODY_OPENMETRICS : BODY_PROMETHEUS, context);
	}
	if (!strcmp(path, "/api/state"))
		return wait_for_look(http, connection, BODY_JSON, context);
	if (page)
		return send_and_forget(connection, MHD_HTTP_OK,
				       constant(page->text, page->end - page->text, page->type));
	return send_words(connection, MHD_HTTP_NOT_FOUND, "there is / and /metrics\n", NULL);
}

/* Called when the headers were read, for each part of a body, at the end of it, and after a look. */
static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **context)
{
	struct http *http = ctx;

	(void)version;
	(void)upload;
	if (!*context) {
		struct client *client = client_of(connection);

		*context = &headers_read;
		if (client)
			clients_asked(client);
		if (!strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD))
			return MHD_YES;
		/* Answered before its body was read, it has to close the connection. */
		return send_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n", "GET, HEAD");
	}
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (*context == &headers_read)
		return send_page(http, connection, path, context);
	return send_look(http, connection, ((const struct request *)*context)->body);
}

/* ---- the daemon --------------------------------------------------------------------------- */

int http_open(struct http *http, int fd, const struct look *look, bool verbose)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (verbose ? MHD_USE_ERROR_LOG : 0);

	*http = (struct http){ .look = look };
	http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, http,
					MHD_OPTION_EXTERNAL_LOGGER, say, NULL,
					MHD_OPTION_LISTEN_SOCKET, fd,
					MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
					MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
					MHD_OPTION_STRICT_FOR_CLIENT, 1,
					MHD_OPTION_NOTIFY_CONNECTION, connection_event, http,
					MHD_OPTION_NOTIFY_COMPLETED, request_ended, http,
					MHD_OPTION_END);
	if (http->daemon)
		return 0;
	error("cannot start the HTTP server: out of memory or of descriptors (ulimit -n)");
	close(fd);
	return -1;
}

int http_fd(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int http_run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;
	int late = clients_end_late(&http->clients);

	MHD_run(http->daemon);
	clients_end_gone(&http->clients);
	return sooner(MHD_get_timeout(http->daemon, &ms) == MHD_YES ? (int)ms : -1, late);
}

bool http_wants_look(const struct http *http)
{
	return http->waiting;
}

static void forget_bodies(struct http *http)
{
	for (size_t i = 0; i < BODY_MAX; i++) {
		if (http->bodies[i])
			MHD_destroy_response(http->bodies[i]);
		http->bodies[i] = NULL;
	}
}

void http_looked(struct http *http, int err)
{
	http->error = err;
	forget_bodies(http);
	while (http->waiting) {
		struct request *request = http->waiting;

		http->waiting = request->next;
		MHD_resume_connection(request->connection);
	}
}

void http_close(struct http *http)
{
	/* Connections that wait cannot be closed. */
	http_looked(http, 0);
	MHD_stop_daemon(http->daemon);
	forget_bodies(http);
}
