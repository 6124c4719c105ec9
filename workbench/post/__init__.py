"""post: listings of your own → live listings, each at most once.

submit.py     queued    → submitted          fill, read back, write down, one click
confirm.py    submitted → posted | drafted   the id and the address, by the site's own list
reconcile.py  unsure    → posted | drafted   look whether a click without an answer published

pages.py      the item form and the click that publishes it, as page objects
selling_page.py  the list of one's own listings, and the page of one of them
site_listings.py  a listing as the site shows it: address, card, page

service.py    what a person does with listings and posting jobs
store.py      listings and jobs in the ledger, what a person decides
queries.py    how listings, posting jobs and their errors stand

commands.py   `workbench post`, `workbench listings`
panel.py      check, rehearse or post, watch, results of listings: the calls of the postings notebook, and their widgets
listings_panel.py  all listings, the form that writes and edits them, files of them
results_panel.py  what came of a job, as it comes
markup.py     what is to be posted and what came of it as markup
order.py      what is to be posted, and the job that came of it: what the cells of a notebook hand on

flow.py       the table of the steps
model.py      the fields of a listing; every state of its way to an account with what it means
listing.py    listings.csv and forms → checked listings
photos.py     photos by name: really images, and within bounds
known.py      what the item form takes: limits, conditions, categories (known.toml)
jobs.py       how posting jobs and listings stand, in people's words
rehearse.py   all of it but the click
matching.py   which of the account's listings is ours
samples.py    made-up listings with drawn photos, for practice
tools.py      what the steps work with, and what the form is to say
"""
