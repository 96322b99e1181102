"""The ledger: facts from the record, and the hourly sums of them."""
