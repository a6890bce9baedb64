"""What a draft is made of: values as people type them, and TOML changed in place."""
