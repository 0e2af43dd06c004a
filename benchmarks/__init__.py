"""Speed and transparency of Wattmark itself, as ratios against a bare loop in the same run.

    make bench                                all of it, some twenty minutes on two cores
    python -m benchmarks startup demo         named parts of it

Each benchmark prints a line a figure with its target; nothing here is a test, because time
depends on the machine. Measure on a quiet machine: the foreign load seen is printed.
"""
