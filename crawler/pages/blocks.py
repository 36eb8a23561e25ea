"""A page cut into blocks of text, each with what its surroundings say about it.

One walk over the tree makes everything the main-text chooser looks at: the words, how many of
them are links, the tags and the class names around them. A block is what a reader sees as one
paragraph, list item, heading or cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from lxml import etree

#: Blocks looked at; the longest articles with all their comments have some 3,000.
MAX_BLOCKS = 6_000
#: Deeper nesting is not followed: browsers stop at 512, real pages at 60.
MAX_DEPTH = 120

# What the class names, ids and tags around a block can say, one bit each.
BODY, LEAD, TITLE, COMMENT, RELATED, SHARE, ADVERT, SIGNUP, CONSENT, NAVIGATION, BYLINE, CAPTION, WIDGET, HIDDEN = (
    1 << n for n in range(14)
)  # fmt: skip
ARTICLE, MAIN, ASIDE, FOOTER, HEADER, FIGURE, TABLE, LIST, QUOTE, FORM, SECTION, SUMMARY = (
    1 << n for n in range(14, 26)
)
BITS = 26
#: Not for the model: what stands in such an area is left out unseen.
FOREIGN = 1 << BITS
#: Names of readers' comments and of cookie notices. "comment" alone is an opinion piece at many newspapers.
_FOREIGN = re.compile(
    r"(?:^|\s)(?:comments|disqus\w*|kommentare|comentarios|commentaires|comment[-_]?(?:s?list|body|section|area|thread)"
    r"|onetrust|didomi|usercentrics|cookie[-_]?(?:banner|notice|consent|law|bar)|gdpr|consent[-_](?:banner|manager))(?![a-z])",
    re.IGNORECASE,
)

#: What publishers call things, in the languages whose pages were looked at. Matched at the start of
#: a word of a class name or id, after "camelCase", "snake_case" and "kebab-case" are taken apart.
_WORDS = {
    BODY: "articlebody articletext articlecontent bodytext bodycopy storybody storytext storycontent entrycontent "
    "postcontent postbody posttext maincontent richtext wysiwyg prose texto cuerpo corpo contenu inhalt artikeltext "
    "artikelinhalt haupttext fliesstext brodtext body text content paragraph story entry post paywall textblock copy",
    LEAD: "lead lede intro standfirst dek deck subtitle subheadline summary abstract excerpt chapo chapeau vorspann "
    "anlauf entradilla bajada sottotitolo occhiello ingress ingres podtytul sommario subhead description teasertext",
    TITLE: "headline title titre titel titulo titolo heading",
    COMMENT: "comment comments commento kommentar kommentare comentario comentarios commentaire disqus reply replies "
    "respond forum discussion livefyre userpost",
    RELATED: "related recommend recommended recommendations recirc recirculation more readmore alsoread similar "
    "trending popular mostread latest teaser teasers promo promoted outbrain taboola relacionad relacionadas "
    "weiterlesen mehr lire voir next previous prev card cards tile carousel slider feed list listing collection "
    "morelikethis furtherreading upnext playlist linkbox topstories ranking rank",
    SHARE: "share shares sharing social socials follow addtoany sharebar teilen partager compartir tweet facebook "
    "twitter whatsapp telegram linkedin bookmark like toolbar tools actions print",
    ADVERT: "ad ads adv advert advertisement advertising adslot adbox dfp gpt sponsor sponsored anzeige werbung "
    "publicidad pubblicita publicite affiliate shop product price deal banner billboard",
    SIGNUP: "newsletter subscribe subscription subscriber signup register login signin abo abonnement piano "
    "paywalloverlay offer cta donate membership premium plus regwall optin appstore",
    CONSENT: "cookie cookies consent gdpr onetrust didomi usercentrics",
    NAVIGATION: "nav navi navbar navigation menu submenu breadcrumb breadcrumbs header masthead footer sidebar aside "
    "sitemap pagination pager tabs topbar toc skip logo search copyright legal imprint rail column widgetarea",
    BYLINE: "byline author authors autor auteur autore date dateline time timestamp published meta metadata info tag "
    "tags topic topics keyword keywords category categories kicker kategorie label bio biography profile writer source "
    "reporter readingtime duration updated contributor eyebrow overline credits",
    CAPTION: "caption captions figcaption credit copyrightholder legend bildunterschrift imagecaption image img photo "
    "foto picture gallery galerie media video player thumbnail bild slideshow audio podcast attribution lightbox",
    WIDGET: "widget embed infobox box sidebarbox callout inset factbox module plugin quiz poll chart graphic "
    "table ticker weather stock liveblog map tooltip popup modal overlay dialog notice alert faq note notes references "
    "footnotes disclaimer correction",
    HIDDEN: "hidden hide visually visuallyhidden sronly sr screenreader offscreen invisible noprint",
}  # fmt: skip
_BIT_OF = {word: bit for bit, words in _WORDS.items() for word in words.split()}
_TAG_BITS = {
    "article": ARTICLE, "main": MAIN, "aside": ASIDE, "footer": FOOTER, "header": HEADER, "figure": FIGURE,
    "figcaption": CAPTION, "picture": FIGURE, "table": TABLE, "ul": LIST, "ol": LIST, "dl": LIST, "blockquote": QUOTE,
    "form": FORM, "fieldset": FORM, "section": SECTION, "details": SUMMARY, "summary": SUMMARY, "dialog": WIDGET,
    "address": BYLINE, "time": BYLINE, "caption": CAPTION, "nav": NAVIGATION, "cite": BYLINE,
}  # fmt: skip
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "iframe",
        "object",
        "embed",
        "canvas",
        "select",
        "option",
        "textarea",
        "input",
        "button",
        "head",
        "nav",
        "audio",
        "video",
        "map",
        "math",
        "datalist",
        "meter",
        "progress",
        "source",
        "track",
        "img",
        "link",
        "meta",
        "base",
        "param",
        "area",
        "title",
    ]
)
_NEVER_FOREIGN = frozenset({"body", "main", "article"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "rb",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "amp-fit-text",
    ]
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = re.compile(r"[^\W\d_]+")


@dataclass(slots=True)
class Area:
    """A block element on the way down to a text: a node of the page's skeleton."""

    parent: int  # index into Page.areas, -1 for the root
    depth: int
    bits: int  # what its own tag and names say
    above: int  # what it or any ancestor says
    first: int = 0  # index of the first block in it
    chars: int = 0
    linked: int = 0
    prose: int = 0  # characters of its paragraphs that look like running text
    children: int = 0  # blocks directly in it


