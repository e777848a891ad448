"""python -m tests.fault.hunt [all | shipped | NAME ...]"""

import sys

from tests.fault.hunt.catch import main

sys.exit(main(sys.argv[1:]))
