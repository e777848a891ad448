"""python -m simpul_activities {api|worker|all|migrate}"""

import sys

from simpul_shared.platform.process import main

from simpul_activities.app import SERVICE

sys.exit(main(SERVICE))
