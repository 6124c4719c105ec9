"""`python -m workbench`: the same as `workbench`, where the shell does not find that word."""

import sys

from workbench.cli import main

sys.exit(main())
