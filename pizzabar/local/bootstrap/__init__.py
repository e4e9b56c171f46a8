"""Programs that run handlers, each in a process of its own: they are started, never imported."""
