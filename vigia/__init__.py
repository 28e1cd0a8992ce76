"""The command line: composes everything, holds no logic."""
