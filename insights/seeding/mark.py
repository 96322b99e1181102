"""How made-up rows are told from real ones."""

#: In the place of a token's hash: no token hashes to it, so nobody can open such a conversation.
MARK = "demonstration-history"
