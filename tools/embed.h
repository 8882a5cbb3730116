/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that become part of the program, so that it can be installed alone.
 */
#ifndef TOOLS_EMBED_H
#define TOOLS_EMBED_H

/* Its bytes are from @name to @name_end. The assembler looks for the file from where make runs. */
#define FILE_IN_PROGRAM(name, path) \
	__asm__(".pushsection .rodata\n" \
		#name ": .incbin \"" path "\"\n" \
		#name "_end: .byte 0\n" \
		".popsection\n"); \
	extern const char name[], name##_end[]

#endif
