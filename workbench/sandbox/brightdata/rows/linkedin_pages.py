"""LinkedIn: people, companies and job ads."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import FIRST, LAST, PLACES, caption, handle_of, person, picture
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

PROFILES: Final = columns(
    """id name city country_code position about current_company:object experience:array url:url
    people_also_viewed:array educations_details education:array avatar:url followers:number connections:number
    current_company_company_id current_company_name location input_url:url linkedin_id activity:array
    linkedin_num_id banner_image:url honors_and_awards:array similar_profiles:array recommendations_count:number
    certifications:array recommendations:array publications:array organizations:array languages:array
    bio_links:array"""
)
COMPANIES: Final = columns(
    """id name country_code locations:array followers:number employees_in_linkedin:number about specialties
    company_size organization_type industries website:url crunchbase_url:url founded:number company_id
    employees:array headquarters image:url logo:url similar:array url:url updates:array slogan affiliated:array
    funding:object formatted_locations:array stock_info:object get_directions_url:array description
    additional_information country_codes_array:array alumni:object alumni_information:object"""
)
JOBS: Final = columns(
    """url:url job_posting_id job_title company_name company_id job_location job_summary job_seniority_level
    job_function job_employment_type job_industries company_url:url job_posted_time job_num_applicants:number
    apply_link:url country_code title_id company_logo:url job_posted_date:date job_poster:object
    application_availability:boolean job_description_formatted base_salary:object"""
)
_RARE: Final = ("about", "recommendations_count", "certifications", "publications", "organizations", "bio_links")


def make_profile(ask: Ask, moment: int) -> Row:
    """Sparse: a third of the keys are there only now and then. One name has several people."""
    dice = Dice(ask.seed, "linkedin profile", ask.handle, moment if ask.method else "")
    name = ask.handle.replace("-", " ").title()
    slug = f"{ask.handle.replace(' ', '-')}-{dice.base36(7)}" if ask.method else ask.handle
    company, place = f"{dice.choice(LAST)} Kettles", dice.choice(PLACES)
    url = f"https://www.linkedin.com/in/{slug}"
    row: dict[str, Any] = {
        "id": slug,
        "name": name,
        "city": f"{place}, Latvia",
        "country_code": "LV",
        "position": f"Kettle tester at {company}",
        "about": caption(dice),
        "current_company": {
            "link": f"https://www.linkedin.com/company/{company.lower().replace(' ', '-')}?trk=public_profile",
            "name": company,
            "company_id": company.lower().replace(" ", "-"),
            "title": f"Kettle tester at {company}",
        },
        "experience": [{"title": "Tester", "company": company, "start_date": "Jan 2019", "description_html": None}],
        "url": url,
        "people_also_viewed": None,
        "educations_details": "School of Tea",
        "education": [{"title": "School of Tea", "url": "https://www.linkedin.com/school/tea/", "end_year": "2015"}],
        "avatar": picture(dice),
        "followers": dice.crowd(90_000),
        "connections": min(dice.crowd(900), 500),
        "current_company_company_id": company.lower().replace(" ", "-"),
        "current_company_name": company,
        "location": place,
        "input_url": url,
        "linkedin_id": slug,
        "activity": [],
        "linkedin_num_id": dice.digits(9),
        "banner_image": picture(dice),
        "honors_and_awards": None,
        "similar_profiles": [],
        "recommendations_count": dice.randrange(1, 40),
        "certifications": [{"title": "First aid for kettles", "meta": "Issued May 2020"}],
        "recommendations": None,
        "publications": [],
        "organizations": [],
        "languages": [{"title": "Latvian", "subtitle": "-"}],
        "bio_links": [{"title": "site", "link": f"https://{dice.base36(8)}.sandbox.example/"}],
    }
    for column in _RARE:
        if not dice.now_and_then(3):
            del row[column]
    return row


def make_company(ask: Ask, _moment: int) -> Row:
    dice = Dice(ask.seed, "linkedin company", ask.handle)
    name, place = ask.handle.replace("-", " ").title(), dice.choice(PLACES)
    row: dict[str, Any] = {
        "id": ask.handle,
        "name": name,
        "country_code": "LV",
        "locations": [f"{place} 12 Kettleton, LV 1001, LV"],
        "followers": dice.crowd(2_000_000),
        "employees_in_linkedin": dice.crowd(30_000),
        "about": caption(dice),
        "specialties": "Kettles, Cosies, and Repair, with tea",
        "company_size": "51-200 employees",
        "organization_type": "Privately Held",
        "industries": "Food, Beverage and Kettle Manufacturing",
        "website": f"https://{ask.handle}.sandbox.example/",
        "founded": dice.randrange(1890, 2024),
        "company_id": dice.digits(7),
        "employees": [{"title": person(dice), "subtitle": "Kettle tester", "link": None, "img": picture(dice)}],
        "headquarters": f"{place}, LV",
        "image": picture(dice),
        "logo": picture(dice),
        "similar": [],
        "url": f"https://www.linkedin.com/company/{ask.handle}",
        "updates": [{"text": caption(dice), "likes_count": dice.crowd(900)}],
        "slogan": "Put the kettle on",
        "affiliated": [],
        "formatted_locations": [f"{place} 12, Kettleton, LV 1001, LV"],
        "get_directions_url": [],
        "description": f"{name} | {dice.crowd(90_000)} followers on LinkedIn. Kettles &amp; cosies",
        "additional_information": None,
        "country_codes_array": ["LV"],
        "alumni": None,
        "alumni_information": None,
    }
    for column in ("founded", "slogan", "updates"):
        if dice.now_and_then(2):
            del row[column]
    return row


def make_job(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "linkedin job", ask.handle, moment)
    number = "4" + dice.digits(9)
    asked_for = ask.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1].rsplit("-", 1)[-1]
    if asked_for.isdigit():
        number = asked_for
    title = f"{str(ask.given.get('keyword') or 'Kettle tester').title()} (m/f/d)"
    company = f"{dice.choice(FIRST)} & {dice.choice(LAST)}"
    slug, paid = handle_of(company, dice).replace("_", "-").replace("&", "and"), dice.now_and_then(3)
    url = f"https://www.linkedin.com/jobs/view/kettle-tester-at-{slug}-{number}"
    return {
        "url": ask.url if ask.method == "" else url,
        "job_posting_id": number,
        "job_title": title,
        "company_name": company,
        "company_id": dice.digits(8),
        "job_location": str(ask.given.get("location") or dice.choice(PLACES)),
        "job_summary": caption(dice),
        "job_seniority_level": "Entry level",
        "job_function": "Quality Assurance",
        "job_employment_type": "Full-time",
        "job_industries": "Food, Beverage and Kettle Manufacturing",
        "company_url": f"https://www.linkedin.com/company/{slug}?trk=public_jobs_topcard-org-name",
        "job_posted_time": "4 days ago",
        "job_num_applicants": dice.crowd(200),
        "apply_link": f"https://www.linkedin.com/jobs/view/externalApply/{number}" if dice.now_and_then(2) else None,
        "country_code": "LV",
        "title_id": dice.digits(5),
        "company_logo": picture(dice),
        "job_posted_date": iso(moment + 0.93),
        "job_poster": {"name": None, "title": None, "url": None},
        "application_availability": True,
        "job_description_formatted": '<section class="core">\n  <p>Test kettles.</p></section>',
        "base_salary": {
            "min_amount": 1800.5 if paid else None,
            "max_amount": 2400 if paid else None,
            "currency": "€" if paid else None,
            "payment_period": "mo" if paid else None,
        },
    }
