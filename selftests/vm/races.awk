# SPDX-License-Identifier: GPL-2.0
#
# A kernel's log without the data races of the kernel's own, of which there are many that
# are meant: a race is kept if a function of a module had a part in it.

function pass_on()
{
	if (!race || named)
		printf "%s", held
	held = ""
	race = named = 0
}

/====================$/ {
	held = held $0 "\n"
	if (race)
		pass_on()
	next
}

/BUG: KCSAN: / { race = 1 }

race || held != "" {
	named = named || /\+0x[0-9a-f]+\/0x[0-9a-f]+ \[/ || /BUG: KCSAN: .* \[/
	held = held $0 "\n"
	if (!race)
		pass_on()
	next
}

{ print }

END { pass_on() }
