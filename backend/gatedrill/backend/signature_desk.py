"""Are signed QR codes the venue's own? And what gates need to tell by themselves."""

from gatedrill.backend.settings import read_settings
from gatedrill.backend.store import Store
from gatedrill.contract.qr import verify_signature
from gatedrill.contract.service import QrKey, VerifyAnswer, VerifyRequest


class SignatureDesk:
    """Answers whether signatures are valid."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def verify(self, request: VerifyRequest) -> VerifyAnswer:
        """Verify one; without a secret, none is valid."""
        secret = (await read_settings(self._store)).qr_secret
        return VerifyAnswer(
            secret is not None and verify_signature(request.token, request.signature, secret)
        )

    async def tell_key(self) -> QrKey:
        """Tell the secret that codes are signed with."""
        return QrKey((await read_settings(self._store)).qr_secret)
