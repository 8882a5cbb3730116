# SPDX-License-Identifier: GPL-2.0
#
# The fixed part of the completion for zsh. Above it `mlocktrace completion zsh` prints, from the
# tool's own tables, _mlocktrace_names with the commands, and for each of these a function
# _mlocktrace_on_COMMAND with its options. What their arguments may be is put as
# `_mlocktrace_offer HOW KNOWN WORD...`: HOW is one, list (with commas) or maybe, KNOWN a function
# below.

# _pids knows those of the terminal only.
_mlocktrace_processes()
{
	compadd "$@" -- /proc/<->(N:t)
}

_mlocktrace_users()
{
	_users "$@"
}

_mlocktrace_tasks()
{
	compadd "$@" -- ${(f)"$(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)"}
}

_mlocktrace_files()
{
	_files "$@"
}

_mlocktrace_folders()
{
	_files -/ "$@"
}

_mlocktrace_commands()
{
	if (( ${_mlocktrace_typed[(Ie)--]} )); then
		# _arguments leaves it before the operands.
		if [[ $words[1] == -- ]]; then
			shift words
			(( CURRENT-- ))
		fi
		_normal
	elif [[ $PREFIX != -* ]]; then
		compadd "$@" -- --
	fi
}

_mlocktrace_offer()
{
	local how=$1 known=$2
	local -a either

	shift 2
	(( ! $# )) || either+=("words:word:($*)")
	[[ $known == nothing ]] || either+=("$known:$known:_mlocktrace_$known")
	[[ $how != list ]] || compset -P '*,'
	_alternative "${either[@]}"
}

_mlocktrace()
{
	local command=trace
	local -a _mlocktrace_typed=("${(@)words[1,CURRENT-1]}")

	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
		_mlocktrace_names
		_mlocktrace_commands
		return
	fi
	if [[ $words[2] != -* ]]; then
		command=$words[2]
		shift words
		(( CURRENT-- ))
	fi
	(( ! $+functions[_mlocktrace_on_$command] )) || _mlocktrace_on_$command
}

# Loaded as the function itself, or read in by `source <(mlocktrace completion zsh)`
if [[ $funcstack[1] == _mlocktrace ]]; then
	_mlocktrace "$@"
else
	compdef _mlocktrace mlocktrace
fi
