"""The playbook: how a team wants its customers answered, as data."""
