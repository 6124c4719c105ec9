"""schedule: work that runs by itself, at the times that workbench.toml names.

entry → due → run → told

model.py       one entry [[schedules]]: what is due, when, with which parameters; what is wrong with it
cron.py        the ticks of a cron line in a time zone, through both nights of a year that change the clock
store.py       ticks in the ledger: each decided once, whoever looks
service.py     what a person asks of schedules
scheduler.py   looks, and runs what is due, until it is asked to stop
command.py     a command as a process, its output kept
notify.py      tells the owner: a command of theirs, or one POST
timers.py      the schedules for cron and for systemd
commands.py    `workbench schedule`
"""
