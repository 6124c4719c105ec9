"""Stand-ins of the outside services, for practice and for tests; they import nothing else of workbench.

    serve          one process per home: lock, address file, idle stop; `Sandbox` is the same thing as an object
    web            the wire: threads, keep-alive, framing, and the ways in which an answer can break
    database       one SQLite file per home: what was accepted survives restarts and kill -9
    notes          what a service remembers beside its own tables
    switches       the failures that a caller of a site can ask for
    brightdata/    Bright Data, Web Scraper API v3
    trafficjunky/  TrafficJunky's sign-in and media library
    marketplace/   Marketplace's item form and the seller's own listings

Everything that a service answers is made up, harmless, and the same for the same seed.
"""
