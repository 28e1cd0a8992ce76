"""One case for each action: a world in which it is right, for the proofs that break everything."""
