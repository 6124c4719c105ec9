"""`python -m workbench.sandbox serve --home DIR`."""

import sys

from workbench.sandbox.serve import main

sys.exit(main())
