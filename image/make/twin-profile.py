"""Makes the development image's profile: the virtual one with its panel on a GPIO chip of the kernel, and without the sensors that exist in memory only.

twin-profile.py PROFILE.json OUT.json LINES: LINES gets the names of the chip's lines.
"""
import json
import sys

CHIP = "gatewayos-panel"


def lines(node):
    """The objects that name a line of a chip, in the profile's order."""
    if isinstance(node, dict):
        if "chipLabel" in node:
            yield node
        for value in node.values():
            yield from lines(value)
    elif isinstance(node, list):
        for value in node:
            yield from lines(value)


with open(sys.argv[1], encoding="utf-8") as source:
    profile = json.load(source)
profile["title"] = "Hardware twin"
for section in ("thermal", "fans"):
    profile.pop(section, None)
for line in lines(profile):
    line["chipLabel"] = CHIP

# An emulated processor takes a hundred times as long for what has to be done before power is gone.
profile["power"]["holdUpMs"] = 2000
profile["power"]["budgetMs"] = 1500
with open(sys.argv[2], "w", encoding="utf-8") as made:
    json.dump(profile, made, indent=2)
with open(sys.argv[3], "w", encoding="utf-8") as names:
    names.writelines(line["line"] + "\n" for line in lines(profile))
