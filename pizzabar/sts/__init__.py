"""Security Token Service: who a caller is."""
