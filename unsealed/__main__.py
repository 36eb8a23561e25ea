"""``python -m unsealed``."""

from unsealed.cli import main

main()
