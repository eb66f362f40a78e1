"""How the service is to behave until the next population; kept with it in the store."""

import msgspec

from gatedrill.backend.store import Lock, Store, Transaction
from gatedrill.backend.tables import SettingsRow
from gatedrill.contract.service import PaymentBehaviour, Population


class Settings(msgspec.Struct, frozen=True):
    """What a population says besides its rows."""

    payment: PaymentBehaviour = PaymentBehaviour()
    qr_secret: str | None = None
    event_starts_at: str | None = None


def settings_row(population: Population) -> SettingsRow:
    """The settings of a population as the row that keeps them."""
    settings = Settings(population.payment, population.qr_secret, population.event_starts_at)
    return SettingsRow("population", msgspec.json.encode(settings).decode())


async def read_settings(store: Store) -> Settings:
    """The settings of the present population, or the defaults if there is none yet."""
    async with store.transaction() as records:
        return await settings_in(records)


async def settings_in(records: Transaction) -> Settings:
    """The same, within a transaction that is under way."""
    row = await records.find(SettingsRow, "population", lock=Lock.NONE)
    return Settings() if row is None else msgspec.json.decode(row.body, type=Settings)
