"""Stand-ins of the outside services, for practice and for tests; they import nothing else of workbench.

    serve          one process per home: lock, address file, idle stop; `Sandbox` is the same thing as an object
    web            the wire: werkzeug's requests and responses, kept alive, and broken where a switch says so
    routes         tables of routes
    service        what a stand-in is: its routes, the counting around them, its controls
    control        /sandbox/…: the controls that all have, and how a call is read and refused
    world          what the routes of a service share
    signin         what the sign-ins of the sites share
    site           what a browser sees of a service: pages from templates, scripts and styles, texts
    switches       the failures that a caller can ask for, declared by each service
    notes          what a service remembers: values, tallies, its switches, its tables
    dice           randomness that a seed and some words decide
    database       one SQLite file per home: what was accepted survives restarts and kill -9
    brightdata/    Bright Data, Web Scraper API v3
    trafficjunky/  TrafficJunky's sign-in and media library
    marketplace/   Marketplace's item form and the seller's own listings

Everything that a service answers is made up, harmless, and the same for the same seed.
"""
