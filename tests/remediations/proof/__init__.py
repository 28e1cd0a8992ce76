"""The proof programme: every action, by its case, killed and broken wherever that is possible."""
