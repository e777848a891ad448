import sys

from simpul_shared.platform.process import main

from simpul_reporting.app import SERVICE

sys.exit(main(SERVICE))
