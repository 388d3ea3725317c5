"""Packaging; everything is declared in setup.cfg.

`wsdl/` and `config/` stand at the top of the checkout and are packages of the wheel, so the
same files are read from both."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["sso_bridge*"]), "sso_bridge.wsdl", "sso_bridge.presets"])
