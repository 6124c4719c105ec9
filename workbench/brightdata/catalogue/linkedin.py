"""LinkedIn: people, companies, posts, job ads."""

from __future__ import annotations

from typing import Final

from workbench.brightdata.catalogue.entry import BY_URL, COLLECT, DATES, Dataset, Input, Way

_HOSTS: Final = ("linkedin.com",)
_COMPANY: Final = r"^/(company|school|showcase)/[^/]"
_SEARCH: Final = ("location", "country", "time_range", "job_type", "experience_level", "remote", "company")

DATASETS: Final = (
    Dataset(
        dataset_id="gd_l1viktl72bvl7bjuj0",
        platform="linkedin",
        service="profiles",
        kind="profiles",
        ways={
            COLLECT: Way(None, BY_URL, paths=r"^/(in|pub)/[^/]"),
            # Several people may have the name; the source's URL is a name for the search, and is not sent.
            "name": Way(
                "name",
                {"first_name": Input("text", required=True), "last_name": Input("text", required=True)},
                source="",
            ),
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        match_keys=("url", "first_name", "last_name"),
        columns={
            "profile_id": ("id", "linkedin_id", "linkedin_num_id"),
            "url": ("url", "input_url"),
            "name": ("name",),
            "handle": ("linkedin_id", "id"),
            "text": ("about",),
            "follower_count": ("followers",),
            "following_count": (),
            "post_count": (),
            "is_verified": (),
            "is_private": (),
            "image_url": ("avatar",),
            "external_urls": ("bio_links",),
        },
    ),
    Dataset(
        dataset_id="gd_l1vikfnt1wgvvqz95w",
        platform="linkedin",
        service="companies",
        kind="companies",
        ways={COLLECT: Way(None, BY_URL, paths=rf"{_COMPANY}|^/organization-guest/company/[^/]")},
        default_way=COLLECT,
        hosts=_HOSTS,
        columns={
            "company_id": ("company_id", "id"),
            "url": ("url",),
            "name": ("name",),
            "handle": ("id",),
            "text": ("about", "unformatted_about", "description"),
            "follower_count": ("followers",),
            "employee_count": ("employees_in_linkedin",),
            "company_size": ("company_size",),
            "organization_type": ("organization_type",),
            "industries": ("industries",),
            "specialties": ("specialties",),
            "founded_year": ("founded",),
            "headquarters": ("headquarters",),
            "locations": ("formatted_locations", "locations"),
            "country_code": ("country_code",),
            "website": ("website", "website_simplified"),
            "image_url": ("logo", "image"),
        },
    ),
    Dataset(
        dataset_id="gd_lyy3tktm25m4avu764",
        platform="linkedin",
        service="posts",
        kind="posts",
        ways={
            "profile_url": Way("profile_url", {**BY_URL, **DATES}, paths=r"^/in/[^/]"),
            "company_url": Way("company_url", BY_URL, paths=_COMPANY),  # takes no dates
            COLLECT: Way(None, BY_URL, paths=r"^/(posts|pulse|feed/update)/[^/]"),
            # the articles of an author
            "url": Way("url", {**BY_URL, "limit": Input("integer")}, paths=r"^/today/author/[^/]"),
        },
        default_way="profile_url",
        hosts=_HOSTS,
        # Times, as the vendor's pages ask for here and real rows show; so the last day counts to its end.
        date_format="%Y-%m-%dT00:00:00.000Z",
        end_date_format="%Y-%m-%dT23:59:59.999Z",
        columns={
            "post_id": ("id",),  # of an article it is a slug
            "url": ("url",),
            "author": ("user_id", "handle:use_url"),
            "author_url": ("use_url",),  # so spelt by the vendor
            "text": ("post_text", "title"),
            "published_at": ("date_posted",),
            "like_count": ("num_likes",),
            "comment_count": ("num_comments",),
            "share_count": (),
            "view_count": (),
            "media_type": ("post_type",),
            "hashtags": ("hashtags",),
            "media_urls": ("images", "+videos", "video_thumbnail", "document_cover_image"),
        },
    ),
    Dataset(
        dataset_id="gd_lpfll7v5hcqtkxl6l",
        platform="linkedin",
        service="jobs",
        kind="job_ads",
        ways={
            COLLECT: Way(None, BY_URL, paths=r"^/jobs/view/[^/]"),
            "keyword": Way(
                "keyword",
                {"keyword": Input("text", required=True), **{name: Input("text") for name in _SEARCH}},
                source="keyword",
            ),
            "url": Way("url", BY_URL, paths=r"^/jobs(/search|/collections|/[\w-]+-jobs)?/?$"),
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        match_keys=("url", "keyword", *_SEARCH),
        columns={
            "job_ad_id": ("job_posting_id",),
            "url": ("url",),
            "title": ("job_title",),
            "company_name": ("company_name",),
            "company_id": ("company_id",),
            "company_url": ("company_url",),
            "location": ("job_location",),
            "country_code": ("country_code",),
            "text": ("job_summary", "job_description_formatted"),
            "seniority_level": ("job_seniority_level",),
            "job_function": ("job_function",),
            "employment_type": ("job_employment_type",),
            "industries": ("job_industries",),
            "applicant_count": ("job_num_applicants",),
            "published_at": ("job_posted_date",),
            "apply_url": ("apply_link",),
            "salary_min": ("base_salary.min_amount",),
            "salary_max": ("base_salary.max_amount",),
            "salary_currency": ("base_salary.currency",),
            "salary_period": ("base_salary.payment_period",),
        },
    ),
)
