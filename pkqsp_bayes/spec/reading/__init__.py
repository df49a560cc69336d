"""Model files: TOML documents, their structure, and their short forms."""
