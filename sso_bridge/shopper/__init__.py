"""Digital River's Shopper API, asked with ERIDs: a client, and everybody made known in one run.

`exchange.py` knows what is asked and how an answer is read, and does no input or output;
`client.py` carries it out with httpx, waiting or with asyncio."""

from .client import AsyncShopperClient, ShopperClient
from .errors import (
    AlreadyExists,
    Forbidden,
    InvalidToken,
    NotFound,
    NotUnderstood,
    PasswordFailure,
    RateLimited,
    Refused,
    ServerFailed,
    ShopperError,
    TakenErid,
    Unreachable,
    ValidationFailed,
    WrongCustomer,
)
from .exchange import Created
from .messages import Shopper, Token, TokenInformation
from .pace import Pace
from .tokens import Credentials

__all__ = [
    "AlreadyExists",
    "AsyncShopperClient",
    "Created",
    "Credentials",
    "Forbidden",
    "InvalidToken",
    "NotFound",
    "NotUnderstood",
    "Pace",
    "PasswordFailure",
    "RateLimited",
    "Refused",
    "ServerFailed",
    "Shopper",
    "ShopperClient",
    "ShopperError",
    "TakenErid",
    "Token",
    "TokenInformation",
    "Unreachable",
    "ValidationFailed",
    "WrongCustomer",
]
