"""TrafficJunky's advertiser site: sign-in, app shell, media library, as its visitors' scripts know them.

    service    the route table, and what surrounds every route: the session, the switches, the counting
    world      what the routes share
    store      tables: accounts' creatives, what was received, sessions, challenges
    signin     the sign-in, its challenge, the sessions
    library    the app shell, the tabs' cards, reviews
    receive    the upload: a file is read, looked into, and taken, refused or swallowed
    multipart  the form of an upload, read as it comes in
    media      what a file is by its bytes
    rules      which files each tab takes
    control    /sandbox/…: counts, sessions, a past, reviews, the person's part of a sign-in
    switches   the failures that can be asked for
    pages      the site's pages and files
    texts      the labels in each language: the data is texts.toml
    site/      pages, scripts and styles

Names of files come from outside: they are text wherever they are shown.
"""
