"""The HTTP API: routes, error mapping, authentication, and the names on the wire."""
