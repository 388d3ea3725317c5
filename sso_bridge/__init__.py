"""A single sign-on endpoint for Digital River's remote user management, over your own users."""

__version__ = "0.1.0"
