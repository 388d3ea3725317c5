"""`python -m sso_bridge` is `sso-bridge`."""

from .cli import main

if __name__ == "__main__":
    main()
