"""`python -m lumaloom` is `lumaloom`."""

import sys

from lumaloom.cli import main

sys.exit(main())
