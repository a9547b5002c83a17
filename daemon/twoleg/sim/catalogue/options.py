"""How large the invented catalogue of a venue is."""

import msgspec


class CatalogueOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that a venue lists beside its traded markets; both venues need the same seed."""

    markets: int = 0
    seed: int = 1
