"""Audits by the thousand, with nobody watching: a ledger of what is to be done, and workers that may die.

`sources.py` lists what there is, `ledger.py` keeps what became of it, `driver.py` hands it out over Dask,
`worker.py` audits it, `guard.py` ends what takes too long or too much, and `report.py` tells it all.
`behind.py` does it for whoever asks over the network.
"""
