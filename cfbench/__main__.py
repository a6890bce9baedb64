"""``python -m cfbench`` is the command ``cfbench``."""

import sys

from cfbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
