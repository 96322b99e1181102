"""The words and phrases that tell kinds of turn apart. English in full; other languages greet,
thank, say goodbye, yes and no, and ask for a person.
"""

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


GREETING = _set(
    """hi hii hiii hey heya hello helo hallo hullo hai hiya howdy greetings morning afternoon
    evening yo hola buenos buenas bonjour bonsoir salut hoi goedemorgen goedemiddag goedenavond
    dag moin
    servus guten ciao buongiorno buonasera salve ola olá bom boa hej cześć ahoj"""
)
THANKS = _set(
    """thanks thank thx ty tnx thanx thankyou thanku thnaks thsnks thks cheers appreciate
    appreciated grateful gracias merci danke dankeschön bedankt dank dankjewel grazie obrigado
    obrigada tack
    dziękuję tak"""
)
GOODBYE = _set(
    """bye byee byebye goodbye goodnight cya later farewell adios adiós tschüss tschuss doei ciao
    arrivederci tchau hejdå"""
)
YES = _set(
    """yes yeah yea yep yup yess yiah ok okay okey okie okk k kk sure certainly correct right
    absolutely definitely exactly indeed affirmative confirm confirmed conform agreed fine perfect
    great good nice cool awesome excellent wonderful alright understood surely true proceed
    sí si oui ja jawohl sì sim klar genau graag oke"""
)
NO = _set("""no nope nah nothing none never negative non nein nee nej não wrong incorrect""")

# Words that add nothing to a courtesy: "ok thank you so much for your help, sir".
FILLER = _set(
    """a all am and any are as at be been being but can day dear else enough ever everything for
    friend from fully get glad go going good great had has hav have having help helped helpful
    helping
    here how i im info information is it its ive job just kind kindly know lot lots lovely ma
    maam madam many mate me moment mr mrs ms much my need needed night of oh on once again only
    pleasure please pls plz put quick really reply response same see service sir so soon
    support sweet take care talk talking team that thats the then there this time to today too
    until very wait waiting was way weekend welcome well will with work wow you your yours youre
    youve rest assistance clear clarification cooperation co operation patience answer done
    ahead quickly tomorrow um umm uh uhh now happy morning evening bien mucho muchas
    beaucoup vielen schönen wel heel erg tot ziens mille tarde noite dia auf wiedersehen
    je jou u bitte por favor s'il vous plaît plait prego alstublieft alsjeblieft"""
)

# Whole turns of small talk, matched from beginning to end.
SMALL_TALK = re.compile(
    r"(?:(?:hi|hey|hello|ok|okay|so|well|and|sir|please|sorry)[\s,!.]*)*(?:"
    r"how(?: are|'re| r) (?:you|u)(?: doing| today)*"
    r"|how(?:'s| is) (?:it going|everything|life|your day)(?: going)?|what'?s up"
    r"|(?:(?:are|r) )?(?:you|u) (?:still )?(?:there|here|connected|online|ok(?:ay)?)(?: with me)?"
    r"|(?:is )?any(?:one|body) (?:there|here)|hello+\?*"
    r"|(?:are you|is this|am i (?:talking|speaking|chatting) (?:to|with)) (?:a |an )?"
    r"(?:real |actual |live )?(?:person|human|robot|bot|chat ?bot|machine|computer|ai)"
    r"(?: or (?:a |an )?(?:real )?(?:person|human|robot|bot|machine|computer|ai))?"
    r"|who (?:are you|made you|am i talking to)|what(?:'s| is) your name|what are you"
    r"|tell me (?:a|another) joke|nice to (?:meet|talk (?:to|with)) you|(?:i'?m|i am) (?:fine"
    r"|good|well)"
    r"|(?:please )?wait|(?:one|just a|give me a|give me one) (?:moment|minute|second|sec)|hold on"
    r"|(?:i(?:'?ll| will| can)|let me) (?:check|see|look|try)(?: it| that)?|(?:i'?m|i am|im|am"
    r"|iam) wait?ting(?: for (?:you|u))?|take your (?:own )?time"
    r"|(?:i )?(?:will|'ll) wait|i'?m back|sorry|never ?mind|testing|test"
    r")[\s?!.,]*(?:sir|today|please|thanks|thank you|me|\w{2,10})?[\s?!.,]*",
    re.IGNORECASE,
)

