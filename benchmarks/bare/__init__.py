"""Bare loops: an engine driven by its own plain API, with nothing of Wattmark in the process.

    python -m benchmarks.bare LOOP < question.json      prints tokens/s

Each loop gets the files that Wattmark's engine runs, the same prompts, threads and CPUs.
"""
