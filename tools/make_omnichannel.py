"""Draw the simulated study from its population file.

Usage: ``python tools/make_omnichannel.py POPULATION.toml FOLDER`` (both in data/raw/omnichannel).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.methods.omnichannel import load_population, simulate, write


def main() -> None:
    """Write the four tables of the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("population", type=Path, help="the population file")
    parser.add_argument("out", type=Path, help="folder to write the tables to")
    options = parser.parse_args()
    write(simulate(load_population(options.population)), options.out)


if __name__ == "__main__":
    main()
