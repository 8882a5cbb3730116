// SPDX-License-Identifier: GPL-2.0
/*
 * Paths of cgroups as they are found on machines: what each stands for.
 */
#include <errno.h>

#include <mlocktrace/mlocktrace.h>

#include "ktap.h"

#define ID "3f4a9c1de0b24f77a0c5b1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f70"
#define INNER "a1b2c3d4e5f60718293a4b5c6d7e8f901a2b3c4d5e6f708192a3b4c5d6e7f809"
#define POD "8f6c1b2d-2b5e-4a6f-9c3d-0e1f2a3b4c5d"
#define POD_ "8f6c1b2d_2b5e_4a6f_9c3d_0e1f2a3b4c5d"
#define USER "/user.slice/user-1000.slice/user@1000.service"

#define NONE MLOCKTRACE_UNIT_NONE
#define SYSTEMD MLOCKTRACE_UNIT_SYSTEMD
#define CONTAINER MLOCKTRACE_UNIT_CONTAINER
#define IN_POD MLOCKTRACE_UNIT_POD
#define MACHINE MLOCKTRACE_UNIT_MACHINE

static const struct {
	const char *path;
	enum mlocktrace_unit_kind kind;
	const char *name;
} rows[] = {
	/* docker */
	{ "/docker/" ID, CONTAINER, "docker-3f4a9c1de0b2" },
	{ "/system.slice/docker-" ID ".scope", CONTAINER, "docker-3f4a9c1de0b2" },
	{ "/system.slice/docker-" ID ".scope/init", CONTAINER, "docker-3f4a9c1de0b2" },
	{ USER "/user.slice/docker-" ID ".scope", CONTAINER, "docker-3f4a9c1de0b2" },
	{ "/docker/" ID "/docker/" INNER, CONTAINER, "docker-a1b2c3d4e5f6" },
	{ "/docker/" ID "/system.slice/nginx.service", CONTAINER, "docker-3f4a9c1de0b2" },
	{ "/system.slice:docker:" ID, CONTAINER, "docker-3f4a9c1de0b2" },
	{ "/system.slice/docker.service", SYSTEMD, "docker.service" },
	{ "/ecs/b5c7d1/" ID, CONTAINER, "container-3f4a9c1de0b2" },
	/* podman */
	{ "/machine.slice/libpod-" ID ".scope", CONTAINER, "podman-3f4a9c1de0b2" },
	{ "/machine.slice/libpod-" ID ".scope/container", CONTAINER, "podman-3f4a9c1de0b2" },
	{ "/machine.slice/libpod-conmon-" ID ".scope", CONTAINER, "podman-conmon-3f4a9c1de0b2" },
	{ "/machine.slice/machine-libpod_pod_" INNER ".slice/libpod-" ID ".scope", CONTAINER,
	  "podman-3f4a9c1de0b2" },
	{ USER "/user.slice/libpod-" ID ".scope/container", CONTAINER, "podman-3f4a9c1de0b2" },
	{ "/libpod_parent/libpod-" ID, CONTAINER, "podman-3f4a9c1de0b2" },
	/* containerd and cri-o without kubelet */
	{ "/default/" ID, CONTAINER, "containerd-3f4a9c1de0b2" },
	{ "/k8s.io/" ID, CONTAINER, "containerd-3f4a9c1de0b2" },
	{ "/system.slice/nerdctl-" ID ".scope", CONTAINER, "nerdctl-3f4a9c1de0b2" },
	{ "/system.slice/crio-" ID ".scope", CONTAINER, "cri-o-3f4a9c1de0b2" },
	{ "/system.slice/containerd.service", SYSTEMD, "containerd.service" },
	/* kubelet, by systemd and by itself */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_
	  ".slice/cri-containerd-" ID ".scope", IN_POD, "pod " POD "/3f4a9c1de0b2" },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope/container", IN_POD,
	  "pod " POD "/3f4a9c1de0b2" },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-conmon-" ID ".scope", IN_POD,
	  "pod " POD "/conmon-3f4a9c1de0b2" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_
	  ".slice/docker-" ID ".scope", IN_POD, "pod " POD "/3f4a9c1de0b2" },
	{ "/kubepods/burstable/pod" POD "/" ID, IN_POD, "pod " POD "/3f4a9c1de0b2" },
	{ "/kubepods/pod" POD "/" ID, IN_POD, "pod " POD "/3f4a9c1de0b2" },
	{ "/kubepods/besteffort/pod3aefc26dd9c6d5e01b8d3c0ab2a83c53/" ID, IN_POD,
	  "pod 3aefc26dd9c6d5e01b8d3c0ab2a83c53/3f4a9c1de0b2" },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" POD_ ".slice:cri-containerd:" ID,
	  IN_POD, "pod " POD "/3f4a9c1de0b2" },
	{ "/docker/" INNER "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	  "kubelet-kubepods-burstable-pod" POD_ ".slice/cri-containerd-" ID ".scope", IN_POD,
	  "pod " POD "/3f4a9c1de0b2" },
	{ "/kubepods/burstable/pod" POD, IN_POD, "pod " POD },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_ ".slice", IN_POD,
	  "pod " POD },
	{ "/kubepods.slice/kubepods-burstable.slice", SYSTEMD, "kubepods-burstable.slice" },
	{ "/podman", NONE, "/podman" },
	{ "/srv/podbad/x", NONE, "/srv/podbad/x" },
	/* lxc */
	{ "/lxc/101/ns/system.slice/nginx.service", CONTAINER, "lxc 101" },
	{ "/lxc.payload.web/system.slice/nginx.service", CONTAINER, "lxc web" },
	{ "/lxc.payload/web", CONTAINER, "lxc web" },
	{ "/lxc.monitor.web", CONTAINER, "lxc web" },
	{ "/lxc.payload.web/docker/" ID, CONTAINER, "docker-3f4a9c1de0b2" },
	/* machines */
	{ "/machine.slice/systemd-nspawn@debian.service/payload/system.slice/cron.service", MACHINE,
	  "machine debian" },
	{ "/machine.slice/machine-debian.scope/payload", MACHINE, "machine debian" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dfedora.scope/libvirt/vcpu0", MACHINE,
	  "machine qemu-1-fedora" },
	{ "/machine.slice", SYSTEMD, "machine.slice" },
	/* systemd */
	{ "/init.scope", SYSTEMD, "init.scope" },
	{ "/system.slice/nginx.service", SYSTEMD, "nginx.service" },
	{ "/system.slice/docker.service/supervisor", SYSTEMD, "docker.service" },
	{ "/system.slice/system-getty.slice/getty@tty1.service", SYSTEMD, "getty@tty1.service" },
	{ "/system.slice/system-postgresql.slice/postgresql@15-main.service", SYSTEMD,
	  "postgresql@15-main.service" },
	{ "/system.slice/system-systemd\\x2dcryptsetup.slice/systemd-cryptsetup@luks\\x2droot.service",
	  SYSTEMD, "systemd-cryptsetup@luks-root.service" },
	{ "/system.slice/run-credentials.mount", SYSTEMD, "run-credentials.mount" },
	{ "/system.slice/_cgroup.service", SYSTEMD, "cgroup.service" },
	{ "/system.slice", SYSTEMD, "system.slice" },
	{ "/system.slice/snap.lxd.daemon.service", SYSTEMD, "snap.lxd.daemon.service" },
	{ "/user.slice/user-1000.slice", SYSTEMD, "user-1000.slice" },
	{ "/user.slice/user-1000.slice/session-3.scope", SYSTEMD, "user@1000/session-3.scope" },
	{ USER, SYSTEMD, "user@1000.service" },
	{ USER "/init.scope", SYSTEMD, "user@1000/init.scope" },
	{ USER "/app.slice", SYSTEMD, "user@1000.service" },
	{ USER "/app.slice/app-gnome-firefox-4242.scope", SYSTEMD,
	  "user@1000/app-gnome-firefox-4242.scope" },
	{ USER "/app.slice/app-org.gnome.Terminal.slice/vte-spawn-" POD ".scope", SYSTEMD,
	  "user@1000/vte-spawn-" POD ".scope" },
	{ USER "/session.slice/org.gnome.Shell@wayland.service", SYSTEMD,
	  "user@1000/org.gnome.Shell@wayland.service" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/dbus\\x2dbroker.service", SYSTEMD,
	  "user@1000/dbus-broker.service" },
	/* nobody's */
	{ "/", NONE, "/" },
	{ "", NONE, "" },
	{ "/batch/job 7", NONE, "/batch/job 7" },
	{ "/../../elsewhere", NONE, "/../../elsewhere" },
	{ "/docker-compose", NONE, "/docker-compose" },
	{ "/docker-cafe.scope", SYSTEMD, "docker-cafe.scope" },
	{ "/.service/.slice", NONE, "/.service/.slice" },
	{ "/a\\x00b.service", SYSTEMD, "a\\x00b.service" },
	{ "/a\\x2.service", SYSTEMD, "a\\x2.service" },
};

