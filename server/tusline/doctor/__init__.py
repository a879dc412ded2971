"""Looks at a deployment from one of its hosts: what works, what does not, and what to do."""
