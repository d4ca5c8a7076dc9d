"""Law ids by regime that several rules name (law.md 2 and 7.1); no regime is shown another's."""

from ..places.pack_parts import LegalRegime

HOTEL, RENTAL = LegalRegime.HOTEL, LegalRegime.RENTAL
LOCAL, UNDECIDED = LegalRegime.LOCAL, LegalRegime.UNDECIDED

Basis = dict[LegalRegime, tuple[str, ...]]


def everywhere(*ids: str) -> Basis:
    """Laws that bind whatever the regime."""
    return dict.fromkeys(LegalRegime, ids)


def and_also(basis: Basis, *ids: str, **by_regime: tuple[str, ...]) -> Basis:
    """A basis with more laws, for all or for one regime by its word."""
    return {regime: (*laws, *ids, *by_regime.get(regime.value, ())) for regime, laws in basis.items()}


REGISTER: Basis = {
    HOTEL: ("psal-2025-67-1", "hotel-2020-6-1", "ctl-2018-21"),
    RENTAL: ("psal-2025-68-1", "hrr-2025-37-1", "hrr-2025-9-2"),
    LOCAL: ("ctl-2018-21",),
    UNDECIDED: ("ctl-2018-21", "mpl-2024-57", "wpl-2022-26"),
}

# 未成年人保护法 57 binds whoever runs lodging; a lessor who takes a child in is bound by other duties.
MINOR: Basis = {
    HOTEL: ("mpl-2024-57", "mps-2021-5must-2", "mps-2021-5must-3"),
    RENTAL: ("pjd-2020-35-2", "mpl-2024-11-1"),
    LOCAL: ("mpl-2024-57", "mps-2021-5must-2", "mps-2021-5must-3"),
    UNDECIDED: ("mpl-2024-57", "mps-2021-5must-2", "mps-2021-5must-3"),
}

FOREIGN: Basis = {
    HOTEL: ("eel-2012-39-1", "hotel-2020-6-2"),
    RENTAL: ("eel-2012-39-2",),
    LOCAL: ("eel-2012-39-2",),
    UNDECIDED: ("eel-2012-39-2",),
}
TAIWAN = and_also(everywhere("tw-2015-16"), hotel=("hotel-2020-6-2",))
HK_MACAO = and_also(everywhere("hkmo-1986-17"), hotel=("hotel-2020-6-2",))
