# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The fixed part of the completion for bash. Above it `mlocktrace completion bash` prints, from
# the tool's own tables:
#
# _mlocktrace_help     [COMMAND]=its options
# _mlocktrace_choices  [COMMAND:OPTION]="HOW KNOWN WORD...", what the option's argument may be;
#                      [COMMAND:] is what the operands may be
#
# HOW is one, list (with commas) or maybe (only after =). KNOWN is a function below. Text that was
# typed is nowhere evaluated: it may come from anywhere.

# Words that readline took apart at = and : belong together. Sets words, and of each where it begins.
_mlocktrace_join()
{
	local i word joined='' typed=${COMP_LINE:0:COMP_POINT}

	words=()
	begins=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i == COMP_CWORD)) && [[ $typed == *[[:space:]] ]]; then
			joined=
		fi
		if ((i)) && [[ -n $joined || $word == [=:]* ]]; then
			words[-1]+=$word
		else
			words+=("$word")
			begins+=("$i")
		fi
		joined=
		[[ $word != *[=:] ]] || joined=1
	done
}

_mlocktrace_nothing()
{
	:
}

_mlocktrace_processes()
{
	compgen -W "$(cd /proc && printf '%s ' [0-9]*)" -- "$1"
}

_mlocktrace_users()
{
	compgen -u -- "$1"
}

# A process calls itself what it likes: only harmless names are offered.
_mlocktrace_tasks()
{
	compgen -W "$(cat /proc/[0-9]*/comm 2>/dev/null | grep -axE '[A-Za-z0-9_./@+-]+' | sort -u)" -- "$1"
}

# Readline itself is best at names of files.
_mlocktrace_files()
{
	:
}

_mlocktrace_folders()
{
	:
}

_mlocktrace_commands()
{
	compgen -W -- -- "$1"
}

# _mlocktrace_offer "HOW KNOWN WORD..." BEFORE TEXT: what may follow BEFORE and begins with TEXT
_mlocktrace_offer()
{
	local choice before=$2 text=$3 found

	read -r -a choice <<<"$1"
	((${#choice[@]})) || return
	if [[ ${choice[0]} == list && $text == *,* ]]; then
		before+=${text%,*},
		text=${text##*,}
	fi
	mapfile -t found < <(compgen -W "${choice[*]:2}" -- "$text"
		"_mlocktrace_${choice[1]}" "$text")
	for text in "${found[@]}"; do
		COMPREPLY+=("$before$text")
	done
	case ${choice[1]} in
	files) compopt -o default ;;
	folders) compopt -o dirnames ;;
	esac
}

# _mlocktrace_wants COMMAND WORD: sets option to the one whose argument is the next word, or to nothing
_mlocktrace_wants()
{
	local i

	option=
	if [[ $2 == --* ]]; then
		case ${_mlocktrace_choices[$1:$2]-} in
		one* | list*) option=$2 ;;
		esac
		return
	fi
	for ((i = 1; i < ${#2}; i++)); do
		[[ -n ${_mlocktrace_choices[$1:-${2:i:1}]-} ]] || continue
		((i + 1 < ${#2})) || option=-${2:i:1}
		return
	done
}

_mlocktrace()
{
	local words begins command=trace option='' i=1 cur own

	COMPREPLY=()
	_mlocktrace_join
	cur=${words[-1]}
	if ((${#words[@]} > 2)) && [[ ${words[1]} != -* ]]; then
		command=${words[1]}
		i=2
	fi
	[[ -n ${_mlocktrace_help[$command]-} ]] || return
	for ((; i + 1 < ${#words[@]}; i++)); do
		if [[ -n $option ]]; then
			option=
		elif [[ ${words[i]} == -- && ${_mlocktrace_choices[$command:]-} == *commands ]]; then
			if declare -F _command_offset >/dev/null; then
				_command_offset "${begins[i + 1]}"
			else
				compopt -o default
				((i + 2 < ${#words[@]})) || mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			fi
			return
		elif [[ ${words[i]} == -?* ]]; then
			_mlocktrace_wants "$command" "${words[i]}"
		fi
	done

	if [[ -n $option ]]; then
		_mlocktrace_offer "${_mlocktrace_choices[$command:$option]}" "" "$cur"
	elif [[ $cur == --*=* ]]; then
		_mlocktrace_offer "${_mlocktrace_choices[$command:${cur%%=*}]-}" "${cur%%=*}=" "${cur#*=}"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${_mlocktrace_help[$command]}" -- "$cur")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
	else
		((${#words[@]} > 2)) ||
			mapfile -t COMPREPLY < <(compgen -W "${!_mlocktrace_help[*]}" -- "$cur")
		_mlocktrace_offer "${_mlocktrace_choices[$command:]-}" "" "$cur"
	fi

	# Readline puts in what follows the last place where it cut.
	own=${COMP_WORDS[COMP_CWORD]}
	[[ $own != [=:] ]] || own=
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=${COMPREPLY[i]#"${cur%"$own"}"}
	done
}

complete -F _mlocktrace mlocktrace
