// SPDX-License-Identifier: GPL-2.0
/*
 * A connection is ended by shutting its socket down: libmicrohttpd notices, and lets go of it.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "exporter_clients.h"
#include "clock.h"

#define CLIENT_NS (CLIENT_SECONDS * 1000000000ULL)

static void put_first(struct clients *clients, struct client *client)
{
	client->since_ns = clock_ns();
	client->next = clients->list;
	clients->list = client;
	clients->n++;
}

static void take_out(struct clients *clients, const struct client *client)
{
	struct client **at = &clients->list;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	clients->n--;
}

static struct client *slowest(const struct clients *clients)
{
	struct client *found = NULL;

	for (struct client *client = clients->list; client; client = client->next)
		if (!client->owed)
			found = client;
	return found;
}

static void end(struct clients *clients, struct client *client)
{
	shutdown(client->fd, SHUT_RDWR);
	/* Until it is gone, others are slower. */
	take_out(clients, client);
	put_first(clients, client);
}

struct client *clients_add(struct clients *clients, int fd)
{
	struct client *client = malloc(sizeof(*client)), *slow = slowest(clients);

	if (!client)
		return NULL;
	if (clients->n >= CLIENTS_MOST && slow)
		end(clients, slow);
	*client = (struct client){ .fd = fd };
	put_first(clients, client);
	return client;
}

void clients_remove(struct clients *clients, struct client *client)
{
	take_out(clients, client);
	free(client);
}

void clients_asked(struct client *client)
{
	client->asked = true;
}

void clients_answered(struct clients *clients, struct client *client)
{
	client->asked = false;
	client->owed = false;
	take_out(clients, client);
	put_first(clients, client);
}

void clients_end_gone(struct clients *clients)
{
	char c;

	/* Half a connection is enough to be answered. */
	for (struct client *client = clients->list; client; client = client->next)
		if (!client->asked && !recv(client->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT))
			shutdown(client->fd, SHUT_RDWR);
}

int clients_end_late(struct clients *clients)
{
	uint64_t now = clock_ns();
	struct client *client;

	while ((client = slowest(clients)) && now - client->since_ns >= CLIENT_NS)
		end(clients, client);
	return client ? (int)((CLIENT_NS - (now - client->since_ns)) / 1000000 + 1) : -1;
}
