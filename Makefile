# SPDX-License-Identifier: GPL-2.0
#
# make               library, tools and eBPF programs, under build/
# make deps          install the Debian packages that building and testing need
# make demo          deps, build, then trace a real program that gets refused
# make check         deps, build, then every test: here and in virtual machines
# make check-kernels the live tests on the oldest and the newest kernels
# make check-debug-kernel  on kernels that watch themselves, built first; DEBUG_KERNELS=
# make check-exporter three minutes of scrapes under load, each compared with /proc
# make bench         deps, build, then what tracing costs, ours and others'
# make install       DESTDIR= PREFIX=; make uninstall takes away the same files
# make deb           Debian packages, into build/deb/
# make kmod          KDIR=: the kernel module, for the kernel whose headers are there
# make modules_install, make install-dkms: it, or its source for DKMS
# make clean
#
# V=1 shows the commands.

VERSION := 0.1.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
B := build

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
BPFTOOL ?= bpftool
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
MLT_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -Iinclude -MMD -MP -DMLOCKTRACE_VERSION='"$(VERSION)"'
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter \
	-Werror=implicit-function-declaration -D__TARGET_ARCH_x86 \
	-Iinclude -Ibpf -MMD -MP
LIBS := -lbpf -ljson-c -ldw -lelf
# Of the tools alone
TOOL_LIBS := -lmicrohttpd -lcap-ng -lncursesw -ltinfo

# bpftool is there, and Debian's PATH of an ordinary user is not.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

V ?= 0
ifeq ($(V),0)
Q := @
msg = @printf '  %-8s %s\n' '$(1)' '$(2)';
else
msg =
endif

