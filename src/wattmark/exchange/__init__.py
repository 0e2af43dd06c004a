"""Runs in other tools' files, and other tools' files as runs."""
