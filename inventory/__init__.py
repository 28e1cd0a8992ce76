"""What we watch and act on: the inventory file, settings, AWS sessions, the clock."""
