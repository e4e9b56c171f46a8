"""OpenTelemetry: the journal's hops as spans, exported over OTLP. Imported only when it is asked for."""
