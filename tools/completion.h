/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Completion by shells. What can be typed is printed from the tables of commands and options; what
 * a shell does with it is a file of tools/completion/.
 */
#ifndef TOOLS_COMPLETION_H
#define TOOLS_COMPLETION_H

#include <stdio.h>

#include "options.h"

/* completion_SHELL.c */
void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

/* Does the command take the option? */
bool completion_takes(const struct command *command, const struct option_row *row);

/* "list nothing mlock mlock2 ...": one, list or maybe, who in the shell knows others, and the words. */
void completion_print_choice(FILE *out, const struct choice *choice, bool is_optional);

/* All but characters of @special, and these with a backslash; a quote ' as is right between two. */
void completion_print_quoted(FILE *out, const char *text, const char *special);

#endif
