"""The process dies, or a server does, at any moment: the same command again makes of it what was planned."""