CLOSING = re.compile(
    r"(?:(?:ok|okay|thanks|thank you|no|yes|and|so|sir|you|well)[\s,!.]*)*(?:(?:have|has) (?:a"
    r"|an) (?:\w+ )?(?:day|evening|weekend|one|time)"
    r"(?: ahead| to (?:you|chat with you)| too| sir)*|(?:you|u) too|same to you|good ?night"
    r"|take care|my pleasure|see (?:you|u)(?: \w+)?|good (?:day|one)|nice day)"
    r"(?:[\s,!.]*(?:and|thanks|thank you|good ?bye|bye|sir|you too|have a \w+ day"
    r"|\w{2,9}))?[\s!.]*",
    re.IGNORECASE,
)
# "That is all", "no more questions": nothing further is wanted.
DONE = re.compile(
    r"(?:(?:ok|okay|yes|no|nope|nothing|thanks|thank you|for now|right now|sir|so|and)[\s,!.]*)*"
    r"(?:that(?:'?s| is| will be| would be)? (?:it|all)(?: for (?:now|today)| i needed?| thanks"
    r"| my quer(?:y|ies))*|(?:no|nothing) (?:more|else|further)(?: \w+){0,4}|no need"
    r"|enough(?: for (?:me|now))?"
    r"|(?:i'?m|i am|im) (?:done|finished|all set)|all (?:good|set|done))(?:[\s,!.]*(?:thanks"
    r"|thank you|bye|sir|\w{2,9}))*[\s!.]*",
    re.IGNORECASE,
)

ABILITY = re.compile(
    r"(?:(?:so|hi|hello|hey|good \w+)[ ,!.]+)*(?:what (?:can|do) you (?:do|help(?: me)? with)"
    r"|what can i ask(?: you)?|how can you help(?: me)?|(?:can|could|would|will) (?:you|u)"
    r" (?:please )?help(?: me)?(?: out)?"
    r"|(?:please )?help(?: me)?|i (?:need|want) (?:some |your )?help"
    r"|i(?:['’]ve got| have(?: got)?|['’]ve) (?:a|one|another|some) (?:question|problem|query|doubt"
    r"|issue)s?(?: (?:about|with) something)?)(?:[ ,]*(?:please|sir"
    r"|today))?[?!. ]*",
    re.IGNORECASE,
)

_AGENT = (
    r"(?:an? |the |your |one of your |some )?(?:(?:real|live|actual|human|customer|service"
    r"|support|care"
    r"|sales|different|another|call ?cent(?:er|re)) )*"
    r"(?:human(?: being)?|person|people|agent|representative|rep|operator|advis[oe]r|assistant"
    r"|manager|supervisor|colleague|employee|staff|somebody|someone|(?:customer )?(?:service"
    r"|support|care)"
    r"|team member|specialist|consultant)"
)
PERSON = re.compile(
    rf"\b(?:speak|talk|chat|connect(?: me)?|transfer(?: me)?|put me (?:through|on)"
    rf"|escalate(?: this)?"
    rf"|pass me|switch me|forward me|get through)(?: directly)?(?: on the phone)? (?:to|with"
    rf"|on to) {_AGENT}\b"
    rf"|\b(?:i )?(?:want|need|would like|'d like|get me|give me|prefer|let me have|can i have"
    rf"|can i get"
    rf"|is there) (?:to (?:see|meet|reach|contact) )?(?:an? |the )?"
    rf"(?:(?:real|live|actual|human) )+{_AGENT}\b"
    rf"|\bget me {_AGENT}\b|\b(?:want|need|'d like|would like) (?:an? )?(?:human|agent|operator"
    rf"|representative)\b"
    r"|\b(?:real|live|actual) (?:person|human|agent)\b.{0,12}(?:please|now|$)"
    r"|^(?:human|agent|operator|representative|person|real person|live agent"
    r"|customer service)[\s!.?]*"
    r"(?:please|now)?[\s!.]*$"
    r"|\b(?:can|could) (?:someone|somebody|anyone|a (?:human|person|colleague)) (?:please )?"
    r"(?:call|phone|ring|contact) me\b"
    r"|\b(?:give|get|bring|find|send|fetch) me (?:an? |some )?(?:human(?: being)?|person|agent"
    r"|representative|operator|someone|somebody|colleague|manager|supervisor)\b"
    r"|\b(?:don['’]?t|do not|not) (?:want|like|wanna|going|wish) to (?:talk|speak|chat|write)"
    r" (?:to|with) (?:an? |this |the )?(?:bot|robot|machine|computer|ai)\b"
    r"|^(?:please )?(?:transfer|connect|forward|escalate|call|phone|ring)(?: me| this)"
    r"(?: now| please| back| to one)*[\s!.]*$|\b(?:call|ring|phone) me (?:on|at) \+?\d"
    r"|\bi(?: would|['’]d)? (?:rather|prefer to) (?:talk|speak|chat) (?:to|with)"
    r"|\bcall me back\b|\bnot (?:a|with a|to a) (?:bot|robot|machine|computer)\b"
    r"|\b(?:hablar|parler|sprechen|spreken|parlare|falar)\b.{0,30}\b(?:persona|agente|personne"
    r"|conseiller"
    r"|mensch|mitarbeiter|medewerker|iemand|mens|operatore|pessoa|atendente)\w*"
    r"|\b(?:medewerker|mitarbeiter|mensch|iemand|mens)\w*\b.{0,30}\b(?:spreken|sprechen|praten"
    r"|reden)\b",
    re.IGNORECASE,
)
# "How do I become an agent?", "Can I collect it in person?" ask about something else.
NOT_PERSON = re.compile(
    r"\bin person\b|\b(?:become|user|booking|travel|estate) (?:an? )?agents?\b", re.IGNORECASE
)

