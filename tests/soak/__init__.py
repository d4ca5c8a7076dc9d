"""The long promises, in full: `make soak`, about an hour.

`make test` proves the same promises at sizes that fit into minutes (20 kills, 100 tamperings, 1,000 fuzzed
requests). Here they run at the stated numbers, and their figures stand in README:

- P1   kill -9 at random moments, 200 times (KILLS=2000 before a release), at least 10,000 acknowledged
       registrations by 8 clients: none lost, none twice, none without its outbox row and audit entry
- P6   two to five schedulers, killed and paused at random for 10 minutes: every due job has one effect
- P7   the database away for 60 seconds: 503 in time, and all is well afterwards
- P9   1,000 random tamperings of the audit log, each one found; one million entries verified
- P14  10,000 fuzzed requests: no 5xx, nothing slow or large, nobody's data in logs, addresses, error pages

A test here is an ordinary pytest test that takes its numbers from the environment, so that one may run it
smaller: `KILLS=20 REGISTRATIONS=1000 make soak T="-k kill"`. `make test` does not collect them.
"""
