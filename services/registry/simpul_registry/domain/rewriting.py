"""Other ways to write what is asked for (pure): a blank too many or too few, words written out that are short for others.

Two words that stand next to each other in a name are known together, with one blank between them.
"""

from collections.abc import Callable, Container, Iterator, Sequence

from simpul_registry.domain.question import Reading

SHORT_FOR = {
    "babel": "bangka belitung",
    "di": "daerah istimewa",
    "dki": "daerah khusus",
    "gn": "gunung",
    "jabar": "jawa barat",
    "jateng": "jawa tengah",
    "jatim": "jawa timur",
    "jogja": "yogyakarta",
    "jogjakarta": "yogyakarta",
    "kalbar": "kalimantan barat",
    "kalsel": "kalimantan selatan",
    "kaltara": "kalimantan utara",
    "kalteng": "kalimantan tengah",
    "kaltim": "kalimantan timur",
    "kep": "kepulauan",
    "kepri": "kepulauan riau",
    "malut": "maluku utara",
    "ntb": "tenggara barat",
    "ntt": "tenggara timur",
    "p": "pulau",
    "sei": "sungai",
    "sulbar": "sulawesi barat",
    "sulsel": "sulawesi selatan",
    "sulteng": "sulawesi tengah",
    "sultra": "sulawesi tenggara",
    "sulut": "sulawesi utara",
    "sumbar": "sumatera barat",
    "sumsel": "sumatera selatan",
    "sumut": "sumatera utara",
    "sungai": "sei",
    "tg": "tanjung",
    "tj": "tanjung",
    "tjg": "tanjung",
}


def other_ways(reading: Reading, known: Container[str], is_known: Callable[[str], bool]) -> Iterator[Reading]:
    """With two words as one, with one as two, and with the short ones written out. Beside a word that nobody knows those
    that are known stay as they are."""
    words, strange = reading.words, [not is_known(word) for word in reading.words]
    for at, joined in enumerate(map(str.__add__, words, words[1:])):
        if at + 1 not in reading.levels and (strange[at] or strange[at + 1] or not any(strange)):
            yield from (_joined(reading, at, one) for one in _meanings(joined) if is_known(one))
    if not SHORT_FOR.keys().isdisjoint(words):
        yield _reworded(reading, [SHORT_FOR.get(word, word) for word in words])
    if not any(strange):
        for at, word in enumerate(words):
            yield from (_reworded(reading, [*words[:at], two, *words[at + 1 :]]) for two in _cut(word, known))


def written_out(word: str, known: Container[str]) -> list[str]:
    """What a word may be that no name has: what it is short for, or two words without their blank."""
    return [SHORT_FOR[word]] if word in SHORT_FOR else _cut(word, known)


def _cut(word: str, known: Container[str]) -> list[str]:
    cuts = (f"{word[:at]} {word[at:]}" for at in range(1, len(word)))
    return [two for two in cuts if two in known]


def _meanings(word: str) -> list[str]:
    return [word, SHORT_FOR[word]] if word in SHORT_FOR else [word]


def _joined(reading: Reading, at: int, word: str) -> Reading:
    levels = {place - (place > at): depth for place, depth in reading.levels.items()}
    return _reworded(reading, [*reading.words[:at], word, *reading.words[at + 2 :]])._replace(levels=levels)


def _reworded(reading: Reading, words: Sequence[str]) -> Reading:
    return reading._replace(words=words, near=reading.near + 1)
