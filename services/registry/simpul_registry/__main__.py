import sys

from simpul_shared.platform.service import main

from simpul_registry.app import SERVICE

sys.exit(main(SERVICE))
