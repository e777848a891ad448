import sys

from simpul_shared.platform.process import main

from simpul_registry.app import SERVICE

sys.exit(main(SERVICE))
