# SPDX-License-Identifier: GPL-2.0
#
# The fixed part of the completion for fish. Below it `mlocktrace completion fish` prints the
# commands, their options and what the arguments of these may be, from the tool's own tables.

# The words before the cursor, without the tool's name
function __mlocktrace_typed
    set -l typed (commandline -opc)
    printf '%s\n' $typed[2..-1]
end

function __mlocktrace_is_first
    test -z "$(__mlocktrace_typed)"
end

# Is the command one of these? Without one it is the first.
function __mlocktrace_command_is
    set -l typed (__mlocktrace_typed)
    if test -z "$typed[1]"; or string match -q -- '-*' $typed[1]
        set typed[1] trace
    end
    contains -- $typed[1] $argv
end

function __mlocktrace_takes_options_of
    __mlocktrace_command_is $argv; and not contains -- -- (__mlocktrace_typed)
end

function __mlocktrace_nothing
end

function __mlocktrace_processes
    __fish_complete_pids
end

function __mlocktrace_users
    __fish_complete_users
end

function __mlocktrace_tasks
    cat /proc/*/comm 2>/dev/null | sort -u
end

function __mlocktrace_files
    __fish_complete_path $argv
end

function __mlocktrace_folders
    __fish_complete_directories $argv ''
end

function __mlocktrace_commands
    set -l typed (__mlocktrace_typed)
    set -l dashes (contains -i -- -- $typed)
    if test -z "$dashes"
        echo --
        return
    end
    set -l rest (string escape -- $typed[(math $dashes + 1)..-1]) (commandline -ct)
    complete -C "$rest"
end

# HOW KNOWN WORD...: HOW is one, list (with commas) or maybe, KNOWN a function above
function __mlocktrace_offer
    set -l text (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l before ''
    if test $argv[1] = list
        set before (string match -r '^.*,' -- $text; or echo)
        set text (string replace -r '^.*,' '' -- $text)
    end
    printf '%s\n' $before$argv[3..-1] $before(__mlocktrace_$argv[2] $text)
end

complete -c mlocktrace -f
