"""Texts, names and addresses of the made-up world, among them all that breaks a careless reader of text."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.dice import Dice

CAPTIONS: Final = (
    "First frost on the allotment. The leeks do not mind.",
    "Our sourdough starter turned three today 🎂🥖 happy birthday, Clint Yeastwood!",
    "Two lines of thought:\n\n1. Paint the shed.\n2. Admire the shed.",
    "صباح الخير من السوق القديم، القهوة جاهزة ☕",
    "בוקר טוב! הרכבת איחרה, אבל השמש הגיעה בזמן 🌞",
    "今日の散歩:公園で大きなカメを三匹見ました 🐢🐢🐢",
    '<b>Big news</b> & a <a href="#">small link</a>: the <script>kettle()</script> is back',
    "=CMD|' /C echo kettle'!A1",
    "=SUM(A1:A9) is how our bake sale went",
    "+1 for rain, -1 for the umbrella, @noon we decide",
    'She said "tea, please", and we said: \\o/ \t(of course)',
    "Line one\r\nline two\r\nline three, with a comma; and a semicolon",
    "A paragraph\u2028and another one\u2029that a JSON line may carry as they are",
    "Wind from the west, boats stay in. 👩🏽‍🚒👨‍👩‍👧‍👦🏳️‍🌈 family day instead",
    "Ćevapi, smørrebrød, crème brûlée, jalapeño: lunch round the world 🌍",
    "Z̴a̷l̶g̵o̴ says hello from the print shop",
    "Behind the scenes: how 240 felt mice were made by hand.",
    "Thank you to everybody who came to the repair café on Saturday.",
    "New bench in the reading corner. Come and sit on it.",
    "The lighthouse is open again on Sundays, from ten to four.",
)
REPLIES: Final = (
    "Lovely!",
    "😍😍😍",
    "Where was this?",
    "شكرا جزيلا",
    "Count me in 🙌",
    "=1+1",
    "So <i>good</i>",
    "Next\nweek?",
)
TAGS: Final = ("allotment", "repaircafé", "slowmorning", "kettleclub", "夕焼け", "backstage")
FIRST: Final = ("Maple", "Otto", "Noor", "Ines", "Tarek", "Yuki", "Bruna", "Caspian", "Lior", "Wren")
LAST: Final = ("Kettleby", "Ferrow", "Okonjo-Test", "D'Arbor", "Müllerin", "Sandgrove", "Tealeaf", "Quillon")
PLACES: Final = ("Harbour Road", "Old Market", "Kettle Hill", "Pier 9", "Botanischer Garten")


def caption(dice: Dice) -> str:
    text = dice.choice(CAPTIONS)
    return f"{text} #{dice.choice(TAGS)}" if dice.now_and_then(3) else text


def person(dice: Dice) -> str:
    return f"{dice.choice(FIRST)} {dice.choice(LAST)}"


def handle_of(name: str, dice: Dice) -> str:
    plain = "".join(letter for letter in name.lower().replace(" ", "_") if letter.isascii() and letter != "'")
    return f"{plain}_{dice.randrange(10, 99)}"


def picture(dice: Dice, kind: str = "jpg") -> str:
    """An address in the shape of a content network's; `.example` belongs to nobody (RFC 2606)."""
    return f"https://media.sandbox.example/v/t51.{dice.digits(4)}-15/{dice.digits(9)}_n.{kind}?oh={dice.base36(12)}&oe={dice.base36(8)}"


def tags_in(text: str) -> list[str]:
    return [word.rstrip(".,!") for word in text.split() if word.startswith("#") and len(word) > 1]
