"""SIREN, SIRET and RNA: is the number well formed? Pure, and no word on whether the body exists."""

import re

_LA_POSTE = "356000000"
_SPACES = re.compile(r"[\s.\u00a0\u202f-]+")
_SIREN = re.compile(r"[0-9]{9}")
_SIRET = re.compile(r"[0-9]{14}")
# W, the department of the registry office (a letter second for Corsica and overseas: W2A, W9R), then seven digits.
_RNA = re.compile(r"W[0-9][0-9A-Z][0-9]{7}")


def compact(number: str) -> str:
    """The number as typed, without its spaces, dots and hyphens, in capitals."""
    return _SPACES.sub("", number).upper()


def valid_siren(siren: str) -> bool:
    """Nine digits whose Luhn key holds, with no space."""
    return bool(_SIREN.fullmatch(siren)) and siren.strip("0") != "" and _luhn(siren)


def valid_siret(siret: str) -> bool:
    """Fourteen digits that begin with a SIREN and whose Luhn key holds, or La Poste's own rule (sum divisible by 5)."""
    if not _SIRET.fullmatch(siret) or not valid_siren(siret[:9]):
        return False
    return _luhn(siret) or (siret.startswith(_LA_POSTE) and sum(map(int, siret)) % 5 == 0)


def valid_rna(rna: str) -> bool:
    """W and nine characters: nine digits, the second of them a letter in Corsica and overseas."""
    return bool(_RNA.fullmatch(rna))


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
