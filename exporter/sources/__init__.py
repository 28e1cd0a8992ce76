"""Ways of asking: CloudWatch statistics, log events, costs, the InfluxDB API."""
