#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What shells offer after `mlocktrace` is what it takes: they are asked themselves, on a terminal,
# and find what `make install` has installed. What is wanted is taken from the help, from messages,
# from /proc and from the user database.

export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

mlocktrace=$PWD/build/mlocktrace
ask=$PWD/selftests/lib/shells.py
[[ -x $mlocktrace ]] || skip_all "no mlocktrace: run make"
type -P python3 >/dev/null || skip_all "python3 is not installed"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-completion.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
make -s install DESTDIR="$scratch" PREFIX=/usr || skip_all "make install fails"
share=$scratch/usr/share
# fish asks first whether there is such a command.
export PATH=$scratch/usr/bin:$PATH
cd "$scratch" || exit 1
touch recording.data
mkdir folder

# question NAME LINE [WORD...]: exactly those WORDS are to be offered for the last of LINE
questions=()
lines=()
wanted=()
is_among_others=
question()
{
	questions+=("$1")
	lines+=("$2")
	shift 2
	wanted+=("$(printf '%s\n' "$@" | sort -u)")
}

# among_others NAME LINE WORD: that is offered; processes come and go
among_others()
{
	question "$@"
	is_among_others+=" $1 "
}

commands()
{
	"$mlocktrace" --help | sed -n '/^Commands/,$ s/^  \([a-z]*\) .*/\1/p'
}

# options_of COMMAND PATTERN: the long ones
options_of()
{
	"$mlocktrace" "$1" --help | sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z-]+).*/\2/p' | grep -e "$2"
}

# words_of KIND: of the vocabulary
words_of()
{
	"$mlocktrace" explain | awk -v kind="$1" '/^[a-z]/ { on = $1 == kind; $1 = "" } !NF { exit } on' |
		xargs -n 1
}

# choices_of ARG...: what the message about a wrong word says that there is
choices_of()
{
	"$mlocktrace" "$@" 2>&1 | sed -nE '1s/.*there are:? //p' | sed 's/ and /, /; s/, /\n/g'
}

# shellcheck disable=SC2046 # lists of words
{
question commands "mlocktrace " $(commands) --
for command in $(commands); do
	question "$command: options" "mlocktrace $command --" $(options_of "$command" .)
done
question options_without_a_command "mlocktrace --" $(options_of trace .)
question unknown_command "mlocktrace nonsense --"

question tiers "mlocktrace trace --tier " auto $(words_of tier)
question tiers_after_equals "mlocktrace doctor --tier=k" kprobe kmod
question sources "mlocktrace size --source " auto bpf kmod
question ops "mlocktrace trace --ops " $(words_of op)
question one_more_op "mlocktrace trace -e mlock,munl" mlock,munlock mlock,munlockall
question ops_after_other_letters "mlocktrace report -xe shm_" $(words_of op | grep ^shm_)
question colors "mlocktrace report --color=" auto always never
question views "mlocktrace ps --by " $(choices_of ps --by nonsense)
question groups "mlocktrace exporter --by " $(choices_of exporter --by nonsense --textfile x)
question methods "mlocktrace ps --method " $(choices_of ps --method nonsense)
question columns "mlocktrace ps --sort " $(for view in $(choices_of ps --by nonsense); do
	choices_of ps --by "$view" --sort nonsense
done)
question words "mlocktrace explain MCL_" $(words_of flag | grep ^MCL_)
question shells "mlocktrace completion " bash zsh fish

question users "mlocktrace trace -u daem" $(getent passwd | cut -d: -f1 | grep ^daem)
question users_by_another_name "mlocktrace size --as=noth" $(getent passwd | cut -d: -f1 | grep ^noth)
among_others process "mlocktrace regions ${$:0:1}" $$
among_others one_more_process "mlocktrace ps -p 1,${$:0:1}" 1,$$
among_others task "mlocktrace trace -c complet" "$(cat /proc/$$/comm)"
question recordings "mlocktrace report rec" recording.data
question files "mlocktrace trace --output=rec" recording.data
question source_is_a_recording "mlocktrace trace --source rec" recording.data
question folders "mlocktrace trace --cgroup " folder usr
question nothing_known "mlocktrace trace --duration "

question command_to_run "mlocktrace trace -f -- mlocktrac" mlocktrace
question its_own_arguments "mlocktrace size -- mlocktrace ps --m" --method
question after_an_argument "mlocktrace trace -o file --failu" --failures
question argument_is_no_command "mlocktrace -c ps --failu" --failures
}

# offered LINE ANSWER: the words for the last of LINE, one a line
offered()
{
	local before=${1% *} typed=${1##* } words=$2

	words=${words#"${before// /$'\t'}"}
	# A shell that has nothing to offer leaves what was typed.
	[[ $words != $'\t'"$typed" ]] || return
	# A folder is followed by a slash, an option by = where a value follows.
	tr -s '\t' '\n' <<<"$words" | sed -E "s/^--[a-z-]+=(.)/\1/; s/[=/]\$//; /^\$/d" | sort -u
}

# wanted_of SHELL I
wanted_of()
{
	# fish offers words with a dash after a dash only.
	if [[ $1 == fish ]]; then
		grep -vx -e -- <<<"${wanted[$2]}"
	else
		echo "${wanted[$2]}"
	fi
}

for shell in bash zsh fish; do
	if ! type -P $shell >/dev/null || [[ $shell == bash && ! -e /usr/share/bash-completion ]]; then
		skip "$shell" "$shell is not installed (make deps)"
		continue
	fi
	if ! printf '%s\n' "${lines[@]}" | "$ask" $shell "$share" >answers 2>err; then
		fail "$shell: it_answers" "$(cat err)"
		continue
	fi
	mapfile -t answers <answers
	check_equal "$shell: it_answers" "${#answers[@]}" "${#lines[@]}"
	for i in "${!questions[@]}"; do
		got=$(offered "${lines[i]}" "${answers[i]}")
		if [[ $is_among_others == *" ${questions[i]} "* ]]; then
			check "$shell: ${questions[i]}" grep -qxF -e "${wanted[i]}" <<<"$got"
		else
			check_equal "$shell: ${questions[i]}" "$got" "$(wanted_of $shell "$i")"
		fi
	done
done

ktap_end
