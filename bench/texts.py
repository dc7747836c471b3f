"""Texts to measure on: ordinary prose, and prose dense with personal data. All invented."""

from __future__ import annotations

import random

_PROSE = """\
The committee met on a rainy Tuesday and agreed, after some debate, to postpone the decision.
Most readers notice a delay of a second, but few can say why one page feels slower than another.
In 2019 the city planted 1,200 trees along the river, and about 85% of them survived the drought.
She opened the window, listened for a while, and decided that the storm was still far away.
A cache is useful only when the same question is asked twice; otherwise it is a diary.
Note that the function returns early when its argument is empty, which surprised several people.
The recipe needs 250 grams of flour, two eggs, a pinch of salt and a little patience.
"We never promised that," he said, "but I can see how the letter might be read that way."
Light takes roughly eight minutes to reach us from the sun, so we always see it a little late.
If the first attempt fails, wait a moment (longer each time) and try again, up to three times.
The old library had no catalogue; visitors asked the librarian, who remembered everything.
Between 1990 and 2010 the number of newspapers fell by a third, while their readers grew older.
Streaming changes the shape of an answer: it is read while it is still being written.
For example, a bridge of this kind carries its weight along the arch and down into the banks.
Nobody had checked the second door. It was open, and behind it lay a long, well-lit corridor.
The average temperature rose by 0.8 degrees, which sounds small until you look at the harvest.
Her argument has three parts: what we know, what we assume, and what we would rather not say.
Trains run every ten minutes until midnight, and every half hour after that, even on holidays.
He read the contract twice, underlined a sentence on page 14, and put the pen back in its case.
Good tools disappear in use; you notice the work instead, and only later wonder how it was done.
The experiment was repeated with five groups of volunteers, and the effect vanished in four.
When in doubt, write the shorter sentence; when still in doubt, leave the sentence out.
""".splitlines()

_PERSONAL = """\
Please contact Jane at jane.doe@example.com or call her on +1 212 555 0142 before noon.
The card number is 4111 1111 1111 1111 and the transfer goes to IBAN DE89 3704 0044 0532 0130 00.
Her social security number is 856-45-6789, and the passport number on file is 912803456.
Logs show 192.168.10.20 and fe80::1ff:fe23:4567:890a talking to https://example.com/private?id=7.
My driver license is H12234567 and the bank account number ends the list: 945456787654.
The NHS number 401-023-2137 belongs to a patient who was born on 12/05/1987 in the north.
Send the coins to wallet 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ and mail bob.smith@mail.example.org.
""".splitlines()


def tokens(text: str, seed: int = 7) -> list[str]:
    """Cut a text into pieces of two to six characters, four on average."""
    source = random.Random(seed)
    pieces: list[str] = []
    at = 0
    while at < len(text):
        size = source.randint(2, 6)
        pieces.append(text[at : at + size])
        at += size
    return pieces


def prose(sentences: int, seed: int = 1) -> str:
    """Ordinary prose: years, percentages and quotations, no personal data."""
    source = random.Random(seed)
    return " ".join(source.choice(_PROSE) for _ in range(sentences))


def dense(sentences: int, seed: int = 2) -> str:
    """Every sentence holds two or three findings."""
    source = random.Random(seed)
    return " ".join(source.choice(_PERSONAL) for _ in range(sentences))
