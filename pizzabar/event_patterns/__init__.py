"""The language of event patterns: which events a rule, or a filter of an event source, wants. Pure."""
