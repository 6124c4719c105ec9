"""Labels in each language, what the form offers to choose from, and the other names of renamed controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "Home & Garden": ("Tools", "Furniture", "Household", "Garden", "Appliances"),
    "Entertainment": ("Video Games", "Books, Movies & Music"),
    "Clothing & Accessories": (
        "Bags & Luggage",
        "Women's Clothing & Shoes",
        "Men's Clothing & Shoes",
        "Jewelry & Accessories",
    ),
    "Family": ("Health & Beauty", "Pet Supplies", "Baby & Kids", "Toys & Games"),
    "Electronics": ("Electronics & Computers", "Mobile Phones"),
    "Hobbies": (
        "Bicycles",
        "Arts & Crafts",
        "Sports & Outdoors",
        "Auto Parts",
        "Musical Instruments",
        "Antiques & Collectibles",
    ),
    "Classifieds": ("Garage Sale", "Miscellaneous"),
    "Vehicles": ("Boats",),  # in no list of the workbench: an owner adds it
}
CONDITIONS: Final = ("New", "Used - Like New", "Used - Good", "Used - Fair")
# Two of them carry the name of a condition, as people's groups do.
GROUPS: Final = ("New & Used Furniture", "Springfield Buy and Sell", "New Neighbors of Springfield")
MEETUPS: Final = ("Public meetup", "Door pickup", "Door dropoff")
# A word in a title → the categories that are suggested for it.
SUGGESTED: Final[Mapping[str, tuple[str, ...]]] = {
    "table": ("Furniture", "Household"),
    "chair": ("Furniture", "Household"),
    "lamp": ("Household", "Furniture"),
    "bike": ("Bicycles", "Sports & Outdoors"),
    "book": ("Books, Movies & Music", "Toys & Games"),
    "phone": ("Mobile Phones", "Electronics & Computers"),
}
# Town, region, its short form. Three towns share a name: the first suggestion is not always the one that is meant.
TOWNS: Final = (
    ("Springfield", "Massachusetts", "MA"),
    ("Springfield", "Missouri", "MO"),
    ("Springfield", "Illinois", "IL"),
    ("Austin", "Texas", "TX"),
    ("Boston", "Massachusetts", "MA"),
    ("Chicago", "Illinois", "IL"),
    ("Denver", "Colorado", "CO"),
    ("Houston", "Texas", "TX"),
    ("Los Angeles", "California", "CA"),
    ("Miami", "Florida", "FL"),
    ("New York", "New York", "NY"),
    ("Portland", "Maine", "ME"),
    ("Portland", "Oregon", "OR"),
    ("San Francisco", "California", "CA"),
    ("Seattle", "Washington", "WA"),
    ("London", "United Kingdom", "UK"),
    ("Manchester", "United Kingdom", "UK"),
    ("Dublin", "Ireland", "IE"),
    ("Berlin", "Germany", "DE"),
    ("Hamburg", "Germany", "DE"),
    ("Munich", "Germany", "DE"),
    ("Vienna", "Austria", "AT"),
    ("Zurich", "Switzerland", "CH"),
    ("Paris", "France", "FR"),
    ("Madrid", "Spain", "ES"),
    ("Lisbon", "Portugal", "PT"),
    ("Rome", "Italy", "IT"),
    ("Amsterdam", "Netherlands", "NL"),
    ("Copenhagen", "Denmark", "DK"),
    ("Stockholm", "Sweden", "SE"),
    ("Oslo", "Norway", "NO"),
    ("Helsinki", "Finland", "FI"),
    ("Tallinn", "Estonia", "EE"),
    ("Riga", "Latvia", "LV"),
    ("Vilnius", "Lithuania", "LT"),
    ("Warsaw", "Poland", "PL"),
    ("Prague", "Czechia", "CZ"),
    ("Toronto", "Ontario", "ON"),
    ("Montreal", "Quebec", "QC"),
    ("Sydney", "Australia", "AU"),
    ("Mumbai", "India", "IN"),
    ("Manila", "Philippines", "PH"),
    ("Lagos", "Nigeria", "NG"),
)

# What `control_renamed` can rename, and to what.
LABELS: Final[Mapping[str, str]] = {
    "Publish": "Post listing",
    "Next": "Go on",
    "Save draft": "Keep for later",
    "Photos": "Pictures",
    "Title": "What are you selling?",
    "Price": "Amount",
    "Category": "Kind of item",
    "Condition": "How worn is it?",
    "Description": "About the item",
    "More details": "Tell more",
    "SKU": "Stock number",
    "Location": "Where is it?",
    "Hide from friends": "Keep private",
    "List in more places": "Share further",
    "Your listings": "Selling",
    "Your profile": "Account controls",
    "Search Facebook": "Find",
    "Remove photo": "Take away",
}
GERMAN: Final[Mapping[str, str]] = {
    "Item for sale": "Artikel zu verkaufen",
    "Create new listing": "Neues Angebot erstellen",
    "Edit listing": "Angebot bearbeiten",
    "Choose listing type": "Art des Angebots wählen",
    "Vehicle for sale": "Fahrzeug zu verkaufen",
    "Home for sale or rent": "Immobilie zu verkaufen oder zu vermieten",
    "Photos": "Fotos",
    "Add photos": "Fotos hinzufügen",
    "You can add up to 10 photos": "Du kannst bis zu 10 Fotos hinzufügen",
    "Remove photo": "Foto entfernen",
    "Title": "Titel",
    "Price": "Preis",
    "Category": "Kategorie",
    "Condition": "Zustand",
    "New": "Neu",
    "Used - Like New": "Gebraucht – wie neu",
    "Used - Good": "Gebraucht – gut",
    "Used - Fair": "Gebraucht – ausreichend",
    "Description": "Beschreibung",
    "More details": "Mehr Details",
    "Location": "Standort",
    "Input Location is valid.": "Eingabe Standort ist gültig.",
    "Delivery method": "Liefermethode",
    "Local pickup only": "Nur Abholung",
    "Public meetup": "Öffentlicher Treffpunkt",
    "Door pickup": "Abholung an der Tür",
    "Door dropoff": "Lieferung an die Tür",
    "Hide from friends": "Vor Freunden verbergen",
    "Enabled": "Aktiviert",
    "Disabled": "Deaktiviert",
    "List in more places": "An mehr Orten anbieten",
    "Availability": "Verfügbarkeit",
    "Next": "Weiter",
    "Previous": "Zurück",
    "Publish": "Veröffentlichen",
    "Update": "Aktualisieren",
    "Save draft": "Entwurf speichern",
    "Leave page": "Seite verlassen",
    "Leave page?": "Seite verlassen?",
    "Close": "Schließen",
    "Your listings": "Deine Angebote",
    "Your profile": "Dein Profil",
    "Search Facebook": "Facebook durchsuchen",
    "Active": "Aktiv",
    "In review": "Wird geprüft",
    "Draft": "Entwurf",
    "Continue": "Weiter",
    "Details": "Details",
    "This listing is being reviewed.": "Dieses Angebot wird geprüft.",
    "Log in": "Anmelden",
    "Log in to Facebook": "Bei Facebook anmelden",
    "Email or phone number": "E-Mail-Adresse oder Handynummer",
    "Password": "Passwort",
}


class Texts:
    """The texts of one page: language, renamed control, and the apostrophe of the stop pages."""

    def __init__(self, language: str = "en", renamed: str = "", *, is_curly: bool = False) -> None:
        self.language = language
        self.table = dict(GERMAN) if language == "de" else {}
        if renamed:
            self.table[renamed] = LABELS[renamed]
        self.is_curly = is_curly

    def __call__(self, english: str) -> str:
        text = self.table.get(english, english)
        return text.replace("'", "’") if self.is_curly else text


def towns_like(typed: str) -> list[str]:
    """What the site suggests for a typed place: town and perhaps the beginning of its region, long or short."""
    town, _, region = (part.strip().lower() for part in typed.partition(","))
    return [
        f"{name}, {place}"
        for name, place, short in TOWNS
        if town and name.lower().startswith(town) and (place.lower().startswith(region) or short.lower() == region)
    ]
