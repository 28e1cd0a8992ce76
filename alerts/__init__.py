"""Rules, objectives, routes and runbooks: their source, and what is generated from it."""