static void paths_have_the_names_people_know(void)
{
	for (size_t i = 0; i < KTAP_SIZE(rows); i++) {
		enum mlocktrace_unit_kind kind = MLOCKTRACE_UNIT_MAX;
		char name[256];
		int n = mlocktrace_unit_name(rows[i].path, &kind, name, sizeof(name));

		check_text(name, rows[i].name);
		check_int(n, strlen(rows[i].name));
		if (!check_int(kind, rows[i].kind))
			printf("# %s\n", rows[i].path);
	}
}

static void a_short_buffer_gets_what_it_has_room_for(void)
{
	char name[8] = "-------";

	check_int(mlocktrace_unit_name("/system.slice/nginx.service", NULL, name, 6), 13);
	check_text(name, "nginx");
	check(name[6] == '-');
	check_int(mlocktrace_unit_name("/system.slice/nginx.service", NULL, NULL, 0), 13);
	check_int(mlocktrace_unit_name(NULL, NULL, name, sizeof(name)), -EINVAL);
}

static void kinds_have_names(void)
{
	for (unsigned int kind = 0; kind < MLOCKTRACE_UNIT_MAX; kind++)
		check(mlocktrace_unit_kind_name(kind) != NULL);
	check_text(mlocktrace_unit_kind_name(MLOCKTRACE_UNIT_POD), "pod");
	check(mlocktrace_unit_kind_name(MLOCKTRACE_UNIT_MAX) == NULL);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(paths_have_the_names_people_know),
		KTAP_TEST(a_short_buffer_gets_what_it_has_room_for),
		KTAP_TEST(kinds_have_names),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
