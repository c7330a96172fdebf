"""`python -m watchhouse`: the same as the `watchhouse` command."""

import sys

from watchhouse.cli import main

if __name__ == "__main__":
    sys.exit(main())
