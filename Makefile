# The words of bootstrap.py, for those who like make: `make test`, or with arguments `make test ARGS="tests/collect -k poll"`.
.PHONY: help setup demo lab test check soak bench lock
.DEFAULT_GOAL := help

help setup demo lab test check soak bench lock:
	@python3 bootstrap.py $@ $(ARGS)
