"""`python -m personae` is `personae`."""

from personae.cli import main

main()
