"""The tally service as a process of its own: python -m tests.support.tally worker."""

import sys

from simpul_shared.platform.process import main

from tests.support.tally.service import TALLY

sys.exit(main(TALLY))