# body/*.c is compiled by the kernel module, too.
lib_src := $(wildcard lib/*.c body/*.c)
lib_obj := $(lib_src:%.c=$(B)/%.o)
lib_pic := $(lib_src:%.c=$(B)/pic/%.o)
lib_san := $(lib_src:%.c=$(B)/sanitized/%.o)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
tool_obj := $(patsubst %.c,$(B)/%.o,$(wildcard tools/*.c))
unit_bin := $(patsubst %.c,$(B)/%,$(wildcard selftests/unit/*.c))
man1 := $(wildcard Documentation/man/*.1)
man3 := $(wildcard Documentation/man/*.3)
man7 := $(wildcard Documentation/man/*.7)
# PAGE:FUNCTION for each function that a page of another name has in its NAME
man3_aliases := $(shell awk 'FNR == 1 { page = FILENAME; gsub(".*/|[.]3$$", "", page) } \
	/^[.]Nm mlocktrace_/ && $$2 != page { print page ":" $$2 }' $(man3))
man3_links := $(foreach alias,$(man3_aliases),$(B)/man/$(lastword $(subst :, ,$(alias))).3)
examples := $(patsubst Documentation/%.c,$(B)/%,$(wildcard Documentation/examples/*.c))
skeletons := $(B)/bpf/mlocktrace.skel.h $(B)/bpf/mlocktrace_nofetch.skel.h
completions := $(addprefix $(B)/completion/,bash zsh fish)
soname := libmlocktrace.so.0

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all tools-there deps demo tests check check-exporter check-kernels check-debug-kernel
.PHONY: bench install uninstall deb clean
.PHONY: kmod kmod-tree modules_install install-dkms

all: tools-there $(B)/mlocktrace $(B)/libmlocktrace.so $(B)/libmlocktrace.a $(B)/libmlocktrace.pc \
	$(completions) $(man3_links) $(B)/mlocktrace-exporter.service

# For targets that build first: all processors, unless make was told how many.
at_once = --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

deps:
	@scripts/deps.sh scripts/packages selftests/packages selftests/vm/packages

demo: deps
	@$(MAKE) $(at_once) all
	@scripts/demo.sh $(B)/mlocktrace

tools-there:
	@for tool in $(CC) $(CLANG) $(BPFTOOL); do command -v $$tool >/dev/null || { \
		echo "$$tool is missing: run make deps (as root)" >&2; exit 1; }; done

# ---- eBPF programs: of mlocktrace.bpf.c two objects (see lib/source_bpf_load.c)

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bpf/mlocktrace_nofetch.bpf.o: bpf/mlocktrace.bpf.c
	$(call msg,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DMLT_NO_ATOMIC_FETCH -c $< -o $@

# gen object strips DWARF and keeps BTF: the skeleton is embedded whole.
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen object $(B)/bpf/$*.linked.o $<
	$(Q)$(BPFTOOL) gen skeleton $(B)/bpf/$*.linked.o name $*_bpf > $@

$(B)/lib/source_bpf_load.o $(B)/pic/lib/source_bpf_load.o $(B)/sanitized/lib/source_bpf_load.o: \
	$(skeletons)

$(B)/lib/snapshot_bpf.o $(B)/pic/lib/snapshot_bpf.o $(B)/sanitized/lib/snapshot_bpf.o: \
	$(B)/bpf/snapshot.skel.h

# ---- library and tools

$(B)/pic/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -fPIC -fvisibility=hidden -Ilib -I$(B)/bpf -c $< -o $@

$(B)/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -fvisibility=hidden -Ilib -I$(B)/bpf -c $< -o $@

$(B)/tools/%.o: tools/%.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -c $< -o $@

$(B)/libmlocktrace.a: $(lib_obj)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/$(soname): $(lib_pic) lib/libmlocktrace.map
	$(call msg,LD,$@)
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-soname,$(soname) -Wl,--version-script=lib/libmlocktrace.map -Wl,-z,defs \
		$(LDFLAGS) $(lib_pic) $(LIBS) -o $@

$(B)/libmlocktrace.so: $(B)/$(soname)
	$(Q)ln -sf $(soname) $@

$(B)/mlocktrace: $(tool_obj) $(B)/libmlocktrace.a
	$(call msg,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) $(TOOL_LIBS) -o $@

$(completions): $(B)/completion/%: $(B)/mlocktrace
	@mkdir -p $(@D)
	$(Q)$< completion $* > $@

$(man3_links): $(B)/man/%.3: $(man3)
	@mkdir -p $(@D)
	$(Q)echo .so man3/$(patsubst %:$*,%,$(filter %:$*,$(man3_aliases))).3 > $@

# Files that are part of the program, and the compiler does not tell.
$(B)/tools/exporter_pages.o: $(wildcard tools/page/*)
$(B)/tools/completion_bash.o $(B)/tools/completion_zsh.o $(B)/tools/completion_fish.o: \
	$(wildcard tools/completion/*)

# Looked at in every build: PREFIX may be another one each time.
.PHONY: $(B)/libmlocktrace.pc $(B)/mlocktrace-exporter.service
$(B)/libmlocktrace.pc:
	@mkdir -p $(@D)
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' lib/libmlocktrace.pc.in > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# In contrib/ it is ready to be copied.
$(B)/mlocktrace-exporter.service: contrib/systemd/mlocktrace-exporter.service
	@mkdir -p $(@D)
	$(Q)sed 's|/usr/local/bin/|$(PREFIX)/bin/|' $< > $@

# ---- kernel module
#
# Kbuild puts its objects beside the sources, so it gets a folder of links to them,
# one for each kernel. DKMS and check-kmod.sh set KMOD.

KDIR ?= /lib/modules/$(shell uname -r)/build
# What uname -r says; Debian's kernel.release has the upstream version in some.
kmod_release = $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	'$(KDIR)/include/generated/utsrelease.h' 2>/dev/null)
KMOD ?= $(B)/kmod/$(kmod_release)
# Types for BPF programs would need pahole, and nothing here asks for them.
kbuild = $(MAKE) -C '$(KDIR)' M='$(abspath $(KMOD))' MLOCKTRACE_VERSION=$(VERSION) \
	CONFIG_DEBUG_INFO_BTF_MODULES=

kmod-tree:
	@[ -n '$(kmod_release)' ] || { \
		echo "no kernel headers in $(KDIR): install them, or set KDIR" >&2; exit 1; }
	@mkdir -p $(KMOD)/kmod $(KMOD)/body
	@find $(KMOD) -xtype l -delete
	@ln -sfn $(abspath kmod/Kbuild include) $(KMOD)
	@ln -sf $(abspath $(wildcard kmod/*.[ch])) $(KMOD)/kmod
	@ln -sf $(abspath $(wildcard body/*.[ch])) $(KMOD)/body

kmod: kmod-tree
	+$(Q)$(kbuild) modules

# INSTALL_MOD_PATH is kbuild's DESTDIR.
modules_install: kmod
	+$(Q)$(kbuild) INSTALL_MOD_PATH='$(DESTDIR)' modules_install

dkms_tree := /usr/src/mlocktrace-$(VERSION)
dkms_files := dkms.conf Makefile $(wildcard kmod/* body/* include/*/*)

# Then: dkms install mlocktrace/$(VERSION)
install-dkms:
	$(Q)for file in $(dkms_files); do \
		install -D -m 644 "$$file" "$(DESTDIR)$(dkms_tree)/$$file" || exit 1; done

# ---- tests

$(B)/sanitized/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) $(SANITIZE) -Ilib -I$(B)/bpf -c $< -o $@

$(B)/sanitized/libmlocktrace.a: $(lib_san)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Hostile records and recordings are thrown at the library: what they break must be seen.
$(B)/selftests/unit/%: selftests/unit/%.c $(B)/sanitized/libmlocktrace.a
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) $(SANITIZE) -Ilib -Itools -Iselftests $< $(filter %.o,$^) \
		$(B)/sanitized/libmlocktrace.a $(LIBS) -o $@

# Of the tools, what can be tested alone
$(foreach name,labels metrics negotiate,$(eval $(B)/selftests/unit/$(name): $(B)/sanitized/tools/$(name).o))
$(B)/selftests/unit/top: $(patsubst %,$(B)/sanitized/tools/%.o,bars columns message paper ps_columns \
	ps_rows ps_text top_list top_model top_table top_view wrap)

# As a user of the library builds them
$(B)/examples/%: Documentation/examples/%.c $(B)/libmlocktrace.a
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) $< $(B)/libmlocktrace.a $(LIBS) -o $@

