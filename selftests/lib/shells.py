#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Asks a shell, on a terminal of its own, what it completes: shells.py SHELL SHARE

Each line of stdin is typed, and the key pressed that inserts all that the shell would offer; what
is then on its command line is a line of stdout, its words with tabs between them. SHARE is a
folder as /usr/share, where completions are found as they are after `make install`.
"""
import os
import pty
import select
import subprocess
import sys
import tempfile
import time

PATIENCE = 60

BASH = """
shopt -s progcomp
. /usr/share/bash-completion/bash_completion
bind 'set bell-style none'
bind 'set completion-query-items 0'
answer() { local IFS=$'\\t'; printf '%s\\n' "$*" >>"$ANSWERS"; }
"""

ZSH = """
unsetopt beep prompt_cr prompt_sp
fpath=("$SHARE/zsh/site-functions" $fpath)
autoload -Uz compinit && compinit -u -D
zle -C insert-all menu-complete _generic
zstyle ':completion:insert-all:*' completer _all_matches _complete
zstyle ':completion:insert-all:*' list-colors ''
zstyle ':completion:insert-all:*' insert true
bindkey '\\e*' insert-all
bindkey '^A' beginning-of-line
answer() { local IFS=$'\\t'; print -r -- "$*" >>"$ANSWERS"; }
"""

FISH = """
while read -l line
    set -l words (string split -n ' ' -- $line)
    string match -q '* ' -- $line; or set -e words[-1]
    string join \\t -- $words (complete -C $line | string replace -r '\\t.*' '') >>$ANSWERS
end
"""


def drain(fd, enough):
    """What a terminal shows has to be read, or the shell waits for ever."""
    end = time.monotonic() + PATIENCE
    shown = b""
    while not enough(shown):
        if time.monotonic() > end:
            sys.exit("the shell does not answer; it shows: %r" % shown[-2000:])
        if select.select([fd], [], [], 0.05)[0]:
            try:
                shown += os.read(fd, 65536)
            except OSError:
                sys.exit("the shell has ended; it showed: %r" % shown[-2000:])


def ask_on_terminal(argv, setup, questions, answers):
    pid, fd = pty.fork()
    if not pid:
        os.execvp(argv[0], argv)
    with open(answers + ".setup", "w") as file:
        file.write(setup)
    os.write(fd, (" . %s.setup; PS1=read; PS1=${PS1}y:\r" % answers).encode())
    drain(fd, lambda shown: b"ready:" in shown)
    for i, line in enumerate(questions):
        os.write(fd, line.encode() + b"\x1b*\x01answer \r")
        drain(fd, lambda shown: count(answers) > i)
    os.write(fd, b"\x03exit\r")
    os.close(fd)
    os.waitpid(pid, 0)


def count(answers):
    with open(answers) as file:
        return file.read().count("\n")


def main():
    shell, share = sys.argv[1:]
    questions = [line.rstrip("\n") for line in sys.stdin]
    with tempfile.TemporaryDirectory() as scratch:
        answers = scratch + "/answers"
        open(answers, "w").close()
        os.environ.update(ANSWERS=answers, SHARE=share, HOME=scratch, TERM="dumb", HISTFILE="",
                          XDG_DATA_DIRS=share + ":/usr/share", XDG_CONFIG_HOME=scratch)
        if shell == "bash":
            ask_on_terminal(["bash", "--norc", "--noprofile", "-i"], BASH, questions, answers)
        elif shell == "zsh":
            ask_on_terminal(["zsh", "-f", "-i"], ZSH, questions, answers)
        else:
            subprocess.run(["fish", "--private", "-c", FISH], text=True, check=True,
                           input="".join(line + "\n" for line in questions))
        with open(answers) as file:
            sys.stdout.write(file.read())


main()
