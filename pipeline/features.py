"""What the fitted model reads of an item: the rules that speak, and short runs of words.

Every feature has a name that a person can read, so that a verdict's reasons need no key:

- the rules of pipeline.signals (``title=verb``, ``at:maker``);
- ``t|ORG releases FAMILY:open``: up to three words in a row of the title, ``l|`` up to two of the
  lead. Names are replaced by what they are (ORG, FAMILY, LICENCE, SIZE, NUMBER, NAME), so that
  what was learnt of one maker holds for the next;
- ``c|org release_verb type_model``: the lists heard in the title in order, the same in every
  language; ``p|org..open_source`` two of them with anything in between;
- ``h|`` the host, and the first part of the path there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from pipeline.clauses import Clause, families_in
from pipeline.facts import Reading
from pipeline.knowledge import Knowledge, Organisation
from pipeline.lexicon import CJK, listed
from pipeline.makers import owner
from pipeline.model import Item
from pipeline.signals import LEAD_MAX, signals

#: So many words of a title and of a lead are read as runs; later ones announce nothing.
_TITLE_WORDS, _LEAD_WORDS = 48, 96
_TITLE_RUN, _LEAD_RUN = 3, 2

_TOKEN = re.compile(
    rf"[{CJK}]|\d[\d.,]*[BbMKkT]?\b(?![\w-])|[A-Za-z][\w]*(?:[-.]\w+)*|[^\W_]+|[:：|–—?？!！\"“”「」《》()（）]"
)
_NAME = re.compile(r".+[A-Z]|.*\d")
_SIZE = re.compile(r"\d[\d.]*[BbMT]")
_MARKS = str.maketrans("：？！“”「」《》（）—", ':?!""""""()–')
#: Lists that tell what a word is about, in the order of their hits; the rest would only blur the run.
_CONCEPTS = listed(
    "org family licence open_source open_weights open_data open_verb release_verb planned reversed adoption "
    "free_only update howto opinion funding legal roundup negation closed weights hub restricted newness "
    "first_person show_hn launch_hn background attribution type_model type_dataset type_code type_benchmark "
    "type_hardware type_protocol"
)
_CONCEPTS_MAX = 12


def features(
    item: Item, clauses: Sequence[tuple[str, Clause]], found: Sequence[Reading], knowledge: Knowledge
) -> frozenset[str]:
    """Return the names of everything that holds of this item."""
    out = set(signals(item, clauses, found, knowledge))
    title = [c for name, c in clauses if name == "title"]
    second = "summary" if item.summary else "text"
    lead = [c for name, c in clauses if name == second and c.start < LEAD_MAX]
    out.update(_runs("t|", _words(title, _TITLE_WORDS), _TITLE_RUN))
    out.update(_runs("l|", _words(lead, _LEAD_WORDS), _LEAD_RUN))
    out |= _concepts(title)
    out |= _makers(item, title, knowledge)
    out |= _together(out)
    out |= _place(item)
    return frozenset(out)


def group_of(name: str) -> str:
    """Return the group a feature belongs to: its mark, or ``rule``."""
    return name[:2] if name[1:2] == "|" else "rule"


#: Items of every kind and script, by which weights and the features they were fitted on are compared.
_PROBES = (
    Item("Northlight AI releases Aurora-2 weights under Apache 2.0"),
    Item(
        "Northlight open-sources Borealis, its agent framework", url="https://github.com/northlight/borealis"
    ),
    Item("晨星智能开源 Dawn-7B 模型，采用 MIT 许可证", summary="模型权重已上传。"),
    Item("Kisaragi研究所が大規模言語モデル「Sakura-13B」を公開"),
    Item("한빛AI, 한국어 모델 '누리-8B' 오픈소스로 공개"),
    Item("Das Start-up Lindwurm veröffentlicht sein Sprachmodell Tatzel-7B"),
    Item("Hespéride dévoile Vesper, un modèle de langage open source"),
    Item("Cierzo libera Moncayo-3B, un modelo de lenguaje de código abierto"),
    Item("Show HN: Lantern – local search for your notes", url="https://lantern.example/"),
    Item("Qwen9-30B on your laptop: how to run it", summary="We tried the open model for a week."),
    Item("Introducing Orion-3", summary="Our most capable closed model yet, available by API."),
    Item("Halyard 0.9 is out: faster joins", summary="Release notes for the open-source vector store."),
)


def fingerprint(features_of: Callable[[Item], frozenset[str]]) -> str:
    """Return what the features of a dozen set items are, a short digest each, parted by spaces.

    Weights carry that of the features they were fitted on: where most digests differ, the code has
    moved on and they must be fitted anew. A new phrase in the lists changes one or two.
    """
    return " ".join(
        hashlib.sha256("\n".join(sorted(features_of(item))).encode()).hexdigest()[:8] for item in _PROBES
    )


def _words(clauses: Iterable[Clause], limit: int) -> list[str]:
    """Words of clauses with names replaced by what they are."""
    words = ["^"]
    for clause in clauses:
        at = 0
        for start, end, label in _slots(clause):
            if start < at:
                continue
            words.extend(_plain(clause.text[at:start]))
            words.append(label)
            at = end
        words.extend(_plain(clause.text[at:]))
        words.append("$")
        if len(words) >= limit:
            break
    return words[:limit]


def _slots(clause: Clause) -> list[tuple[int, int, str]]:
    spans = [(h.start, h.end, "ORG") for h in clause.of("org")]
    spans += [(h.start, h.end, "LICENCE") for h in clause.of("licence")]
    spans += [
        (h.start, h.end, f"FAMILY:{'software' if f.software else o}") for h, f, o in families_in(clause)
    ]
    return sorted(spans, key=lambda s: (s[0], -s[1], s[2]))


def _plain(text: str) -> Iterator[str]:
    for word in _TOKEN.findall(text):
        if len(word) == 1:
            yield word.lower().translate(_MARKS)
        elif word[0].isdigit():
            yield "SIZE" if _SIZE.fullmatch(word) else "NUMBER"
        elif word.isascii() and not word.isupper() and _NAME.fullmatch(word):
            yield "NAME"
        else:
            yield word.lower()


def _runs(mark: str, words: Sequence[str], longest: int) -> Iterator[str]:
    for size in range(1, longest + 1):
        for at in range(len(words) - size + 1):
            yield mark + " ".join(words[at : at + size])


def _concepts(title: Sequence[Clause]) -> set[str]:
    heard: list[str] = []
    for clause in title:
        kinds = {h.start: o for h, f, o in families_in(clause)}
        hits = sorted(
            (h.start, h.end, tag) for tag, found in clause.hits.items() if tag in _CONCEPTS for h in found
        )
        for start, _, tag in hits:
            heard.append(f"family:{kinds[start]}" if tag == "family" and start in kinds else tag)
    heard = ["^", *heard[:_CONCEPTS_MAX], "$"]
    out = set(_runs("c|", heard, 3))
    out.update(f"p|{a}..{b}" for i, a in enumerate(heard) for b in heard[i + 1 :])
    return out


def _makers(item: Item, title: Sequence[Clause], knowledge: Knowledge) -> set[str]:
    """Whose the families of the title are: its subject's, its publisher's, or somebody else's."""
    out: set[str] = set()
    own = owner(item, knowledge)
    orgs = [
        (clause.start + h.start, h.value.name)
        for clause in title
        for h in clause.of("org")
        if isinstance(h.value, Organisation)
    ]
    orgs.sort()
    for clause in title:
        for hit, family, openness in families_in(clause):
            if family.software or not family.maker:
                continue
            kind = openness
            names = {name for _, name in orgs}
            first = orgs[0][1] if orgs and orgs[0][0] < clause.start + hit.start else ""
            if first and first != family.maker:
                out.add(f"other_first_family:{kind}")
            elif first:
                out.add(f"maker_first_family:{kind}")
            if own and own != family.maker:
                out.add(f"other_home_family:{kind}")
            elif own:
                out.add(f"maker_home_family:{kind}")
            if names and family.maker not in names:
                out.add(f"only_others_family:{kind}")
            if not names and not own:
                out.add(f"alone_family:{kind}")
    if own:
        out.add("home_first" if orgs and orgs[0][1] == own else "home")
    out.add(f"orgs:{min(len({n for _, n in orgs}), 3)}")
    return out


