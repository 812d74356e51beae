"""Docker and Kubernetes: frames around the lines of others, events, audit logs, and their own messages."""
