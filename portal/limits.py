"""Every time budget and size limit, in one table, in the order that they must keep.

portal/checks.py asserts the inequalities at start-up. Seconds unless the name says otherwise.
Sources: measured values of the project's reliability notes.
"""

# Text on its way to the customer
FLUSH_MS = 40  # coalescing of streamed text
FLUSH_CHARS = 256

# A turn's life: PRESENCE < HEARTBEAT < SILENCE < REAP < LEASE < STALL < QUEUE_WAIT < DEADLINE
PRESENCE = 0.5  # a worker says that it lives and looks for those that died
HEARTBEAT = 2.0  # a worker renews the leases of its turns
SILENCE = 3.0  # a worker that is there and not heard: new turns go elsewhere
REAP = 5.0
LEASE = 10.0  # what a stopped worker holds is taken after this; a dead one's at once
STALL = 15.0  # no token for so long: the rung is given up
QUEUE_WAIT = 30.0  # a queued turn older than this is rung again on the next rung
DEADLINE = 120.0
GRACE = 150.0  # a worker's time to finish after SIGTERM
VISIBILITY_TIMEOUT = 600  # the broker redelivers after this
STREAM_TTL = 900  # a finished turn's stream stays for late readers
MAX_ATTEMPTS = 3
OUTAGE = 20.0  # a finished answer waits for the database so long before it is given up

# Broker and database sockets
PUBLISH_SOCKET_TIMEOUT = 2.0
WORKER_SOCKET_TIMEOUT = 15.0
BROKER_HEALTH_CHECK = 10
WEB_STATEMENT_TIMEOUT = 5.0
HTTP_TIMEOUT = 60
DRAIN = 25.0

# Sockets
MESSAGE_CHARS = 8_000  # a customer's message
FRAME_BYTES = 64 * 1024  # a client's frame; larger ones get an error, the socket lives
SOCKET_MESSAGE_BYTES = 4 * 1024 * 1024  # the server's own cut
OUTBOX_BYTES = 1024 * 1024  # unsent for two checks in a row: the client does not read, cut it
INBOX_MESSAGES = 64  # received but not handled: the client floods, close 1008
INBOX_BYTES = 8 * 1024 * 1024
BODY_BYTES = 10 * 1024 * 1024  # of an HTTP request
PING = 20  # seconds between pings, and until a pong is overdue
DRAIN_SOCKETS_PER_SECOND = 50  # so that a restart is not a stampede
WEBSOCKET_TIMEOUT = 4 * 3600
RETENTION = 24 * 3600  # how often what is older than its clock goes
INSIGHTS_REFRESH = 60.0  # how often the ledger reads what changed
THEMES_FIND = 300.0  # how often new questions are put into themes, and how many at once
THEMES_AT_ONCE = 2_000
BACKGROUND = 10  # nice: how far reports, themes, review and retention stand behind replies
BRIEF_CHECK = 600.0  # how often it is looked whether the morning's brief is due
EVENTS_PAGE = 200  # durable frames replayed per query

# Generation
#: What is promised from a message's acceptance to the first text.
FIRST_TOKEN_PROMISE = 0.5
#: Predicted seconds to a model's first token beyond which its rung is passed over for this turn.
#: Search and decision take the other part of the promise.
FIRST_TOKEN_BUDGET = 0.35
PROMPT_TOKENS = 1_500
REPLY_TOKENS = 220

# The desk
AGENT_HEARTBEAT = 20  # an open desk page says that it is there
AGENT_SEEN = 45.0  # heard within this: online
AGENT_GONE = 120.0  # not heard for so long: what the agent holds goes back to the queue
LOOKING_TTL = 15.0  # who looks at a conversation, and who types
REOPEN_WITHIN = 7 * 24 * 3600  # a customer who writes again gets the person back
MAIL_CHECK = 30.0  # how often unread words of agents are looked for
MAIL_AFTER = 120.0  # an agent's words unseen for so long go out by e-mail
MAIL_WITHIN = 3 * 24 * 3600  # older ones no more: the mail server was away for too long
RETURN_KEY = 14 * 24 * 3600  # the link in such an e-mail opens the conversation for so long
CUSTOMER_LEFT = 24 * 3600  # no word after an answer: the conversation is closed
NOTE_CHARS = 4_000

# Review of conversations: what a supervisor can judge in an hour a week
REVIEW_SAMPLE = 60  # turns of a week, drawn at random in strata
REVIEW_TWICE = 0.1  # share of the sample that two people judge
REVIEW_LOWEST = 15  # least sure answers of a week
REVIEW_LOOKS_BACK = 14 * 24 * 3600  # complaints and thumbs down older than this are not fetched
REVIEW_FILL = 600.0  # how often the queue is filled

# The front door. (how many at once, refilled within so many seconds); see docs/security.md.
SESSION = 12 * 3600  # a login lasts a shift
MESSAGES_OF_CONVERSATION = (60, 60.0)
BYTES_OF_CONVERSATION = (512 * 1024, 60.0)
MESSAGES_OF_ADDRESS = (600, 60.0)
BYTES_OF_ADDRESS = (4 * 1024 * 1024, 60.0)
CONVERSATIONS_OF_ADDRESS = (60, 600.0)
SOCKETS_OF_CONVERSATION = 12  # tabs of one browser
SOCKETS_OF_ADDRESS = 200
FRAMES_OF_SOCKET = (120, 10.0)  # of every kind, counted in the web process
LOGINS_OF_ADDRESS = (60, 600.0)  # whoever is tried
LOGIN_FAILURES = 5  # of one user from one address, then a pause
LOGIN_PAUSE = 15 * 60.0
KEY_GRACE = 300.0  # a replaced customer key still opens: other tabs learn the new one

# The REST interface
API_CALLS = (600, 60.0)  # of one token, agent or customer
API_PAGE = 50  # entries of a page unless asked for more
API_MOST = 200
API_KEY_CHARS = 255  # of an Idempotency-Key
API_ANSWERS = 24 * 3600  # how long an Idempotency-Key is remembered
EVENTS_STREAM = 50.0  # an event stream ends by itself: before HTTP_TIMEOUT cuts it
EVENTS_HEARTBEAT = 15.0
TOKEN_USED_EVERY = 60.0  # how often a token's last use is written at most
