"""What a metric is, and every text a person reads, in Portuguese and English. No I/O."""