tests: all $(unit_bin) $(examples)
	$(Q)$(MAKE) --no-print-directory -C selftests
	$(Q)$(MAKE) --no-print-directory -C bench

# Two kernels stand for the tiers; check-kernels adds PREEMPT_RT and the ends of the range.
check: deps
	@$(MAKE) $(at_once) tests
	@selftests/run

check-exporter: deps
	@$(MAKE) $(at_once) tests
	@MLT_SCRAPE_SECONDS=180 selftests/run --only 'live/fleet *' live

check-kernels: deps
	@$(MAKE) $(at_once) tests
	@selftests/run --kernel 5.10 --kernel 6.12-rt --kernel 6.18 --kernel newest vm

# Half an hour and more, for each kernel; most of it to build it, once.
DEBUG_KERNELS ?= debug-kasan

check-debug-kernel: deps
	@scripts/deps.sh selftests/debug-kernel/packages
	@$(MAKE) --no-print-directory tests
	@selftests/vm/run --fetch $(DEBUG_KERNELS)
	@MLT_VM_TIMEOUT=7200 selftests/run --timeout 3600 $(DEBUG_KERNELS:%=--kernel %) debug

# ---- packages

deb:
	@scripts/deb.sh

bench: deps
	@$(MAKE) $(at_once) all $(examples)
	@$(MAKE) --no-print-directory -C bench
	@bench/run

# ---- install

# To be read or copied by other programs. The rules' tests are for us.
shared := $(filter-out %/tests.yml,$(wildcard $(addprefix contrib/,grafana/* kubernetes/* prometheus/*)))

# What goes where: mode, source, target. Uninstall reads the same list.
define install_list
755 $(B)/mlocktrace $(PREFIX)/bin/mlocktrace
644 $(B)/completion/bash $(PREFIX)/share/bash-completion/completions/mlocktrace
644 $(B)/completion/zsh $(ZSHDIR)/_mlocktrace
644 $(B)/completion/fish $(PREFIX)/share/fish/vendor_completions.d/mlocktrace.fish
644 $(B)/$(soname) $(LIBDIR)/$(soname)
644 $(B)/libmlocktrace.a $(LIBDIR)/libmlocktrace.a
644 $(B)/libmlocktrace.pc $(LIBDIR)/pkgconfig/libmlocktrace.pc
644 include/mlocktrace/mlocktrace.h $(PREFIX)/include/mlocktrace/mlocktrace.h
644 include/mlocktrace/counts.h $(PREFIX)/include/mlocktrace/counts.h
644 include/mlocktrace/regions.h $(PREFIX)/include/mlocktrace/regions.h
644 include/mlocktrace/snapshot.h $(PREFIX)/include/mlocktrace/snapshot.h
644 include/mlocktrace/event.h $(PREFIX)/include/mlocktrace/event.h
644 include/mlocktrace/events.def $(PREFIX)/include/mlocktrace/events.def
644 $(B)/mlocktrace-exporter.service $(UNITDIR)/mlocktrace-exporter.service
644 contrib/systemd/mlocktrace-exporter.socket $(UNITDIR)/mlocktrace-exporter.socket
$(foreach file,$(shared),644 $(file) $(PREFIX)/share/mlocktrace/$(file:contrib/%=%)$(newline))
$(foreach page,$(man1),644 $(page) $(PREFIX)/share/man/man1/$(notdir $(page))$(newline))
$(foreach page,$(man3) $(man3_links),644 $(page) $(PREFIX)/share/man/man3/$(notdir $(page))$(newline))
$(foreach page,$(man7),644 $(page) $(PREFIX)/share/man/man7/$(notdir $(page))$(newline))
endef
define newline


endef
export install_list

install: all
	$(Q)printf '%s\n' "$$install_list" | while read -r mode from to; do \
		[ -z "$$to" ] || install -D -m "$$mode" "$$from" "$(DESTDIR)$$to" || exit 1; done
	$(Q)ln -sf $(soname) $(DESTDIR)$(LIBDIR)/libmlocktrace.so
	$(Q)[ -n "$(DESTDIR)" ] || ldconfig

uninstall:
	$(Q)printf '%s\n' "$$install_list" | while read -r mode from to; do \
		[ -z "$$to" ] || rm -f "$(DESTDIR)$$to"; done
	$(Q)rm -f $(DESTDIR)$(LIBDIR)/libmlocktrace.so
	$(Q)rmdir $(addprefix $(DESTDIR)$(PREFIX)/,include/mlocktrace \
		$(patsubst contrib/%/,share/mlocktrace/%,$(sort $(dir $(shared)))) share/mlocktrace) \
		2>/dev/null || true
	$(Q)[ -n "$(DESTDIR)" ] || ldconfig

-include $(wildcard $(B)/bpf/*.d $(B)/lib/*.d $(B)/body/*.d $(B)/pic/*/*.d $(B)/sanitized/*/*.d $(B)/tools/*.d $(B)/selftests/unit/*.d $(B)/examples/*.d)

clean:
	rm -rf $(B)
