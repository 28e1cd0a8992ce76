"""One file per collector: its specs, its IAM actions, its cadence, ``parse`` and ``collect``."""
