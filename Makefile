# SPDX-License-Identifier: GPL-2.0
#
# make deps     install the Debian packages needed (make and make demo do it themselves)
# make          library, tools and eBPF programs, under build/
# make demo     trace a real program that locks memory and gets refused
# make check    every test
# make install  DESTDIR= PREFIX=
#
# V=1 shows the commands.

VERSION := 0.1.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
B := build

CC ?= gcc
CLANG ?= clang
BPFTOOL ?= bpftool
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
MLT_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -Iinclude -MMD -MP -DMLOCKTRACE_VERSION='"$(VERSION)"'
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter -D__TARGET_ARCH_x86 \
	-Iinclude -Ibpf -MMD -MP
LIBS := -lbpf -ljson-c -ldw -lelf

V ?= 0
ifeq ($(V),0)
Q := @
msg = @printf '  %-8s %s\n' '$(1)' '$(2)';
else
msg =
endif

lib_src := $(wildcard lib/*.c)
lib_obj := $(lib_src:%.c=$(B)/%.o)
lib_pic := $(lib_src:%.c=$(B)/pic/%.o)
tool_obj := $(patsubst %.c,$(B)/%.o,$(wildcard tools/*.c))
unit_bin := $(patsubst %.c,$(B)/%,$(wildcard selftests/unit/*.c))
skeletons := $(B)/bpf/mlocktrace.skel.h $(B)/bpf/mlocktrace_nofetch.skel.h
soname := libmlocktrace.so.0

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo check check-kernels check-unit install uninstall clean tests

all: $(B)/mlocktrace $(B)/libmlocktrace.so $(B)/libmlocktrace.a $(B)/libmlocktrace.pc

deps:
	@scripts/deps.sh scripts/packages

# ---- eBPF programs: one source, two objects (see lib/source_bpf_load.c)

$(B)/bpf/mlocktrace.bpf.o: bpf/mlocktrace.bpf.c | deps
	$(call msg,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bpf/mlocktrace_nofetch.bpf.o: bpf/mlocktrace.bpf.c | deps
	$(call msg,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DMLT_NO_ATOMIC_FETCH -c $< -o $@

# gen object strips DWARF and keeps BTF: the skeleton is embedded whole.
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen object $(B)/bpf/$*.linked.o $<
	$(Q)$(BPFTOOL) gen skeleton $(B)/bpf/$*.linked.o name $*_bpf > $@

$(B)/lib/source_bpf_load.o $(B)/pic/lib/source_bpf_load.o: $(skeletons)

# ---- library and tools

$(B)/pic/lib/%.o: lib/%.c | deps
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -fPIC -fvisibility=hidden -Ilib -I$(B)/bpf -c $< -o $@

$(B)/lib/%.o: lib/%.c | deps
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -fvisibility=hidden -Ilib -I$(B)/bpf -c $< -o $@

$(B)/tools/%.o: tools/%.c | deps
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -c $< -o $@

$(B)/libmlocktrace.a: $(lib_obj)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/$(soname): $(lib_pic) lib/libmlocktrace.map
	$(call msg,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(soname) -Wl,--version-script=lib/libmlocktrace.map -Wl,-z,defs \
		$(LDFLAGS) $(lib_pic) $(LIBS) -o $@

$(B)/libmlocktrace.so: $(B)/$(soname)
	$(Q)ln -sf $(soname) $@

$(B)/mlocktrace: $(tool_obj) $(B)/libmlocktrace.a
	$(call msg,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

$(B)/libmlocktrace.pc: lib/libmlocktrace.pc.in Makefile
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' $< > $@

# ---- tests

$(B)/selftests/unit/%: selftests/unit/%.c $(B)/libmlocktrace.a | deps
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MLT_CFLAGS) -Ilib -Iselftests $< $(B)/libmlocktrace.a $(LIBS) -o $@

-include $(wildcard $(B)/bpf/*.d $(B)/lib/*.d $(B)/pic/lib/*.d $(B)/tools/*.d $(B)/selftests/unit/*.d)

clean:
	rm -rf $(B)
