from __future__ import annotations

from analysis.report.references import bibliography, cite, entry, parse_bib, reference_list, short

SAMPLE = """
% a comment
@article{two2000, author = {M{\\"u}ller, J{\\'o}zef K. and van der Berg, Ann}, year = {2000},
  title = {On {SEM} \\& more}, journal = {J. Test}, volume = 3, number = "2", pages = {1--9},
  doi = {10.1/x}
}
@book{many1999, author = {A, B and C, D and E, F},
  title = {Big book}, publisher = {House}, year = 1999 }
"""


def test_reads_braces_quotes_and_accents() -> None:
    found = parse_bib(SAMPLE)
    assert found["two2000"].authors == (("Müller", "Józef K."), ("van der Berg", "Ann"))
    assert found["two2000"].fields["title"] == "On SEM & more"
    assert found["two2000"].fields["pages"] == "1–9"
    assert found["two2000"].fields["volume"] == "3"
    assert found["many1999"].year == "1999"


def test_the_bibliography_is_found_and_complete() -> None:
    assert len(bibliography()) > 50
    for key in bibliography():
        assert entry(key).head.endswith((" ", "."))


def test_short_forms() -> None:
    assert short("hu1999") == "Hu & Bentler, 1999"
    assert short("hair2019") == "Hair et al., 2019"
    assert short("hair2019", "zh") == "Hair 等, 2019"
    assert cite(("hu1999", "hair2019", "hu1999")) == "Hu & Bentler, 1999; Hair et al., 2019"


def test_unknown_keys_show_themselves() -> None:
    assert short("nobody2050") == "nobody2050"


def test_list_is_sorted_without_repeats() -> None:
    heads = [e.head for e in reference_list(["kline2016", "hu1999", "bentler1990", "hu1999"])]
    assert heads == sorted(heads, key=str.casefold)
    assert len(heads) == 3


def test_article_entry() -> None:
    found = entry("hu1999")
    assert found.head.startswith("Hu, L.")
    assert "(1999)" in found.head
    assert found.italic.startswith("Structural Equation Modeling")
    assert found.doi.startswith("10.")
