"""The domain: frozen values without behaviour, which compare with `==` and live in TOML."""
