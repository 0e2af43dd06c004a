"""The instrument alone: windows in one process, around a command, its probe, its live view."""
