"""Who opens it: a known organisation, the maker of a known family, or a name in a maker's place."""

from __future__ import annotations

import re
from itertools import pairwise

from pipeline.clauses import Clause, Opening, families_in
from pipeline.knowledge import Knowledge, Organisation
from pipeline.lexicon import CJK, Hit, listed
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
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|wird|werden|wurde|est|sont|es|son|fue)\s+(?:\w+\s+)?$|['’]s\s*$", re.I
)

_LEAD = re.compile(
    r"^(?:exclusive|breaking|update|sources?|report|news|(?:show|launch) \w{2,3}|\[[^\]]{1,20}\]|【[^】]{1,20}】)\s*[:：|]?\s*",
    re.I,
)
_RUN = re.compile(r"[A-ZÀ-Þ][\w’'&.+-]*(?: (?:[A-ZÀ-Þ0-9][\w&.+-]*|of|for|de|für|&))*")
_STOP = listed(
    "the a an this that these it they we i you new today now just here why how what when after as in on at by from chinese "
    "china us u.s american european french german japanese korean indian swiss canadian israeli british its their our my "
    "das der die ein eine la le les los las el un une une deux dos start-up startup unternehmen empresa entreprise show "
    "meet introducing announcing report exclusive breaking update open open-source ai and for with there one two three "
    "also even world first no not finally researchers scientists developers engineers team company everyone l'entreprise "
    "google's official weekly daily best top monday tuesday wednesday thursday friday saturday sunday im mit auch nun jetzt "
    "same if whether since while although because each all some both those these other another many more most such "
    "ten two three four five six seven eight nine gguf dès avec pour ce cette selon según hoy así tras nach laut am gestern heute hier ayer january february march april may "
    "lizenz lizenzen licence license licencia gewichte weights poids pesos daten datensatz code modell modelle "
    "quellcode quelltext software programm werkzeug werkzeuge produkt firma gesellschaft entwickler forscher "
    "june july august september october november december q1 q2 q3 q4 llm llms gpt model models"
)
_SUFFIX = re.compile(
    r"(?:AI|Labs?|Research|Institute|University|Inc|Robotics|智能|科技|实验室|研究院|研究所|大学|株式会社|연구소|대학교)$"
)
_AUXILIARY = re.compile(r"\s*(?:has|have|is|today|also|now|just|said it|hat|a|ha|will|plans to)?\s*$")
_ZH_MAKER = re.compile(
    rf"(?:^|[，,。！!？?：:；;、｜|\s”」》])([A-Za-z0-9{CJK}·]{{1,14}}?(?:智能|科技|公司|团队|實驗室|实验室|研究院|研究所|大学|集团|机器人|网络|智算|智造|AI|Lab))"
    r"(?:\s*(?:今日|今天|昨日|日前|近日|正式|宣布|刚刚|又|已|重磅|首次|全面|将|也|于.{1,12}?|在.{1,12}?)){0,4}\s*$"
)
_ZH_PLAIN = re.compile(
    r"(?:^|[，,。！!？?：:；;｜|\s])([\u4e00-\u9fff]{2,8}?)(?:正式|宣布|今日|今天|已|将|刚刚|又|重磅|首次|全面){0,3}\s*$"
)
_ZH_NO = re.compile(
    "首|款|国产|中国|免费|最|全球|重|来|的|模型|框架|工具|项目|系统|平台|突发|刚|年|月|日|新|我|你|他|们|这|那|哪|谁|是|完全|终于|又"
)
_JA_MAKER = re.compile(rf"^([A-Za-z0-9{CJK}&.\- ]{{2,24}}?)(?:は|が|、|から)")
_JA_COMPANY = re.compile(
    rf"([A-Za-z0-9{CJK}&.\-]{{1,18}}(?:研究所|大学|株式会社|社|研究室|チーム|ラボ|AI))(?:は|が|、|から|の)"
)
#: A phrase, not a name: joined by の, counted, or one of the things that get opened.
_NO_MAKER = re.compile(
    r"[のをにへでと]|\d+(?:時間|件|万|億|社|人|種|個|년|개|명|건|월|일)|モデル|データ|コード|研究用|모델|데이터|오픈소스|공개|연구진$|개발자"
)
_KO_MAKER = re.compile(
    r"^([A-Za-z0-9\uac00-\ud7a3&.\-]{2,16}(?: [A-Za-z0-9\uac00-\ud7a3]{1,10})?)\s?(?:,|，|…|가 |이 |은 |는 )"
)


