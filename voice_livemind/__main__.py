"""``python -m voice_livemind``."""

import sys

from voice_livemind.cli import main

sys.exit(main())
