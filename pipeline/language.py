"""Guess which of our seven languages a text is in, by its script and its commonest words."""

from __future__ import annotations

import re
from collections import Counter

#: The beginning tells; a page's language does not change after it often enough to matter.
_READ = 4_000

_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\uff66-\uff9d]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_WORD = re.compile("[^\\W\\d_]+")

#: Words that only one of the four Latin-script languages uses a lot.
_COMMON = {
    "en": "the of and to is are with for on its it that this by from as at be has have was were will "
    "an or not you your we our new how why what open releases release launches",
    "de": "der die das und ist nicht mit für von den dem des ein eine einen auf im zu wird werden auch "
    "sich bei nach wie über unter als hat sind zur zum aus am gibt stellt vor veröffentlicht neue neuen",
    "fr": "le la les des et est une dans pour sur avec qui que du au aux par plus ne pas sa son ses cette "
    "ce sont a été en un leur nouveau nouvelle sous publie lance dévoile",
    "es": "el la los las de y es una en para con que del al por más no su sus este esta se un como son ha "
    "lo entre también sobre bajo nuevo nueva lanza libera publica presenta",
}
_VOTES: dict[str, tuple[str, ...]] = {}
for _language, _listed in _COMMON.items():
    for _one in _listed.split():
        _VOTES[_one] = (*_VOTES.get(_one, ()), _language)

#: Letters that settle it between languages with few words to go by.
_LETTERS = {
    "ß": "de",
    "ä": "de",
    "ö": "de",
    "ñ": "es",
    "¿": "es",
    "¡": "es",
    "ç": "fr",
    "œ": "fr",
    "ê": "fr",
    "è": "fr",
}


def guess_language(text: str) -> str:
    """Return ``en zh ja ko de fr es``, or ``""`` when unsure."""
    head = text[:_READ]
    latin = len(_LATIN.findall(head))
    hangul, kana, han = (len(p.findall(head)) for p in (_HANGUL, _KANA, _HAN))
    # A CJK character says about as much as three Latin letters, and headlines in those
    # languages are full of Latin product names.
    if 3 * (hangul + kana + han) > latin * 0.6 and hangul + kana + han > 1:
        if hangul > kana + han:
            return "ko"
        # Chinese quotes a Japanese word now and then; Japanese cannot do without kana.
        return "ja" if kana * 10 > han else "zh" if han else ""
    votes: Counter[str] = Counter()
    found = _WORD.findall(head.lower())
    for word in found:
        speakers = _VOTES.get(word, ())
        for language in speakers:
            votes[language] += 2 if len(speakers) == 1 else 1
    for letter, language in _LETTERS.items():
        if letter in head.lower():
            votes[language] += 3
    ranked = votes.most_common(2)
    if not ranked or ranked[0][1] < 2 or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]