SELF_HARM = re.compile(
    r"\b(?:kill(?:ing)?|hurt(?:ing)?|harm(?:ing)?|cut(?:ting)?) myself\b|\bsuicid(?:e|al)\b"
    r"|\bend(?:ing)? (?:it all|my (?:own )?life)\b|\bno point in (?:living|life|going on)\b"
    r"|\blife (?:is|['’]s) not worth\b|\b(?:want|wish i was|wish i were) to be dead\b"
    r"|\bwish i (?:was|were) dead\b|\btake my (?:own )?life\b|\b(?:want|going|wanna"
    r"|ready) (?:to )?die\b"
    r"|\bself[- ]?harm\b|\b(?:don'?t|do not) want to (?:live|be alive)\b|\bno reason to live\b"
    r"|\bbetter off dead\b|\boverdos(?:e|ed|ing)\b",
    re.IGNORECASE,
)
DANGER = re.compile(
    r"\b(?:is|are|was|it'?s|caught|catching|catches|set|went) (?:on )?fire\b|\bon fire\b"
    r"|\bburst into flames\b"
    r"|\bgas leak\b|\bsmell(?:s|ing)? (?:of )?gas\b|\bcarbon monoxide\b"
    r"|\bg[oae](?:t|ve|ts|ves) (?:me |him |her |us |my \w+ )?(?:an? )?electric(?:al)? shock\b"
    r"|\bgave (?:me|him|her|us|my \w+) a (?:\w+ )?shock\b"
    r"|\bsmoke (?:is )?(?:coming|comes|came|pouring)\b|\bsmell(?:s|ed|ing)? (?:of |like )?burn"
    r"|\bburning smell\b"
    r"|\b(?:battery|charger|phone|laptop|lamp|kettle|plug|socket|cable|heater|machine|oven)"
    r" (?:has |just )?exploded\b"
    r"|\b(?:battery|charger|phone|laptop|plug|socket|cable|kettle|heater|machine|it)"
    r" (?:is|was|started|keeps|began)(?: to)? (?:burn(?:ing)?|smok(?:e|ing)|spark(?:ing)?)\b"
    r"|\belectrocuted\b|\b(?:has|have|just|it) exploded\b|\bcan'?t breathe\b"
    r"|\bcall (?:an )?ambulance\b"
    r"|\b(?:swallowed|ate|drank) (?:a |the |some |one of )?(?:\w+ ){0,2}(?:battery|batteries"
    r"|magnets?|bleach|poison"
    r"|detergent|glass|cleaner|descaler)\b|\bpoison(?:ed|ing)\b|\b(?:badly"
    r"|severely) (?:burn(?:ed|t)|hurt|injured)\b"
    r"|\bburn(?:ed|t) (?:my|her|his|myself)\b|\b(?:bleeding|unconscious)\b"
    r"|\bthis is an emergency\b",
    re.IGNORECASE,
)

