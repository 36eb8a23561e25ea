from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.due import read_due

# A Wednesday.
SAID = datetime(2026, 5, 13, 15, 0, tzinfo=UTC)

PHRASES = [
    ("en", "Northlight will open the weights on June 30", "2026-06-30"),
    ("en", "The code follows by June 30th, 2027.", "2027-06-30"),
    ("en", "The code is due 30 June 2026.", "2026-06-30"),
    ("en", "weights will come on 2026-07-01", "2026-07-01"),
    ("en", "We plan to publish it in June", "2026-06-30"),
    ("en", "expected in January", "2027-01-31"),
    ("en", "planned for September 2026", "2026-09-30"),
    ("en", "in early June", "2026-06-10"),
    ("en", "by mid-July", "2026-07-20"),
    ("en", "in late July", "2026-07-31"),
    ("en", "will be open-sourced by year-end", "2026-12-31"),
    ("en", "by the end of the year", "2026-12-31"),
    ("en", "later this year", "2026-12-31"),
    ("en", "weights follow in the coming weeks", "2026-06-24"),
    ("en", "in the next few weeks", "2026-06-24"),
    ("en", "in a few days", "2026-05-23"),
    ("en", "over the coming months", "2026-11-12"),
    ("en", "next week", "2026-05-24"),
    ("en", "later this week", "2026-05-17"),
    ("en", "next month we open it", "2026-06-30"),
    ("en", "by the end of the month", "2026-05-31"),
    ("en", "in Q3", "2026-09-30"),
    ("en", "in Q1", "2027-03-31"),
    ("en", "in the fourth quarter of 2026", "2026-12-31"),
    ("en", "next quarter", "2026-09-30"),
    ("en", "in the second half of the year", "2026-12-31"),
    ("en", "H1 2027", "2027-06-30"),
    ("en", "in two weeks", "2026-05-27"),
    ("en", "within 30 days", "2026-06-12"),
    ("en", "in three months", "2026-08-13"),
    ("en", "this summer", "2026-08-31"),
    ("en", "in the fall", "2026-11-30"),
    ("en", "tomorrow", "2026-05-14"),
    ("en", "on Friday", "2026-05-15"),
    ("en", "early next year", "2027-03-31"),
    ("en", "next year", "2027-12-31"),
    ("en", "in 2027", "2027-12-31"),
    ("en", "On May 4 Acme said that it will open the weights by June 1", "2026-06-01"),
    ("zh", "将于6月30日开源", "2026-06-30"),
    ("zh", "计划在2026年7月1日开放权重", "2026-07-01"),
    ("zh", "预计6月开源", "2026-06-30"),
    ("zh", "7月中旬开源", "2026-07-20"),
    ("zh", "将在下个月开源", "2026-06-30"),
    ("zh", "下周开源代码", "2026-05-24"),
    ("zh", "权重将于下周五开源", "2026-05-22"),
    ("zh", "未来几周内公开权重", "2026-06-24"),
    ("zh", "几天内开源", "2026-05-23"),
    ("zh", "年底前开源", "2026-12-31"),
    ("zh", "两周内开源", "2026-05-27"),
    ("zh", "三个月内开放", "2026-08-13"),
    ("zh", "第三季度开源", "2026-09-30"),
    ("zh", "今年下半年开源", "2026-12-31"),
    ("zh", "本月底开源", "2026-05-31"),
    ("zh", "明年开源", "2027-12-31"),
    ("ja", "今夏に公開する予定", "2026-08-31"),
    ("ja", "来月オープンソース化する", "2026-06-30"),
    ("ja", "年内に公開", "2026-12-31"),
    ("ja", "数週間以内に公開", "2026-06-24"),
    ("ja", "6月30日に公開", "2026-06-30"),
    ("ja", "2週間以内に", "2026-05-27"),
    ("ja", "来週公開", "2026-05-24"),
    ("ja", "第3四半期に公開", "2026-09-30"),
    ("de", "soll bis Ende des Jahres offen sein", "2026-12-31"),
    ("de", "in den kommenden Wochen", "2026-06-24"),
    ("de", "am 30. Juni", "2026-06-30"),
    ("de", "nächsten Monat", "2026-06-30"),
    ("de", "nächste Woche", "2026-05-24"),
    ("de", "in zwei Wochen", "2026-05-27"),
    ("de", "im dritten Quartal", "2026-09-30"),
    ("de", "Mitte Juli", "2026-07-20"),
    ("de", "im Herbst", "2026-11-30"),
    ("de", "Ende 2027", "2027-12-31"),
    ("fr", "d'ici la fin de l'année", "2026-12-31"),
    ("fr", "d’ici le 30 juin", "2026-06-30"),
    ("fr", "dans les prochaines semaines", "2026-06-24"),
    ("fr", "le mois prochain", "2026-06-30"),
    ("fr", "la semaine prochaine", "2026-05-24"),
    ("fr", "cet été", "2026-08-31"),
    ("fr", "dans deux semaines", "2026-05-27"),
    ("fr", "au troisième trimestre", "2026-09-30"),
    ("fr", "fin septembre", "2026-09-30"),
    ("es", "en las próximas semanas", "2026-06-24"),
    ("es", "a finales de año", "2026-12-31"),
    ("es", "el 30 de junio de 2026", "2026-06-30"),
    ("es", "el próximo mes", "2026-06-30"),
    ("es", "la próxima semana", "2026-05-24"),
    ("es", "este verano", "2026-08-31"),
    ("es", "en dos semanas", "2026-05-27"),
    ("es", "en el tercer trimestre", "2026-09-30"),
    ("es", "a mediados de julio", "2026-07-20"),
    ("zh", "明年6月30日开源", "2027-06-30"),
    ("zh", "明年第一季度开源", "2027-03-31"),
    ("zh", "明年年底开源", "2027-12-31"),
    ("ja", "来年の6月に公開", "2027-06-30"),
    ("ja", "来年春に公開", "2027-05-31"),
    ("en", "in June of next year", "2027-06-30"),
    ("en", "in the third quarter of next year", "2027-09-30"),
    ("de", "im Juni nächsten Jahres", "2027-06-30"),
    ("fr", "d’ici à la fin du mois prochain", "2026-06-30"),
    ("fr", "en juin de l'année prochaine", "2027-06-30"),
    ("es", "en junio del próximo año", "2027-06-30"),
    ("zh", "下月底开源", "2026-06-30"),
    ("en", "by the end of next month", "2026-06-30"),
    ("ko", "6월 30일에 공개한다", "2026-06-30"),
    ("ko", "다음 달 공개", "2026-06-30"),
    ("ko", "연내 공개", "2026-12-31"),
    ("ko", "몇 주 안에", "2026-06-24"),
    ("ko", "3분기에 공개", "2026-09-30"),
]


