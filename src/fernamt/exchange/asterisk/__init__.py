"""The exchange on Asterisk: ARI in, ARI out, and the configuration it runs with."""