@dataclass(slots=True)
class Block:
    """One run of text as a reader sees it."""

    text: str
    tag: str  # nearest block tag
    area: int  # index into Cut.areas
    linked: int  # characters in links
    marked: int  # characters in inline elements that are named as something other than text
    bold: int  # characters in strong, b
    key: str  # tag and class names of the element and its parent: alike for repeated things
    prose: bool = False


@dataclass(slots=True)
class Cut:
    """A page's blocks in reading order, and the areas they stand in."""

    blocks: list[Block] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)  # index of the block, href as written
    title_at: int = -1  # index of the first block after the first h1's start


@lru_cache(maxsize=20_000)
def names_bits(names: str) -> int:
    """Return the bits that class names, an id and a role speak of."""
    bits = 0
    for name in names.split()[:12]:
        words = [word.lower() for part in _CAMEL.split(name[:80]) for word in _NAME.findall(part)]
        for word in words:
            bits |= _BIT_OF.get(word, 0)
        for one, two in pairwise(words):
            bits |= _BIT_OF.get(one + two, 0)
    if _FOREIGN.search(names):
        bits |= FOREIGN
    return bits


class _Cutter:
    def __init__(self) -> None:
        self.cut = Cut()
        self.pieces: list[str] = []
        self.linked = self.marked = self.bold = 0

    def flush(self, tag: str, area: int, key: str) -> None:
        if not self.pieces:
            return
        whole = "".join(self.pieces)
        self.pieces.clear()
        if tag == "pre":
            text = "\n".join(line.rstrip() for line in whole.strip("\n").splitlines()).strip()
        else:
            text = "\n".join(filter(None, [" ".join(line.split()) for line in whole.split("\x1f")]))
        if text:
            self.cut.blocks.append(Block(text, tag, area, self.linked, self.marked, self.bold, key))
        self.linked = self.marked = self.bold = 0

    def add(self, text: str, linked: bool, marked: bool, bold: bool) -> None:
        self.pieces.append(text)
        if linked or marked or bold:
            size = len(text.strip())
            self.linked += size * linked
            self.marked += size * marked
            self.bold += size * bold

    def inline(
        self, node: etree._Element, area: int, tag: str, key: str, state: tuple[bool, bool, bool], depth: int
    ) -> None:
        """Walk an inline element; block elements in it still part the text."""
        linked, marked, bold = state
        name = node.tag
        if name == "a":
            linked = True
            href = node.get("href")
            if href:
                self.cut.links.append((len(self.cut.blocks), href))
        elif name in {"strong", "b"}:
            bold = True
        names = node.get("class")
        if names and not marked:
            marked = bool(names_bits(names) & _NOT_TEXT)
        if node.text:
            self.add(node.text, linked, marked, bold)
        if depth < MAX_DEPTH:
            self.children(node, area, tag, key, (linked, marked, bold), depth + 1)

    def children(
        self, node: etree._Element, area: int, tag: str, key: str, state: tuple[bool, bool, bool], depth: int
    ) -> None:
        for child in node:
            name = child.tag
            if isinstance(name, str):
                if name in _INLINE:
                    self.inline(child, area, tag, key, state, depth)
                elif name == "br":
                    if self.pieces and self.pieces[-1] == "\x1f":
                        self.flush(tag, area, key)
                    elif self.pieces:
                        self.pieces.append("\x1f")
                elif name not in _SKIPPED:
                    self.flush(tag, area, key)
                    self.block(child, area, key, depth, state)
            tail = child.tail
            if tail and (not tail.isspace() or (self.pieces and self.pieces[-1] != "\x1f")):
                self.add(tail, *state)

    def block(
        self, node: etree._Element, above: int, key: str, depth: int, state: tuple[bool, bool, bool]
    ) -> None:
        """Walk a block element."""
        cut, tag = self.cut, node.tag
        if len(cut.blocks) >= MAX_BLOCKS or depth > MAX_DEPTH:
            return
        get = node.get
        names = get("class") or ""
        bits = _TAG_BITS.get(tag, 0)
        more = get("id")
        if names or more:
            bits |= names_bits(f"{names} {more}" if more else names)
        prop = get("itemprop")
        if prop:
            bits |= names_bits(prop)
        if (
            get("hidden") is not None
            or get("aria-hidden") == "true"
            or "display:none" in (get("style") or "").replace(" ", "")[:200]
        ):
            bits |= HIDDEN
        if (
            above >= 0
            and bits & FOREIGN
            and tag not in _NEVER_FOREIGN
            and next(node.iter("h1", "main"), None) is None
        ):
            self.flush(tag, above, key)
            return  # readers' comments and cookie notices are never the article's text
        own = f"{tag}.{names}"
        parent = cut.areas[above] if above >= 0 else None
        area = len(cut.areas)
        cut.areas.append(
            Area(above, depth, bits, bits | (parent.above if parent else 0), first=len(cut.blocks))
        )
        if tag == "h1" and cut.title_at < 0:
            cut.title_at = len(cut.blocks)
        inner = f"{own}<{key.partition('<')[0]}"
        if node.text and not node.text.isspace():
            self.add(node.text, *state)
        self.children(node, area, tag, inner, state, depth + 1)
        self.flush(tag, area, inner)


_NOT_TEXT = CAPTION | BYLINE | ADVERT | SHARE | RELATED | HIDDEN | SIGNUP


def cut_page(root: etree._Element) -> Cut:
    """Cut the page below ``root`` into blocks; what stands in navigation, scripts and forms' fields is left out."""
    cutter = _Cutter()
    body = root if root.tag == "body" else root.find("body")
    cutter.block(root if body is None else body, -1, "", 0, (False, False, False))
    return cutter.cut
