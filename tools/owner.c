// SPDX-License-Identifier: GPL-2.0
#include "json.h"
#include "owner.h"

void owner_put_json(struct json_object *to, const struct owner *owner, const char *process)
{
	bool is_user = owner_is_user(owner->counter);

	json_put_text(to, "type", is_user ? "user" : process);
	json_put_text(to, "counter", mlocktrace_counter_name(owner->counter));
	json_put_known(to, "pid", owner->pid, !is_user);
	json_put_known(to, "start_ns", (int64_t)owner->start_ns, !is_user);
	if (is_user)
		json_put_null(to, "comm");
	else
		json_put_escaped(to, "comm", owner->comm, MLOCKTRACE_COMM_LEN);
	json_put_uint(to, "uid", owner->uid);
}
