"""Row makers: one file per platform; a maker turns an input and a moment into the columns of one record.

What a row looks like is data, in a `.json` beside each module; the module has what one row owes to another.

template rows from templates: JSON with braces where a value is thrown or given
words    the texts, names and addresses that the makers draw from: our own, and harmless
instagram · facebook · tiktok · linkedin · linkedin_pages · youtube · x
         the columns (name:type, as the vendor's metadata says) and the makers
"""
