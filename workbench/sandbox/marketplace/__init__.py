"""Facebook Marketplace's item flow: sign-in, the form in its variants, Your listings, and the pages that stop a seller.

    service    the route table, and what surrounds every route: counting, delays, broken answers
    gates      what stands before a page: sign-in, checkpoint, challenge, blocked, disabled, shell
    world      what the routes share, and who is asking
    store      tables: accounts, sessions, photos, listings, drafts
    signin     the login page, the second factor, the two cookies; a person signs in, a program never
    form       chooser, form and edit page, as one JSON that the script draws
    publish    what the form sends: steps, photos, the listing itself, drafts
    selling    Your listings page by page, listing pages
    pages      home, market, the pages that stop a seller
    texts      labels in each language, categories, towns, renamed controls: the data is texts.toml
    control    /sandbox/…: counts, sessions, a past, the person's part
    switches   the failures and variants that can be asked for, each for one account or all
    site/      pages, scripts and styles

Markup of a labelled field (`markup`), as seen over the years:

    A  label[aria-label] > input                          until 2025-02
    B  label > span + input                               now; the default
    C  span, and input[aria-labelledby]
    D  input[aria-label]
    E  span beside an input that is not associated with it
    F  input[placeholder] alone

In all of them category and condition are label[role=combobox] whose text contains the label, with a menu of divs; the
combobox has an accessible name in A, C and D alone. Location is always input[aria-label="Location"].

Pages of the form (`pages`): 3 = item → Next → delivery with location → Next → groups → Publish; 2 = item with location
→ Next → groups → Publish; 1 = everything on one page, no Next.
"""