_INSULT = (
    r"(?:stupid|idiot(?:s|ic)?|moron(?:s)?|dumb(?:ass)?|useless|worthless|pathetic"
    r"|retard(?:ed)?|liar(?:s)?"
    r"|garbage|trash|crap|bastard(?:s)?|bitch(?:es)?|asshole(?:s)?|arsehole(?:s)?|scum"
    r"|wanker(?:s)?|dickhead)"
)
ABUSE = re.compile(
    rf"\b(?:you|u|you'?re|you are|u r|ur)(?: are| all| guys| people| bunch of| lot| such| an?"
    rf"| a| so| fucking"
    rf"| complete(?:ly)?| total(?:ly)?| absolute(?:ly)?| piece of| just)* {_INSULT}\b"
    rf"|\b(?:stupid|dumb|useless|fucking|shitty|idiotic) (?:bot|robot|chat ?bot|assistant"
    rf"|company|people)\b"
    r"|\bf+u+c+k+ (?:you|u|off|this company|your)\b|\bfuck(?:ing)? (?:idiots?|morons?)\b"
    r"|\bstfu\b|\bshut (?:the \w+ )?up\b"
    r"|\b(?:wtf|what the (?:fuck|hell)) is wrong with (?:you|u)\b"
    r"|\bgo to hell\b|\bpiece of shit\b|\bscrew you\b|^(?:fuck|shit|bitch|asshole|idiots?"
    r"|moron)[\s!.]*$"
    r"|\bi (?:will|'ll|am going to|'m going to) (?:kill|hurt|find) you\b",
    re.IGNORECASE,
)

COMPLAINT = re.compile(
    r"\b(?:make|file|lodge|raise|submit|register) (?:an? |my )?(?:\w+ )?complaint\b|\bi (?:want"
    r"|wish|would like) to complain\b"
    r"|\b(?:formal|official) complaint\b|\bthis is (?:just |absolutely |completely |totally |so )?"
    r"(?:unacceptable|outrageous|ridiculous|a (?:disgrace|joke|scam)|disgraceful|disgusting"
    r"|appalling)\b"
    r"|\b(?:worst|terrible|horrible|awful|appalling|disgraceful|shocking"
    r"|pathetic) (?:\w+ )?(?:service|company"
    r"|support|experience|shop|store)\b|\b(?:never|not) (?:buy|order|shop|use)(?:ing)?(?: from)?"
    r" (?:you|here|this shop|this company)(?: guys)?(?: ever)? again\b"
    r"|\b(?:i'?m|i am) (?:really |very |so |extremely |absolutely )?(?:furious|disgusted|fuming"
    r"|livid|outraged"
    r"|fed up|appalled|angry)\b|\b(?:very|extremely|deeply|so|really) (?:disappointed|unhappy"
    r"|dissatisfied|upset)\b"
    r"|\b(?:sue|my lawyer|legal action|trading standards|small claims)\b"
    r"|\bwaste of (?:my )?(?:time|money)\b|\bshame on you\b"
    r"|\bthis is (?:theft|fraud|a rip[- ]?off)\b"
    r"|\bruined (?:my|our|his|her)\b|\b(?:was|were|is|are) (?:so |very |really |extremely )*rude\b"
    r"|\bthird time (?:i|that i|i'?ve)\b",
    re.IGNORECASE,
)

QUESTION_START = re.compile(
    r"\s*(?:(?:and|but|so|also|or|hi|hello|hey|ok|okay|please|sorry|well|then|thanks"
    r"|thank you)[ ,]+)*"
    r"(?:what|where|when|why|who|whom|whose|which|how|is|are|was|were|do|does|did|can|could"
    r"|will|would"
    r"|shall|should|may|might|am|has|have|had|isn'?t|aren'?t|don'?t|doesn'?t|didn'?t|can'?t"
    r"|won'?t|any)\b",
    re.IGNORECASE,
)
VERBS = _set(
    """want wanna need like help tell show give send cancel change update return refund exchange
    order buy pay track find get got getting make lost stolen broke broken block check book close
    open
    delete
    remove add stop start reset unlock fix repair replace claim report know works working work
    doesnt
    cant wont didnt isnt didn't doesn't can't won't isn't how what why where when which who explain
    purchase sign receive received use using charge charged missing wrong not never problem issue
    error"""
)
DETAIL_LEAD = re.compile(
    r"^(?:(?:hi|ok|okay|yes|sure|it'?s|it is|its|this is|here|sorry)[ ,]+)*(?:my |the |our )?"
    r"(?:full |first |last |order |account |invoice |tracking |customer |card |phone |mobile "
    r"|email |e-mail |zip "
    r"|post(?:al)? ?|case |booking |confirmation |reference |serial |company |user )*"
    r"(?:name|number|id|code|address|email|e-mail|ssn|zip(?:code)?|postcode|phone|password|date"
    r"|ref(?:erence)?|order"
    r"|confirmation|account|ticket|case|booking|invoice|city|model)"
    r"(?: (?:no|number|id|code))?(?: is| are|:|#|=|\b)[ :#]*\S",
    re.IGNORECASE,
)
