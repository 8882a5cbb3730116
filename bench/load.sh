#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command under a tracer: load.sh WORK FILE REPEATS N COME GO. Lock calls, then a word to COME,
# and then it waits for one from GO: meanwhile others are measured as bystanders.
work=$1 file=$2 repeats=$3 n=$4 come=$5 go=$6

"$work" -o "$file" -r "$repeats" pair "$n"
"$work" -o "$file" -r "$repeats" refused "$n"
echo traced >"$come"
read -r _ <"$go"
