"""The ARI client's generated parts: models, events, requests."""
