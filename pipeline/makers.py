"""Who opens it: a known organisation, the maker of a known family, or a name in a maker's place."""

from __future__ import annotations

import re

from pipeline.clauses import Clause, Opening, families_in
from pipeline.headline_names import presented_name
from pipeline.knowledge import Knowledge, Organisation
from pipeline.lexicon import CJK, Hit, listed
from pipeline.maker_names import read_maker
from pipeline.model import Item, Kind
from pipeline.sites import hub_account, site_owner

#: More makers than this in one announcement is an alliance; the first ones lead it.
MAKERS_MAX = 4

_INTRODUCED = re.compile(
    r"\b(?:I['’]m |I am |we['’]re |this is )?[A-Z][a-z]+(?: and [A-Z][a-z]+)? (?:from|at) (?P<maker>[A-Z][\w-]+(?: (?:AI|Labs?|Research))?)(?: here\b|, the (?:makers?|team))"
)
_NOT_SUBJECT = re.compile(
    r"(?:\b(?:with|for|against|vs\.?|versus|than|like|unlike|via|using|rivals?|from|after|between|beats?|on|in|of|over|into|"
    r"integrat\w+|support\w*|runs?|avec|pour|contre|gegen|mit|für|con|para|contra|ex|former)|对标|超越|击败|媲美|替代|基于|前|比肩|不输|挑战|接入|vs|支持|携手|联合)[\s“\"'’]*(?:the |Chinese |rival )?$",
    re.I,
)
_BY = re.compile(r"(?:\b(?:by|from|par|von|por|de|at)|来自|出自)\s+(?:the\s+)?$", re.I)
_PRONOUN = re.compile(
    r"(?:^|[,;，]\s*|\b)(?:it|they|the (?:[A-Z]\w+ )?(?:company|startup|start-up|firm|lab|team|maker|group)|its|das Unternehmen|l['’]entreprise|"
    r"la (?:empresa|compañía|start-up)|der Konzern|die Firma|elle|sie)\b|该公司|该团队|公司|团队|同社|이 회사|회사",
    re.I,
)
#: "The Oslo company", "La société lyonnaise", "Das Jenaer Unternehmen": who was named before.
_THE_COMPANY = re.compile(
    r"(?:The|This) (?:[A-Z][\w-]+ )?(?:company|startup|start-up|firm|lab|team|maker|group|developer|institute|vendor|outfit)\b"
    r"|(?:La|Cette|L['’]) ?(?:jeune )?(?:société|entreprise|start-up|startup|équipe|éditeur|laboratoire|pousse|institut)\b"
    r"|(?:Das|Die|Der) (?:[A-ZÄÖÜ][\w-]+ )?(?:Unternehmen|Firma|Start-up|Startup|Konzern|Anbieter|Hersteller|Team|Institut|Gruppe)\b"
    r"|(?:La|El|Esta|Este) (?:empresa|compañía|firma|start-up|startup|equipo|laboratorio|grupo|instituto)\b"
    r"|(?:该|这家)(?:公司|团队|机构|实验室)|同社|同ラボ|同研究所|이 회사"
)
_WE = re.compile(r"\b(?:we|we['’]re|our|today['’]s)\b|我们|nous\b|wir\b", re.I)
_SUFFIX = re.compile(
    r"(?:AI|Labs?|Research|Institute|University|Inc|Robotics|智能|科技|实验室|研究院|研究所|大学|株式会社|연구소|대학교)$"
)
_AUXILIARY = re.compile(r"\s*(?:has|have|is|today|also|now|just|said it|hat|a|ha|will|plans to)?\s*$")

#: What follows is what the thing is like or runs on, or where it lies: "n8n alternative", "GitHub 上的".
_NOT_MAKER_AFTER = re.compile(
    r"[\s-]*(?:alternatives?|clones?|compatible|style|like|based|killer|replacement|wrapper|替代|平替|风格|兼容|版|用户|上(?!线|海)|で公開|に公開|에 공개|에서)"
)
#: "Block-sparse kernels": a word, not the company.
_COMPOUND = re.compile(r"-[a-z]")
#: A launch names its company first: "Launch HN: Acme (YC W25) – …".
_LAUNCHED = re.compile(r"^Launch HN:\s*(?P<maker>[^(–—:]{2,32}?)\s*\((?:YC|Y Combinator)", re.I)
#: "…: a model that reads scans (Stanford, ETH, Google)".
_LAST_BRACKET = re.compile(r"[(（]([^()（）]{2,80})[)）]\s*$")
#: "GitHub - account/project: what it does", as repositories title themselves.
_REPOSITORY = re.compile(r"^GitHub - (?P<account>[\w.-]{2,40})/(?P<name>[\w.-]{2,60})")


