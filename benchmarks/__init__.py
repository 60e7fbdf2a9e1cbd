"""How fast and how large: `python -m benchmarks` prints the tables.

Each figure of ours stands beside that of the peer, measured by the same command with the same
program. Every measurement is a fresh process with Python's default settings, so that neither side
pays for the other's memory, and garbage that a side leaves behind is collected on its own time. The
sides take turns, and the table shows medians. A peer that is not installed is left out.
"""
