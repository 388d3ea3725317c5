"""The contract that partners build against, shipped as package data of `sso_bridge.wsdl`."""
