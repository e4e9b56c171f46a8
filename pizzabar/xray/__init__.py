"""X-Ray: the journal's sampled hops as segments, and the segments that functions send themselves."""