def _together(rules: set[str]) -> set[str]:
    """Joint rules for the codebook's conventions, which hang on two or three things at once."""
    out: set[str] = set()
    if "title:show_hn" in rules:
        ai = "no" if {"no_ai", "no_ai_no_maker"} & rules else "model" if "model_only" in rules else "ai"
        opened = "open" if {"title:open_source", "title:open_weights", "title:licence"} & rules else "plain"
        below = "open" if {"lead:open_source", "lead:licence", "lead:weights"} & rules else "plain"
        where = "hosted" if {"at:github", "at:hub"} & rules else "elsewhere"
        out |= {f"show:{ai}+{opened}", f"show:{ai}+{opened}+{where}", f"show:{ai}+{opened}+{below}+{where}"}
    for host in (
        "at:github",
        "at:paper",
        "at:blog_host",
        "at:maker",
        "at:hub_blog",
        "at:hub",
        "at:newsletter",
    ):
        if host in rules:
            out.add(
                f"{host}+{'open' if {'title:open_source', 'title:open_weights', 'open_word', 'title:open_data'} & rules else 'plain'}"
                f"+{'no_ai' if 'no_ai' in rules else 'ai'}"
            )
            if "name_first" in rules:
                out.add(f"{host}+name_first")
            if {"lead=verb", "lead=licence", "lead=release"} & rules:
                out.add(f"{host}+lead_opens")
    return out


def _place(item: Item) -> set[str]:
    out: set[str] = set()
    try:
        parts = urlsplit(item.url[:2_000])
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return out
    if host:
        out.add(f"h|{host}")
        first = parts.path.split("/")[1:2]
        if first and first[0]:
            out.add(f"h|{host}/{first[0][:40]}")
    return out
