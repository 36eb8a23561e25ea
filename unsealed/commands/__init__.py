"""One module a command, each with its ``command``; loaded by ``unsealed.cli`` when called."""
