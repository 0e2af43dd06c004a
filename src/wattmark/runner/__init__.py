"""Suite → plan → run: the worker process, the order, preflight, and what is written."""
