"""One file per command, each with ``add(subparsers)`` and ``run(args, settings) -> exit code``."""
