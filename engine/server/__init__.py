"""The engine as a service that every OpenAI client can talk to: `python -m engine.server`."""
