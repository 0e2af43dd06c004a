"""`python -m wattmark` is `wattmark`."""

from wattmark.cli.main import main

main()
