"""`python -m tools.image`, which `image-build/build` calls."""

import sys

from tools.image.build import main

sys.exit(main(sys.argv[1:]))
