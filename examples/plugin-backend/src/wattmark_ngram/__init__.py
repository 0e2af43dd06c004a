"""An engine for Wattmark from another package: a model of letters in a process of its own."""
