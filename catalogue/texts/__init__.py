"""Every text a person reads, by the part of the product that says it."""
