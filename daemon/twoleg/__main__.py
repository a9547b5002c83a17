"""`python -m twoleg` is the `twoleg` command."""

import sys

from twoleg.cli import main

if __name__ == "__main__":
    sys.exit(main())
