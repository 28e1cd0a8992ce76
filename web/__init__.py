"""Serving WSGI: addresses, TLS and users from the web configuration file, graceful stop."""
