"""The embedded platform: AWS, InfluxDB, a causal workload, faults, and the demo around them."""
