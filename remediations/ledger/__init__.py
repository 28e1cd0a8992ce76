"""The durable record: deliveries, runs, steps, samples, escalations, switches and the audit."""
