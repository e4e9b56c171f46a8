"""A game lobby: players are matched by a state machine, scores live behind HTTP, keys keep strangers out."""
