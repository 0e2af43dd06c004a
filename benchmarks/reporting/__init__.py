"""The large run of the report's benchmark, and what is done with it, each in its own process.

    python -m benchmarks.reporting.summary RUN        the table of a run
    python -m benchmarks.reporting.page RUN           the whole report
    python -m benchmarks.reporting.tables RUN         the page's figures, without drawing
    python -m benchmarks.reporting.with_pandas RUN    the same by a plain pandas script

Each prints a line of JSON: what it found, and the highest resident set of its process.
"""
