"""What can answer: this process, a server, or a script."""
