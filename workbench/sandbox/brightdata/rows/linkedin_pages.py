"""LinkedIn: people, companies and job ads."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice, iso

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
_ROWS: Final = templates(__file__)


def make_profile(ask: Ask, moment: int) -> Row:
    """Sparse: a third of the keys are there only now and then. One name has several people."""
    dice = Dice(ask.seed, "linkedin profile", ask.handle, moment if ask.method else "")
    slug = f"{ask.handle.replace(' ', '-')}-{dice.base36(7)}" if ask.method else ask.handle
    row = _ROWS["profile"].fill(dice, id=slug, handle=ask.handle, connections=lambda dice: min(dice.crowd(900), 500))
    for column in _RARE:
        if not dice.now_and_then(3):
            del row[column]
    return row


def make_company(ask: Ask, _moment: int) -> Row:
    dice = Dice(ask.seed, "linkedin company", ask.handle)
    row = _ROWS["company"].fill(dice, handle=ask.handle)
    for column in ("founded", "slogan", "updates"):
        if dice.now_and_then(2):
            del row[column]
    return row


def make_job(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "linkedin job", ask.handle, moment)
    number = "4" + dice.digits(9)
    asked_for = ask.last.rsplit("-", 1)[-1]
    return _ROWS["job"].fill(
        dice,
        url=ask.url,
        plain=ask.method == "",
        number=asked_for if asked_for.isdigit() else number,
        title=f"{str(ask.given.get('keyword') or 'Kettle tester').title()} (m/f/d)",
        location=ask.given.get("location"),
        posted=iso(moment + 0.93),
    )
