"""The upload flow: creatives → the platform's id beside every file.

flow.py        which step works on which state
model.py       the record of an upload; every state with what it means
verify.py      planned → checked: the file once more, for uploads that are tried again
send.py        checked → sent: a group of files of one tab, attached once
identify.py    sent → identified: the platform's id, from the card that bears the file's name
record.py      identified → recorded: the ids into the inventories
archive.py     recorded → archived: a verified copy first, then the source goes
reconcile.py   unsure → identified, or for a person: look for what may be there
rehearse.py    as far as the open upload panel; nothing changes
fingerprint.py which cards may be a file of ours
tools.py       what the steps work with

pages.py       the media library and its upload panel, as page objects
site_answers.py  cards of the library, and what the answer to a sent file means

service.py     what a person does with creatives and batches
store.py       batches in the ledger, what a person decides
queries.py     how creatives and batches stand

commands.py    `workbench upload`, `workbench creatives`
panel.py       check, rehearse, upload, watch, results of creatives: the uploads notebook's calls, and their widgets
check_panel.py  the form of an upload, what becomes of each file and what to do
results_panel.py  what came of it, as it comes
inventory_panel.py  all creatives, a page at a time
markup.py      what is shown of creatives and batches as markup
load.py        what is to be uploaded, and the batch that came of it: what the cells of a notebook hand on

inventory.py   the creative inventory as it is on disk, owned together with the processor that rewrites it
sheet.py       a CSV whose cells can be set without touching anything else in it
stock.py       every creative that the sheet or the ledger knows, a page at a time; native pairs
scan.py        a folder into the inventory, for people without a processor
gather.py      which files are meant: the session, the inventory, a folder, a list
check.py       offline: what would be refused, and why
specs.py       what each slot of each platform takes
media.py       what a file really is; a process of its own, with limits
media_pool.py  those processes: started, watched, ended
paths.py       opening files below the creatives' root without following links
names.py       ids, parts and kinds, as file names tell them

batches.py     a batch as it is answered, and what is said of one before it exists
reports.py     status CSV, log, summary, errors, manifest: rebuilt from the ledger
campaign.py    campaign CSVs of what is uploaded
samples.py     small harmless media made on the spot
"""
