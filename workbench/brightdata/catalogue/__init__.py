"""The table of datasets: ids, ways to ask, typed inputs, and where our columns come from. Plain data.

entry.py      what an entry holds
facebook.py  its entries
instagram.py its entries
linkedin.py  its entries
tiktok.py    its entries
x.py         its entries
youtube.py   its entries
table.py      all of them

Ids, ways and inputs are those of the vendor's pages "Social media APIs", one page per dataset and way, and of its own
Python SDK; prices are the estimates of that SDK. To add one: docs/adding-a-dataset.md.
"""
