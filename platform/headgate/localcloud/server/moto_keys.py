"""Key pairs that moto generates: the one kind of randomness that cannot be seeded, so the journal keeps the keys.

Covers KMS, EC2 key pairs, ACM PCA, SNS and IoT; held by tests/contract/test_moto_determinism.py.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.server.moto_determinism import Shadow, swap_names

Outside = Callable[[Callable[[], Json]], Json]


def install(outside: Outside) -> None:
    """Have moto's modules generate key pairs once, and find the same ones on replay."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    def kept(generate: Callable[[], Any]) -> Any:
        return _read(outside(lambda: {"pem": _write(generate())})["pem"])

    def generate_rsa(*arguments: Any, **named: Any) -> Any:
        return kept(lambda: rsa.generate_private_key(*arguments, **named))

    def generate_ec(*arguments: Any, **named: Any) -> Any:
        return kept(lambda: ec.generate_private_key(*arguments, **named))

    swap_names(
        [
            (rsa, Shadow(rsa, {"generate_private_key": generate_rsa})),
            (ec, Shadow(ec, {"generate_private_key": generate_ec})),
            (Ed25519PrivateKey, SimpleNamespace(generate=lambda: kept(Ed25519PrivateKey.generate))),
        ]
    )


def _write(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return data.decode()


def _read(pem: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem.encode(), password=None)
