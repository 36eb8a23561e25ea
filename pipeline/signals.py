"""The rules of the first classifier: which of them speak for an item. Their weights are data.

A rule's name says where it listens: ``title:open_source`` heard a word of the list of that name in
the title, ``lead:`` in the first sentences below it, ``text:`` in the page's own text.
``title=verb`` is the grammar's finding (see pipeline.clauses), ``open+how`` joins two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.clauses import Clause, Opening, families_in, find_opening, licences_in, parted_verb
from pipeline.facts import Reading
from pipeline.knowledge import Knowledge
from pipeline.language import guess_language
from pipeline.lexicon import listed
from pipeline.makers import owner
from pipeline.model import Item, Kind

#: How far below the title an announcement's own words reach, in characters of summary.
LEAD_MAX = 450
#: The same for the page's text.
TEXT_LEAD_MAX = 1_200

_TITLE_LISTS = sorted(
    listed(
        "open_source open_weights open_data open_verb release_verb planned reversed adoption free_only update howto opinion "
        "funding legal roundup negation closed ai weights hub restricted newness first_person show_hn launch_hn "
        "background attribution type_model type_dataset type_code type_benchmark type_hardware type_protocol"
    )
)
_LEAD_LISTS = sorted(
    listed(
        "open_source open_weights open_data open_verb release_verb planned adoption free_only update howto opinion funding "
        "legal roundup negation closed weights hub restricted newness first_person background type_model "
        "type_dataset type_benchmark type_code"
    )
)
#: Lists that change what an opening in the title means.
_TURNING = sorted(
    listed(
        "adoption howto opinion funding legal roundup update planned closed free_only background show_hn newness attribution hub"
    )
)

#: "Code and weights will be released", "we will release the data": what papers promise.
_PROMISED_PARTS = re.compile(
    r"\b(?:code|weights|models?|checkpoints?|datasets?|data|implementation)\b[^.;]{0,24}\b(?:will|shall|to) be (?:made )?(?:open|publicly|released|published|available|shared)"
    r"|\b(?:will|plan to|intend to) (?:also )?(?:release|publish|open-source|share|open) (?:our|the|all|its|their|both)?\s?(?:\w+ ){0,3}(?:code|weights|models?|checkpoints?|datasets?|data)\b"
    r"|(?:代码|权重|数据集)[^。]{0,8}(?:将|即将)[^。]{0,6}(?:开源|公开|发布)|コード[^。]{0,12}公開(?:する予定|予定)|(?:Code|Gewichte)[^.]{0,30}(?:werden|sollen)[^.]{0,30}veröffentlicht"
    r"|\b(?:code|poids)\b[^.]{0,24}ser(?:a|ont) (?:publiés?|ouverts?)|\b(?:código|pesos)\b[^.]{0,24}se(?:rán?| publicarán?)",
    re.I,
)
#: Rules that mean more together than the sum of both.
_PAIRS = (
    ("read:title_who", "read:title_what"),
    ("at:maker", "name_first"),
    ("at:maker", "title:release_verb"),
    ("lead:hub", "read:title"),
    ("title:type_code", "title:open_source"),
    ("name_first", "lead:open_source"),
    ("family:open", "title:release_verb"),
    ("title:open_source", "read:title_what"),
)

_VERSION = re.compile(
    r"\b[vV]\d+(?:\.\d+)+|\b\d+\.\d+\.\d+\b|\bv\d+\b|版本|\b\d+\.\d+ (?:发布|released?)\b", re.I
)
_NAME_THEN = re.compile(
    r"^(?:show hn:\s*)?[^\s:：–—|，,]+(?: [^\s:：–—|，,]+){0,3}\s*(?:[:：–—|]|\s-\s)", re.I
)
#: A name before a colon or dash, with nothing of a label about it.
_HEAD = re.compile(
    r"^(?:show \w{2,3}:\s*)?(?P<name>[A-ZÀ-Þ][\w.-]{2,24}(?: [A-Z0-9][\w.-]{0,16}){0,2})\s*(?:[:：–—,]|\s-\s)",
    re.I,
)
_COUNT = re.compile(
    r"^(?:top |the |best )*\d+ |[0-9一二三四五六七八九十百千万]+(?:个|款|种|大|篇|\s?best|\s?ways|\s?tools)",
    re.I,
)
_QUESTION = re.compile(r"[?？]|^(?:is|are|can|does|do|will|should|why|how|what|who|where|when)\b", re.I)
_PARTS = re.compile(r"[；;|｜•]|, and | \+ ")
#: A model named by its size, and "open" as a word of its own: "an open benchmark", "now open to all".
_SIZED = re.compile(
    r"\b\d+(?:\.\d+)?[BbM](?:-A\d+B)?\b|亿参数|billion[- ]parameter|million[- ]parameter", re.I
)
_OPEN_WORD = re.compile(r"\bopen\b(?![ -]?(?:ai\b|source|ended|letter|beta))|开放|開放", re.I)
#: Open source as a subject of talk (its bugs, people, camps), and gatherings about it.
_OPEN_TALK = re.compile(
    r"open[ -]source (?:bugs?|projects?|maintainers?|communit\w+|software|contribut\w+|ecosystem|movement|developers?"
    r"|startups?|compan\w+|firms?|strategy|race|supremacy|security|supply|code\b|foundations?|AI\b(?! \w+))"
    r"|开源(?:社区|生态|软件|平台|阵营|战略|路线|之争|大赛|之夏|力量|代码)",
    re.I,
)
#: The subject "open AI" in the words of every language, where no list of openings has them.
_OPEN_SUBJECT = re.compile(
    r"\b(?:open|free|libre)[ -](?:\w+[ -]){0,2}(?:models?|LLMs?|weights|AI|training (?:set|data)|datasets?|librar(?:y|ies)|frameworks?)\b"
    r"|\b[Oo]pen[ -][Ss]ource\b|\bopen[ -]weights?\b|\b[Ww]eights are\b"
    r"|\b(?:offene|freie|quelloffene)[nrsm]?\s+(?:\w+-)?(?:KI\b|\w*[Mm]odell|\w*[Bb]ibliothek|Werkzeug|Software|Gewichte|Daten)|„?Open[ -](?:Access|Source|Weight)“?-"
    r"|\bmodèles? (?:\w+ )?(?:ouverts?|libres?)\b|\b(?:IA|bibliothèque|logiciels?|outils?) (?:open source|ouverte?s?|libres?)\b"
    r"|\bmodelos? (?:de \w+ )?(?:abiertos?|libres?)\b|\b(?:IA|biblioteca|software) (?:abierta|libre|de código abierto)\b"
    r"|开源|開源|开放(?:模型|权重)|公開モデル|公開済みの?\w{0,4}モデル|オープン(?:な|ソース|モデル|ウェイト)|공개 모델|오픈\s?소스|개방형",
)
_TRIED = re.compile(
    r"^(?:I|We|i|we)(?:['’]ve)? (?:ran|run|tried|tested|benchmarked|fine-?tuned|compared|used|put|spent|switched)\b"
    r"|\bindependent (?:tests?|benchmarks?|evaluation)|\btested independently|实测|試してみた|動かしてみた|im Praxistest|써보니|돌려보니",
)
_NUMBERED = re.compile(r"\b[A-Z][A-Za-z]+[- ]?[Vv]?\d+(?:\.\d+)?\b")
#: "X 1.4: …", "X 0.9 is out", "バージョン2.1", "2.4版": a version of something there was before.
_EDITION = re.compile(
    r"^[A-Z][\w.-]*(?: [A-Z][\w.-]*)? v?\d+\.\d+(?:\.\d+)?(?:\s*[:：–—]| (?:is out|released|ist da|disponible|est (?:là|disponible)|ya está))"
    r"|バージョン\s?\d|\d+\.\d+\s?版|버전\s?\d|Version \d+\.\d+|version \d+\.\d+|versión \d+\.\d+"
)
_EVENT = re.compile(
    r"hackathon|summit|conference|webinar|meetup|workshop|keynote|大赛|大会|峰会|论坛|沙龙|直播|周年", re.I
)
_VIDEO = re.compile(r"youtube\.|youtu\.be|bilibili|iesdouyin|douyin|tiktok|podcast|xiaoyuzhou", re.I)
_HOSTS = (
    ("github", re.compile(r"^https?://(?:www\.)?(?:github|gitlab)\.com/[^/]+/[^/]+", re.I)),
    (
        "hub",
        re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|modelscope\.c\w+)/(?!blog|papers|posts)", re.I),
    ),
    ("hub_blog", re.compile(r"^https?://(?:www\.)?huggingface\.co/blog", re.I)),
    ("paper", re.compile(r"arxiv\.org|huggingface\.co/papers|openreview\.net|aclanthology", re.I)),
    ("video", _VIDEO),
    (
        "blog_host",
        re.compile(
            r"dev\.to|medium\.com|qiita|zenn|juejin|csdn|substack|cnblogs|zhihu|hackernoon|towardsdatascience|woshipm|freecodecamp",
            re.I,
        ),
    ),
    ("press_release", re.compile(r"prnewswire|businesswire|globenewswire|prtimes|newsroom|nvidianews", re.I)),
    ("newsletter", re.compile(r"tldr\.tech|newsletter|weekly|buttondown|beehiiv", re.I)),
)


def signals(
    item: Item, clauses: Sequence[tuple[str, Clause]], found: Sequence[Reading], knowledge: Knowledge
) -> frozenset[str]:
    """Return the names of the rules that speak for this item."""
    title = [c for name, c in clauses if name == "title"]
    # Where there is no summary, the text's own beginning is one.
    second = "summary" if item.summary else "text"
    lead = [c for name, c in clauses if name == second and c.start < LEAD_MAX]
    rest = [c for name, c in clauses if name == "summary" and c.start >= LEAD_MAX]
    text = [c for name, c in clauses if name == "text" and c.start < TEXT_LEAD_MAX]
    rules: set[str] = set()
    rules.update(f"title:{tag}" for tag in _TITLE_LISTS if any(c.has(tag) for c in title))
    rules.update(f"lead:{tag}" for tag in _LEAD_LISTS if any(c.has(tag) for c in lead))
    if rest:
        rules.update(
            f"rest:{tag}"
            for tag in ("open_verb", "open_source", "first_person")
            if any(c.has(tag) for c in rest)
        )
    told = (*title, *lead, *rest)
    if not any(c.has("ai", "family") for c in told):
        # A "model" alone is more often one of ours than a car, but less sure.
        if any(c.has("type_model") for c in told):
            rules.add("model_only")
        else:
            # What a maker says at home is about AI, whatever its words.
            rules.add("no_ai_own" if owner(item, knowledge) else "no_ai")
    if "no_ai" in rules and not any(c.has("org") for c in title):
        # A headline that names a licence may leave its maker to the next line.
        licensed = any(licences_in(c) for c in title) and any(c.has("org") for c in lead)
        if licensed:
            rules.discard("no_ai")
            rules.add("no_ai_own")
        else:
            rules.add("no_ai_no_maker")
    for place, part in (("title", title), ("lead", lead)):
        if any(licences_in(c) for c in part):
            rules.add(f"{place}:licence")
        if any(c.has("org") for c in part):
            rules.add(f"{place}:org")
    if any(parted_verb(c) for c in title):
        rules.add("parted_verb")
    rules |= _family_rules(title)
    rules |= _shape(item, title, knowledge)
    grades = _grades(title, lead, found)
    rules |= grades
    rules |= _talk(item, title, lead, rules)
    rules |= _below(item, lead, found)
    if item.text:
        rules.add("has_text")
        rules |= _text_rules(text, found)
        if "text=trend" in rules and {"title:open_source", "title:open_weights"} & rules:
            rules.add("text=trend+open")
    for turn in _TURNING:
        if f"title:{turn}" in rules:
            rules.update(f"{g}+{turn}" for g in grades if g.startswith("title="))
            if "title:open_source" in rules:
                rules.add(f"open+{turn}")
    if "no_ai" in rules:
        rules.update(f"{g}+no_ai" for g in grades if g.startswith("title="))
    for kind in ("open", "mixed"):
        if f"family_first:{kind}" in rules and ("at:maker" in rules or "at:hub_blog" in rules):
            rules.add(f"own_family:{kind}")
    if "sized" in rules and not ({"title:howto", "title:opinion", "title:adoption"} & rules):
        rules.add("sized_plain")
    if "in:zh" in rules:
        rules.update(f"{g}+zh" for g in grades if g.startswith("title="))
    rules.update(f"both:{a}&{b}" for a, b in _PAIRS if a in rules and b in rules)
    for host in [r for r in rules if r.startswith("at:")]:
        rules.update(f"{g}+{host}" for g in grades if g.startswith("title="))
    if "name_first" in rules and {"title:open_source", "title:open_weights"} & rules:
        rules.add("open+name_first")
    if {"family_release:open", "title:org"} <= rules:
        rules.add("maker_family_release")
    if not (item.summary or item.text):
        rules.add("no_summary")
        rules.update(f"{g}+bare" for g in grades if g.startswith("title="))
    return frozenset(rules)


def _talk(item: Item, title: list[Clause], lead: list[Clause], rules: set[str]) -> set[str]:
    """Rules for items whose subject is open AI, though they open nothing."""
    out: set[str] = set()
    name = item.title[:400]
    below = " ".join(c.text for c in lead[:3])
    there = bool(_OPEN_SUBJECT.search(name))
    near = there or bool(_OPEN_SUBJECT.search(below)) or any(c.has("open_weights") for c in (*title, *lead))
    if "family:open" in rules or "family:mixed" in rules:
        near = True
    if _TRIED.search(name) and _NUMBERED.search(name) and "family:closed" not in rules:
        out.add("tried_named")
    if near and not {"no_ai", "no_ai_no_maker"} & rules:
        out.add("subject_open")
        out.update(
            f"talk:{turn}"
            for turn in ("howto", "opinion", "funding", "legal", "negation", "roundup")
            if f"title:{turn}" in rules
        )
        if _EDITION.search(name) and not {"title:type_model", "family:open", "family:mixed"} & rules:
            out.add("open_edition")
    return out


def _below(item: Item, lead: list[Clause], found: Sequence[Reading]) -> set[str]:
    """Rules for what the first sentences below say of the thing the title names."""
    out: set[str] = set()
    if any(_PROMISED_PARTS.search(c.text) and not c.has("negation") for c in lead):
        out.add("lead=parts_promised")
    head = _HEAD.match(item.title[:200])
    strong = [r for r in found if r.field != "title" and r.opening.grade in {"verb", "licence", "release"}]
    strong = [r for r in strong if r.field == "summary" or r.clause.start < TEXT_LEAD_MAX]
    if head and any(head["name"] in r.clause.text for r in strong):
        out.add("about_head")
    if any(name in item.title for r in strong for name in r.announcement.what):
        out.add("about_title")
    return out


def _grades(title: list[Clause], lead: list[Clause], found: Sequence[Reading]) -> set[str]:
    rules: set[str] = set()
    openings = [o for c in title if (o := find_opening(c, headline=True))]
    rules.add(f"title={_best(openings)}")
    if any(o.stage is Kind.PLANNED for o in openings):
        rules.add("title=planned")
    below = [o for c in lead if (o := find_opening(c))]
    rules.add(f"lead={_best(below)}")
    if any(o.stage is Kind.PLANNED for o in below):
        rules.add("lead=planned")
    first = next((r for r in found if r.field == "title"), None)
    if first is not None:
        rules.add("read:title")
        if first.announcement.who:
            rules.add("read:title_who")
        if first.announcement.what:
            rules.add("read:title_what")
    inside = [r for r in found if r.field == "summary"]
    if inside:
        rules.add("read:summary")
        if any(r.clause.start < LEAD_MAX and r.announcement.what for r in inside):
            rules.add("read:summary_what")
        if len(inside) >= 3:
            rules.add("read:summary_many")
    if first is None and not inside:
        rules.add("read:nothing")
    return rules


def _best(openings: Sequence[Opening]) -> str:
    ranked = ("verb", "licence", "release", "family", "nominal", "free")
    return min((o.grade for o in openings), key=ranked.index, default="none")


def _text_rules(text: list[Clause], found: Sequence[Reading]) -> set[str]:
    rules = {
        f"text:{tag}"
        for tag in ("open_verb", "open_source", "open_weights", "first_person", "hub", "howto")
        if any(c.has(tag) for c in text)
    }
    strong = [r for r in found if r.field == "text" and r.opening.grade in {"verb", "licence", "release"}]
    makers = {w for r in strong for w in r.announcement.who}
    if any(r.clause.start < TEXT_LEAD_MAX for r in strong):
        rules.add("text=early")
    if strong:
        rules.add("text=some")
    if len(makers) >= 3:
        rules.add("text=trend")
    return rules


def _family_rules(title: list[Clause]) -> set[str]:
    rules: set[str] = set()
    for clause in title:
        for hit, family, openness in families_in(clause):
            kind = "software" if family.software else openness
            rules.add(f"family:{kind}")
            before = clause.text[: hit.start].rstrip().lower()
            if not before:
                rules.add(f"family_first:{kind}")
            elif re.search(
                r"(?:\b(?:with|for|on|using|in|to|via|of|than|vs|versus|and)|用|接入|支持|基于|适配|和|与|在)$",
                before,
            ):
                rules.add(f"family_object:{kind}")
            if re.match(r"[\s-]?[vV]?\d", clause.text[hit.end : hit.end + 4]) and clause.has("release_verb"):
                rules.add(f"family_release:{kind}")
    return rules


def _shape(item: Item, title: list[Clause], knowledge: Knowledge) -> set[str]:
    rules: set[str] = set()
    words = item.title[:400]
    if _VERSION.search(words):
        rules.add("version")
    if _NAME_THEN.match(words):
        rules.add("name_first")
    if _COUNT.search(words):
        rules.add("counted")
    if _QUESTION.search(words):
        rules.add("question")
    if _SIZED.search(words):
        rules.add("sized")
    if _OPEN_TALK.search(words):
        rules.add("open_talk")
    if _EVENT.search(words):
        rules.add("event")
    if _OPEN_WORD.search(words):
        rules.add("open_word")
    if len(_PARTS.findall(words)) >= 2:
        rules.add("many_parts")
    if len(words) > 110:
        rules.add("long_title")
    elif len(words) < 28:
        rules.add("short_title")
    if re.search(r"\b(?:i|my|me)\b|我", words, re.I):
        rules.add("speaks_of_me")
    url = item.url[:300]
    hosts = [f"at:{name}" for name, pattern in _HOSTS if pattern.search(url)]
    rules.update(hosts)
    if owner(item, knowledge):
        rules.add("at:maker")
    if "title:show_hn" in {f"title:{t}" for c in title for t in c.hits} and "at:github" in rules:
        rules.add("show_hn_repository")
    # Only where the script changes the grammar; how often a language opens things is the sample's.
    if (item.language[:2] or guess_language(item.title)) == "zh":
        rules.add("in:zh")
    return rules