@pytest.mark.parametrize(("language", "phrase", "due"), PHRASES, ids=[f"{p[0]}-{p[1]}" for p in PHRASES])
def test_a_promised_time_is_read_in_its_language(language: str, phrase: str, due: str) -> None:
    assert read_due(phrase, SAID, language) == date.fromisoformat(due)


@pytest.mark.parametrize(("language", "phrase", "due"), PHRASES, ids=[f"{p[0]}-{p[1]}" for p in PHRASES])
def test_a_promised_time_is_read_without_knowing_the_language(language: str, phrase: str, due: str) -> None:
    assert read_due(phrase, SAID) == date.fromisoformat(due)


@pytest.mark.parametrize(
    "phrase",
    [
        "",
        "Northlight will open the weights soon",
        "即将开源",
        "The May model may be opened",
        "a 30B model with 128k context scores 82.5%",
        "On May 4 Acme said it would open the weights",
        "31 June",
        "40月40日",
        "It was promised for 2019",
    ],
)
def test_what_names_no_time_to_come_gives_none(phrase: str) -> None:
    assert read_due(phrase, SAID) is None


def test_a_day_without_a_year_lies_ahead() -> None:
    assert read_due("by January 5", datetime(2026, 12, 20, tzinfo=UTC)) == date(2027, 1, 5)
    assert read_due("by June 30", datetime(2026, 6, 30, tzinfo=UTC)) == date(2026, 6, 30)
    assert read_due("on 29 February", datetime(2026, 5, 1, tzinfo=UTC)) == date(2028, 2, 29)


def test_a_day_is_meant_before_a_loose_span() -> None:
    assert read_due("In the coming weeks, on June 3, it will be open", SAID) == date(2026, 6, 3)


def test_winter_ends_in_the_year_after() -> None:
    assert read_due("this winter", SAID) == date(2027, 2, 28)
    assert read_due("this winter", datetime(2026, 1, 9, tzinfo=UTC)) == date(2026, 2, 28)


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([p[1] for p in PHRASES] + ["by ", "0", "99", "月", "年", "31", " of "])).map(
        "".join
    ),
    st.dates(date(1971, 1, 1), date(9990, 1, 1)).map(
        lambda d: datetime(d.year, d.month, d.day, 23, 59, tzinfo=UTC)
    ),
    st.sampled_from(["", "en", "zh", "ja", "de", "fr", "es", "ko", "xx", "?"]),
)
def test_it_never_raises_and_never_gives_a_day_that_is_over(text: str, said: datetime, language: str) -> None:
    due = read_due(text, said, language)
    assert due is None or due >= said.date() - timedelta(days=1)


def test_a_megabyte_is_read_no_further_than_a_sentence() -> None:
    assert read_due("x " * 500_000 + "by June 30", SAID) is None
