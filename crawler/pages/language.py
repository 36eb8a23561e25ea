"""Which language a text is in: its script, then its commonest words.

The word lists are jusText's, a dependency of trafilatura that we ship anyway. Of the libraries
made for this, those that tell a headline's language well weigh too much for what they add here:
py3langid needs numpy, lingua is 96 MB, pycld2 and gcld3 have no wheels.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: The beginning tells; a page's language does not change after it often enough to matter.
_READ = 3_000
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\uff66-\uff9d]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_WORD = re.compile("[^\\W\\d_]+")
#: Scripts that one or two languages of news have to themselves, with the letters that part those two.
_SCRIPTS = (
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0900-\u097f]"), "hi"),
    (re.compile("[\u0980-\u09ff]"), "bn"),
    (re.compile("[\u0370-\u03ff]"), "el"),
)
_LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
    "sv": "Swedish", "da": "Danish", "nb": "Norwegian_Bokmal", "fi": "Finnish", "pl": "Polish", "cs": "Czech",
    "tr": "Turkish", "ru": "Russian", "uk": "Ukrainian", "ar": "Arabic", "fa": "Persian", "id": "Indonesian",
    "vi": "Vietnamese", "hu": "Hungarian", "ro": "Romanian", "ca": "Catalan",
}  # fmt: skip


@lru_cache(maxsize=1)
def _votes() -> dict[str, tuple[str, ...]]:
    import justext

    votes: dict[str, list[str]] = {}
    for code, name in _LANGUAGES.items():
        for word in justext.get_stoplist(name):
            votes.setdefault(word.lower(), []).append(code)
    return {word: tuple(codes) for word, codes in votes.items()}


def guess_language(text: str, declared: str = "") -> str:
    """Return the ISO 639-1 code of the language of ``text``, "" when unsure.

    ``declared`` is what the page or feed says; it decides where the words leave it open.
    A headline such as "DeepSeek 开源 V4" is Chinese: product names are Latin everywhere.
    """
    head = text[:_READ]
    words = _WORD.findall(head.lower())
    hangul, kana, han = (len(p.findall(head)) for p in (_HANGUL, _KANA, _HAN))
    others = sum(len(word) for word in words) - hangul - kana - han
    # a CJK character says about as much as three letters
    if hangul + kana + han > 1 and 3 * (hangul + kana + han) > others * 0.6:
        if hangul > kana + han:
            return "ko"
        # Chinese quotes a Japanese word now and then; Japanese cannot do without kana
        return "ja" if kana * 10 > han else "zh"
    for script, code in _SCRIPTS:
        if len(script.findall(head)) > others * 0.4:
            return code
    votes: dict[str, float] = {}
    table = _votes()
    for word in words:
        speakers = table.get(word)
        if speakers:
            for code in speakers:
                votes[code] = votes.get(code, 0.0) + 1 / len(speakers)
    if not votes:
        return ""
    (best, most), *rest = sorted(votes.items(), key=lambda vote: -vote[1])[:2]
    second = rest[0][1] if rest else 0.0
    if declared in votes and votes[declared] >= 0.8 * most:
        return declared
    # a text shows its language by many words, a headline by one that no other language has
    return best if most >= max(1.0, 1.15 * second) else ""