#: Verbs whose subject stands before them though the telling word comes late: "macht … verfügbar".
_FINITE = re.compile(r"\b(?:will|macht|machen|wollen|stellt|gibt|legt|plant)\b")
_OF_MAKER = re.compile(
    r"\s+(?:by|von|de|del|par|por)\s+(?P<maker>[A-ZÀ-Þ][\w.-]+(?: (?:AI|Labs?|Research|[A-Z][a-z]+))?)(?=\s+[a-zà-ÿ])"
)


def makers_of(
    clause: Clause,
    opening: Opening,
    knowledge: Knowledge,
    item: Item,
    before: tuple[str, ...],
    *,
    field: str = "title",
    what: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return who opens it in ``clause``; may be empty.

    ``before`` is the maker last spoken of; ``what`` the names the clause opens, as a family is a
    maker's only where one of its members is opened.
    """
    found = _named_makers(clause, opening, knowledge, item, before, field, what)
    if found:
        return found
    if field == "title" and opening.grade != "free" and not clause.has("adoption"):
        own = owner(item, knowledge)
        return (own,) if own else ()
    return ()


def _named_makers(
    clause: Clause,
    opening: Opening,
    knowledge: Knowledge,
    item: Item,
    before: tuple[str, ...],
    field: str,
    what: tuple[str, ...],
) -> tuple[str, ...]:
    text = clause.text
    if field == "title":
        titled = _titled_makers(text, knowledge)
        if titled:
            return titled
    orgs = [hit for hit in clause.of("org") if isinstance(hit.value, Organisation)]
    by = [hit for hit in orgs if hit.start >= opening.until and _BY.search(text[: hit.start][-24:])]
    # "Lindwurm stellt Tatzel als Open Source vor": the first verb has the subject before it.
    verb = min(
        [
            opening.at,
            *(hit.start for tag in ("release_verb", "planned") for hit in clause.of(tag)),
            *(match.start() for match in _FINITE.finditer(text)),
        ]
    )
    subject = [hit for hit in orgs if hit.end <= opening.at and _subject(clause, hit)]
    if subject:
        return _joined(clause, subject[0], orgs)
    if by:
        return (_name(by[0]),)
    families = [
        family
        for hit, family, openness in families_in(clause)
        if openness != "closed" and family.maker and not _third_party(hit, item, text, what, knowledge)
    ]
    if families and not _WE.search(text):
        return (families[0].maker,)
    if before and _THE_COMPANY.match(text):
        return before
    unknown = _maker_of_name(text, what)
    if not unknown and opening.grade != "nominal":
        unknown = read_maker(text, verb, until=opening.until, first=opening.stage is Kind.REVERSED)
    if unknown and field != "title" and not _sure_maker(unknown, clause, verb, item):
        unknown = ""
    if unknown and not (unknown in what and presented_name(text)):
        return (_canonical(unknown, knowledge),)
    if _WE.search(text):
        own = owner(item, knowledge) or _introduced(item)
        if own:
            return (own,)
    if before and _PRONOUN.search(text[: opening.at + 1]):
        return before
    if families:
        return (families[0].maker,)
    later = [hit for hit in orgs if _subject(clause, hit) and not _platform(hit)]
    if later and (re.match(f"[{CJK}]", text[opening.at : opening.at + 1]) or later[0].start == 0):
        return (_name(later[0]),)
    return ()


def _titled_makers(text: str, knowledge: Knowledge) -> tuple[str, ...]:
    """Makers that a headline names in a place of their own: a launch, a last bracket, a repository."""
    launched = _LAUNCHED.match(text)
    if launched:
        return (_canonical(launched["maker"].strip(), knowledge),)
    repository = _REPOSITORY.match(text)
    if repository:
        account = repository["account"]
        return (knowledge.accounts.get(account.lower(), account),)
    bracket = _LAST_BRACKET.search(text)
    if bracket:
        parts = [part.strip() for part in re.split(r"[,、，&/]| and ", bracket[1])]
        known = [_canonical(part, knowledge) for part in parts]
        # Two or more, and all of them makers: a single "(MIT)" is a licence.
        if len(parts) > 1 and sum(name in knowledge.organisations for name in known) > len(parts) / 2:
            return tuple(dict.fromkeys(known))[:MAKERS_MAX]
    return ()


def _maker_of_name(text: str, what: tuple[str, ...]) -> str:
    """The maker told right behind the thing's name: "Tatzel-7B von Lindwurm ist jetzt quelloffen"."""
    for name in what:
        at = text.find(name)
        match = _OF_MAKER.match(text, at + len(name)) if at >= 0 else None
        if match:
            return match["maker"]
    return ""


def _third_party(hit: Hit, item: Item, text: str, what: tuple[str, ...], knowledge: Knowledge) -> bool:
    """Whether a family is only what somebody else's thing is made of or made for."""
    account = hub_account(item.url)
    if account and account not in knowledge.accounts:
        return True  # its maker's own account is known
    spelled = text[hit.start : hit.end]
    return bool(what) and not any(spelled.lower() in name.lower() for name in what)


def owner(item: Item, knowledge: Knowledge) -> str:
    """Return the maker the item's source speaks for, ``""`` where it is the press."""
    if item.organisation:
        return _canonical(item.organisation, knowledge)
    if hub_account(item.url) is not None:
        # The hub is the place; who opens something there is whose account it is.
        return site_owner(item.url, knowledge)
    hits = [h for h in knowledge.lexicon.scan(item.outlet[:80]) if h.tag == "org"]
    for hit in hits:
        organisation = hit.value
        if isinstance(organisation, Organisation) and not organisation.platform and hit.start == 0:
            return organisation.name
    return site_owner(item.url, knowledge)


def _introduced(item: Item) -> str:
    """The maker whose people write "Ada from Ebro Labs here"."""
    match = _INTRODUCED.search(f"{item.summary[:600]}\n{item.text[:600]}")
    return match["maker"] if match else ""


def _name(hit: Hit) -> str:
    return str(getattr(hit.value, "name", ""))


def _platform(hit: Hit) -> bool:
    return isinstance(hit.value, Organisation) and hit.value.platform


def _subject(clause: Clause, hit: Hit) -> bool:
    before = clause.text[: hit.start]
    if isinstance(hit.value, Organisation) and hit.value.context and before.strip():
        return False
    if _NOT_MAKER_AFTER.match(clause.text, hit.end) or _COMPOUND.match(clause.text, hit.end):
        return False
    return not (_platform(hit) and before.strip()) and not _NOT_SUBJECT.search(before[-40:])


def headline_maker(clause: Clause, knowledge: Knowledge) -> tuple[str, ...]:
    """Return who a headline is about though it opens nothing itself: what "the company" means below."""
    verbs = [hit.start for tag in ("open_verb", "release_verb", "planned") for hit in clause.of(tag)]
    name = read_maker(clause.text, min(verbs)) if verbs else ""
    return (_canonical(name, knowledge),) if name else ()


#: What joins one maker to the next.
_JOINS = listed("and & , 、 与 和 及 × x 联合 聯合 携手 攜手 联手 协同 und et y e と 와 과")


def _joined(clause: Clause, first: Hit, orgs: list[Hit]) -> tuple[str, ...]:
    """The first subject, and those joined to it by "and", a comma, a dash or 联合."""
    names, last = [_name(first)], first
    for hit in orgs:
        if hit.start < last.end:
            continue
        link = clause.text[last.end : hit.start].strip().lower()
        cjk = re.match(f"[{CJK}]", clause.text[hit.start]) is not None
        if not (
            link in _JOINS
            or (not link and cjk and len(names) > 1)
            or (link.endswith((" and", ", and", "联合", "携手")) and len(link) < 24)
        ):
            break
        names.append(_name(hit))
        last = hit
    return tuple(dict.fromkeys(names))[:MAKERS_MAX]


def _sure_maker(name: str, clause: Clause, verb: int, item: Item) -> bool:
    """Whether an unknown name is a maker's, below the headline, where any word begins a sentence."""
    if name in item.title or _SUFFIX.search(name):
        return True
    if re.search(f"[{CJK}]", clause.text):
        return False
    place = clause.text.find(name)
    between = clause.text[place + len(name) : verb]
    return place > 0 or (len(between) <= 12 and bool(_AUXILIARY.match(between)))


def _canonical(name: str, knowledge: Knowledge) -> str:
    for hit in knowledge.lexicon.scan(name):
        if hit.tag == "org" and hit.start == 0 and hit.end == len(name):
            return _name(hit)
    return name
