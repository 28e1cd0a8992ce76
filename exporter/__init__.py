"""The read side: sources, collectors, snapshot, exposition."""
