"""``python -m analysis.run`` is the command ``loyalty``."""

from analysis.run.cli import main

main()
