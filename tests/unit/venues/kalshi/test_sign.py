import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from twoleg.errors import CredentialError
from twoleg.venues.kalshi.sign import KalshiSigner, load_private_key

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
ED_KEY = Ed25519PrivateKey.generate()
PATH = "/trade-api/v2/portfolio/events/orders"


def pem(key: rsa.RSAPrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return raw.decode()


def test_rsa_headers_verify_as_pss_with_a_digest_long_salt() -> None:
    headers = KalshiSigner(key_id="id", key=RSA_KEY).headers("post", PATH, 1_790_000_000_123)
    assert headers["KALSHI-ACCESS-KEY"] == "id"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1790000000123"
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"], validate=True)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    text = b"1790000000123POST/trade-api/v2/portfolio/events/orders"
    RSA_KEY.public_key().verify(signature, text, pss, hashes.SHA256())
    with pytest.raises(InvalidSignature):
        RSA_KEY.public_key().verify(signature, text + b"?", pss, hashes.SHA256())


def test_ed25519_headers_verify() -> None:
    key = load_private_key(pem(ED_KEY))
    headers = KalshiSigner(key_id="id", key=key).headers("GET", "/trade-api/ws/v2", 5)
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"])
    ED_KEY.public_key().verify(signature, b"5GET/trade-api/ws/v2")


def test_key_loads_from_text_with_escaped_line_breaks() -> None:
    text = pem(RSA_KEY)
    assert isinstance(load_private_key(text.replace("\n", "\\n")), rsa.RSAPrivateKey)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "not a PEM"),
        ("SECRETSECRET", "not a PEM"),
        ("-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----", "not a PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519"),
        (pem(rsa.generate_private_key(public_exponent=65_537, key_size=1_024)), "below 2048"),
        (
            RSA_KEY.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
            ).decode(),
            "encrypted",
        ),
        (
            RSA_KEY.private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")
            ).decode(),
            "without a passphrase",
        ),
    ],
)
def test_unusable_key_names_the_variable_and_never_its_content(source: str, reason: str) -> None:
    with pytest.raises(CredentialError) as caught:
        load_private_key(source, variable="KALSHI_KEY_FILE")
    text = str(caught.value)
    assert "KALSHI_KEY_FILE" in text
    assert reason in text
    assert "SECRET" not in text
    assert caught.value.__cause__ is None


def test_signer_does_not_show_its_key() -> None:
    assert repr(KalshiSigner(key_id="12345678-aaaa", key=ED_KEY)) == "KalshiSigner(12345678…)"
