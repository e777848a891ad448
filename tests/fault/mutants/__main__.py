"""A service with a planted bug: python -m tests.fault.mutants no-dedupe simpul_reporting all."""

import runpy
import sys

from tests.fault.mutants.planting import MutantUnknown, TargetGone, find


def main(argv: list[str]) -> int:
    if len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    name, module, *arguments = argv
    try:
        find(name).plant()
    except (MutantUnknown, TargetGone) as error:
        print(error, file=sys.stderr)
        return 3
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")
    return 0


sys.exit(main(sys.argv[1:]))
