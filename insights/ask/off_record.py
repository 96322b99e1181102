"""What is asked for near a figure and stands on no record: such a question is refused. Pure."""

from insights.ask.scan import compiled

_WE = r"(?:we|i|it|they|(?:the|our) \w+)"
_DID = (
    r"had|have|hired?|were(?! optimistic)|would|could|add(?:ed)?|doubled?|halved?|showed|gave|made|"
    r"let|used|wrote|sent|raised|lowered|changed|cut|opened|moved|trained|switched|dropped|removed|"
    r"paid"
)
#: What would be, what ought to be, and who went away unserved.
PHRASES = "|".join(
    (
        rf"if (?:we|i|they|you|there) (?:{_DID})",
        rf"(?:must|should|ought|shall) {_WE}(?! (?:write|add|cover|document))|ought (?:\w+ )*to",
        rf"(?:are|is) {_WE} going to(?! (?:a person|people|an agent|agents|us))",
        r"how many more(?!.* (?:than|compared|versus|vs|against) )",
        r"would you (?:set|choose|pick|suggest|recommend|say is)",
        r"would be (?:good|reasonable|normal|acceptable|ideal|fair)",
        r"by how (?:many (?:minutes|hours|seconds)|long)",
        r"as (?:the |our )?[\w ]{3,40} (?:gets?|grows?|becomes?) (?:long|bigg|small|few)er",
        r"(?:customers|people|users|who|they) (?:(?:just|simply|have|had) )?(?:give|gives|gave) up",
        r"hung up|abandon(?:ed|s|ing|ment)?",
    )
)
#: They share a root with a word of a figure and mean another thing.
STRANGERS = frozenset({"conversion", "conversions"})
_SPREAD = compiled(r"distribution|histogram|spread|deviation|variance")
_BY_REVIEWER = compiled(r"(?:per|each|which|by(?: the)?) reviewer(?!s)")
_JUDGING = compiled(r"(?:judged|marked|rated|called|found|flagged|considered|deemed|declared) .*by")
_BY_WHAT = compiled(
    r"(?:by|per|for each|for every) (?:the )?(?:workers?|scores?|surveys?|versions?|stores?)"
)


def grouped(text: str, group: str) -> tuple[str, ...]:
    """Words that want values or groups that are not recorded: a distribution, one reviewer's work,
    "worker use by worker"; `group` is the grouping that was understood."""
    spread = None if group else _SPREAD.search(text)
    reviewer = None if _JUDGING.search(text) else _BY_REVIEWER.search(text)
    found = (spread, reviewer, _BY_WHAT.search(text))
    return tuple(match.group() for match in found if match is not None)