def makers_of(
    clause: Clause,
    opening: Opening,
    knowledge: Knowledge,
    item: Item,
    before: tuple[str, ...],
    *,
    field: str = "title",
) -> tuple[str, ...]:
    """Return who opens it in ``clause``; ``before`` is the maker last spoken of. May be empty."""
    orgs = [hit for hit in clause.of("org") if isinstance(hit.value, Organisation)]
    by = [hit for hit in orgs if hit.start >= opening.until and _BY.search(clause.text[: hit.start][-24:])]
    # "Lindwurm stellt Tatzel als Open Source vor": the first verb has the subject before it.
    verb = min([opening.at, *(hit.start for hit in clause.of("release_verb"))])
    subject = [hit for hit in orgs if hit.end <= opening.at and _subject(clause, hit)]
    if subject:
        return _joined(clause, subject)
    if by:
        return (_name(by[0]),)
    families = [
        family for _, family, openness in families_in(clause) if openness != "closed" and family.maker
    ]
    if families and not _WE.search(clause.text):
        return (families[0].maker,)
    if before and _THE_COMPANY.match(clause.text):
        return before
    unknown = ""
    if opening.grade != "nominal":
        unknown = read_maker(clause.text, verb, first=opening.stage is Kind.REVERSED)
    if unknown and field != "title" and not _sure_maker(unknown, clause, verb, item):
        unknown = ""
    if unknown:
        return (_canonical(unknown, knowledge),)
    if _WE.search(clause.text):
        own = owner(item, knowledge) or _introduced(item)
        if own:
            return (own,)
    if before and _PRONOUN.search(clause.text[: opening.at + 1]):
        return before
    if families:
        return (families[0].maker,)
    later = [hit for hit in orgs if _subject(clause, hit) and not _platform(hit)]
    if later and re.match(f"[{CJK}]", clause.text[opening.at : opening.at + 1]):
        return (_name(later[0]),)
    return ()


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
    return not (_platform(hit) and before.strip()) and not _NOT_SUBJECT.search(before[-40:])


def headline_maker(clause: Clause, knowledge: Knowledge) -> tuple[str, ...]:
    """Return who a headline is about though it opens nothing itself: what "the company" means below."""
    verbs = [hit.start for tag in ("open_verb", "release_verb", "planned") for hit in clause.of(tag)]
    name = read_maker(clause.text, min(verbs)) if verbs else ""
    return (_canonical(name, knowledge),) if name else ()


def _joined(clause: Clause, hits: list[Hit]) -> tuple[str, ...]:
    """The first subject, and those joined to it by "and", a comma or a dash."""
    names = [_name(hits[0])]
    for last, hit in pairwise(hits):
        link = clause.text[last.end : hit.start].strip().lower()
        if link in {
            "and",
            "&",
            ",",
            ", and",
            "、",
            "与",
            "和",
            "及",
            "×",
            "x",
            "联合",
            "携手",
            "und",
            "et",
            "y",
            "e",
            "와",
            "과",
        } or (link.endswith((" and", ", and")) and len(link) < 24):
            names.append(_name(hit))
        else:
            break
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


def read_maker(text: str, at: int, *, first: bool = False) -> str:
    """Return the unknown maker that stands before the verb at ``at``, ``""`` if none does."""
    before = text[max(0, at - 160) : at]
    if re.search(f"[{CJK}]", text[:200]):
        return _cjk_maker(text, before)
    if _PASSIVE.search(before):
        return ""
    lead = _LEAD.match(before) if at <= 160 else None
    offset = lead.end() if lead else 0
    words = re.findall(r"[A-Za-zÀ-ɏ]{4,}", text[:300])
    shouted = bool(words) and sum(w[0].isupper() for w in words) > 0.6 * len(words) and len(words) > 3
    runs = []
    for match in _RUN.finditer(before, offset):
        name = re.sub(r"['’]s$", "", match.group()).strip(" .,'’")
        parts = name.split()
        while parts and (parts[0].lower().strip(".,") in _STOP or re.search(r"['’]s$", parts[0])):
            parts.pop(0)
        if (
            parts
            and (parts[-1] == "AI" or parts[-1].lower() not in _STOP)
            and len(parts) <= (3 if shouted else 5)
        ):
            runs.append((match.start(), match.end(), " ".join(parts)))
    if not runs:
        return ""
    start, end, name = runs[0] if shouted or first else runs[-1]
    if shouted and (start > offset + 12 or before[end:].strip(" ,")):
        return ""
    # What stands between the name and its verb may be an aside, not another sentence's worth.
    if re.search(r"\d", name.split()[-1]) and not re.search(r"\b(?:AI|Labs?)\b", name):
        return ""  # "Aurora-1 is published": what is opened, not who opens it
    return name if len(before) - end <= 90 and re.search("[A-Za-z]{2}", name) else ""


def _cjk_maker(text: str, before: str) -> str:
    if re.search("[\uac00-\ud7a3]", text):
        match = _KO_MAKER.search(text[:60])
        return match.group(1) if match and not _NO_MAKER.search(match.group(1)) else ""
    if re.search("[\u3041-\u309f]", text):
        for match in (_JA_COMPANY.search(text[:120]), _JA_MAKER.search(text[:60])):
            if match and not _NO_MAKER.search(match.group(1)):
                return match.group(1).strip()
        return ""
    match = _ZH_MAKER.search(before)
    if match:
        return match.group(1).strip()
    match = _ZH_PLAIN.search(before)
    if match and not _ZH_NO.search(match.group(1)):
        return match.group(1)
    latin = re.search(
        r"(?:^|[，,。！!：:\s])([A-Z][A-Za-z0-9.]{2,18}(?: (?:AI|Labs?|Research|Team))?)\s*(?:正式|宣布|今日|已|重磅|又|全面|也)*\s*$",
        before,
    )
    return latin.group(1) if latin and latin.group(1).lower() not in _STOP else ""
