"""The sentences that the judge puts reasons and caveats together of, for `web/reasons.py` and the catalogues.

A new sentence in `audit/` or `models/` is written here as it is there, with its slots, and translated;
`tests/test_reasons.py` fails on one of the samples and packs that is missing. The first that fits counts.
"""


def _(english: str) -> str:
    """Marks a text for the catalogues."""
    return english


SENTENCES = (
    # What rules give together.
    _("not wanted: %(rest)s"),
    _("as wanted: %(rest)s"),
    _("none of them: %(rest)s"),
    _("a part cannot be told: %(rest)s"),
    _("whether it applies: %(rest)s"),
    _("too near to the limit to tell: %(rest)s"),
    _("%(count)s of %(count2)s times; %(rest)s"),
    _("critical, and a part of it cannot be told"),
    _("awaits a person"),
    _("no pictures: %(rest)s"),
    # Said, done, happened.
    _("said %(events)s"),
    _("said %(value)s, wanted %(wanted)s"),
    _("said %(value)s (%(value2)s in %(value3)s), wanted %(wanted)s"),
    _("done %(value)s, wanted %(wanted)s"),
    _("done %(value)s (%(value2)s in %(value3)s), wanted %(wanted)s"),
    _("happened %(value)s, wanted %(wanted)s"),
    _("happened %(value)s (%(value2)s in %(value3)s), wanted %(wanted)s"),
    _("perhaps %(count)s more, not clearly told"),
    _("perhaps said, but heard weakly: %(events)s"),
    _("not said: %(names)s"),
    _("not done: %(names)s"),
    _("only negated: %(events)s"),
    _("did not happen"),
    _("perhaps %(events)s, but not heard clearly"),
    _("perhaps %(events)s, but not seen clearly"),
    _("perhaps %(events)s, but only %(count)s %% sure"),
    _("perhaps %(name)s at %(time)s, but not clearly told"),
    _("%(events)s, but by whom is unknown"),
    _("%(name)s was said at %(time)s, but by whom is unknown"),
    _("it was said, but by whom is unknown"),
    _("something like %(name)s was heard at %(time)s"),
    _("something like %(name)s was seen at %(time)s"),
    _("something like %(name)s by %(who)s was heard at %(time)s"),
    _("something like %(name)s by %(who)s was seen at %(time)s"),
    _("whether %(name)s was said in other words cannot be told: %(text)s"),
    _("%(name)s did not occur"),
    _("%(name)s by %(who)s did not occur"),
    _("%(events)s"),
    # In order.
    _("in order: %(events)s"),
    _("%(names)s is missing"),
    _("%(names)s at %(time)s came too early, before %(name)s"),
    _("%(names)s at %(time)s came too late, after %(name)s"),
    _("%(names)s came %(value)s after %(name)s, wanted within %(value2)s"),
    _("%(names)s at %(time)s is out of order"),
    # Measured.
    _("%(measure)s %(value)s, wanted %(wanted)s"),
    _("%(measure)s %(value)s, wanted %(wanted)s (between %(value2)s and %(value3)s in 9 of 10 cases)"),
    _("%(count)s %% of that lies beyond the limit, so that it may be otherwise"),
    _("%(measure)s rests on words heard weakly"),
    _("%(measure)s is not known surely"),
    _("%(measure)s is too near to the limit to tell"),
    # Whether it applies.
    _("applies not where it is so: %(name)s did occur"),
    _("applies not where it is so: what it excepts is so"),
    _("applies %(limits)s; %(measure)s was %(value)s"),
    _("applies %(limits)s; %(name)s occurred %(value)s"),
    _("perhaps more often"),
    _("no words of %(who)s to look at"),
    _("%(name)s lies outside of the part that is looked at"),
    _("%(name)s never came after %(name2)s"),
    _("a chat has no sound: %(words)s"),
    _("an e-mail has no sound: %(words)s"),
    _("a post has no sound: %(words)s"),
    _("a chat has no picture: %(words)s"),
    _("an e-mail has no picture: %(words)s"),
    _("a post has no picture: %(words)s"),
    _("%(measure)s is of written conversations"),
    # What could not be heard.
    _("no transcript"),
    _("no words of %(who)s are known"),
    _("no words are known"),
    _("%(count)s of %(count2)s s of speech could not be understood"),
    _("the words were heard too weakly (mean probability %(count)s)"),
    _("who spoke is unknown"),
    _("nobody speaks in the whole recording"),
    _("no sound: only text came in"),
    _("the sound was not measured yet; audit the recording again"),
    _("the sound is too noisy (SNR %(count)s dB, at least %(count2)s dB needed)"),
    _("the sound is clipped (%(count)s %% of the samples, at most %(count2)s %% allowed)"),
    _("the sound is too faint (mean level %(count)s dB, at least %(count2)s dB needed)"),
    _("%(who)s's sound is too noisy (SNR %(count)s dB, at least %(count2)s dB needed)"),
    _("%(who)s's sound is clipped (%(count)s %% of the samples, at most %(count2)s %% allowed)"),
    _("%(who)s's sound is too faint (mean level %(count)s dB, at least %(count2)s dB needed)"),
    _("only %(count)s s of speech"),
    _("only %(count)s s of speech by %(who)s"),
    _("only %(count)s s of voice by %(who)s"),
    _("only %(count)s answers by %(who)s"),
    _("the syllables of only %(count)s of %(count2)s words (%(label)s) can be counted"),
    _("too few pauses to hear the noise of the line in"),
    _("no %(name)s by %(who)s was heard"),
    _("%(who)s never speaks"),
    _("%(who)s never says %(name)s"),
    _("%(who)s never speaks: %(rest)s"),
    _("%(who)s never says %(name)s: %(rest)s"),
    # Written conversations and times.
    _("not a written conversation"),
    _("nobody waited for %(who)s"),
    _("%(who)s had not answered when the record ends"),
    _("%(who)s had not answered when the record ends: %(rest)s"),
    _("nobody knows at which hour it was: its start and time_zone are not given"),
    # What could not be seen.
    _("there is no picture"),
    _("nobody was seen"),
    _("no %(role)s was seen"),
    _("only one person was seen"),
    _("one person was seen, and whether that is %(who)s is unknown"),
    _("%(count)s people were seen, and who of them is %(who)s is unknown"),
    _("who is agent and who customer is unknown of %(count)s of the people seen"),
    _("somebody else may have been there: people were looked for by a weak detector"),
    _("only %(count)s %% of the time has a picture"),
    _("only %(count)s s of picture"),
    _("somebody could be seen well enough only %(count)s %% of the time"),
    _("%(who)s could be seen well enough only %(count)s %% of the time"),
    _("nobody could be located: feet and hips are out of sight"),
    _("%(who)s was never seen with somebody else"),
    _("where the head of %(who)s is turned could not be seen"),
    _("no face of %(who)s was seen"),
    _("no customer was seen coming in"),
    _("no customer was seen coming"),
    _("whether somebody did %(words)s %(label)s could not be told"),
    _("nobody was seen to %(words)s %(label)s"),
    _("nobody was seen to %(words)s %(label)s: %(rest)s"),
    _("%(label)s was not seen from the first to the last moment of the wait"),
    _("%(label)s was not seen from the first to the last moment of the wait: %(rest)s"),
    _("the rubric names no colours of %(label)s clothes"),
    _("%(label)s clothes could be seen in fewer than %(count)s frames"),
    # What was not perceived at all.
    _("the recording is in %(name)s, the rubric in %(name2)s"),
    _("the recording has no sound"),
    _("the recording has no picture"),
    _("weights missing: %(text)s"),
    _("its keep time is over"),
    # Caveats.
    _("Not perceived: %(needs)s (%(rest)s)"),
    _("The recogniser made up words that were taken out (%(count)s passages, %(count2)s s)"),
    _("Only %(count)s %% of the weight that applied could be judged: the score says little"),
    _("Who is who is only %(count)s %% sure: agent and customer may be swapped"),
    _("awaits confirmation by a person: %(text)s; if confirmed, the score is %(count)s"),
    _("The picture is damaged in %(count)s places: what happened there was not seen"),
    _(
        "People stand on their heads in the picture, so nobody was looked at: "
        "turn the video the right way up and audit it again"
    ),
    _("The recording is damaged in %(count)s places: times after them may be early"),
    _(
        "Words were recognised by PocketSphinx, a weak substitute for Whisper: some are wrong. "
        "Better: comport weights fetch small"
    ),
    # Why two may be one customer.
    _("the same name, %(own)s"),
    _("the same branch, %(own)s"),
    _("the number %(label)s is said by both"),
    _("two ids: %(own)s"),
    _("two names: %(own)s"),
    _("%(label)s gives %(label2)s %(own)s together with %(label3)s %(own2)s"),
    # Who is who.
    _("who is who was given with it"),
    _("the agent was given with it, the others are customers"),
    _("the rubric says that %(voice)s is the agent"),
    _("nobody says a word: who is the agent is unknown"),
    _("who is the agent is unknown: %(rest)s"),
    _("%(voice)s is the agent: %(rest)s"),
    _("%(label)s is the agent (%(cues)s)"),
    _("formulas said %(formulas)s"),
    _("who speaks first and says you and your counts too"),
    _("nobody else is in it"),
    _("one sound channel and nobody named: who spoke is unknown (%(text)s)"),
    _("who speaks is told by whose mouth moves"),
    _("whether the one person seen is the agent is unknown"),
    _("who of the %(count)s people seen is the agent is unknown"),
    _("no agent among the %(count)s people seen"),
    # Of a customer's journey.
    _("%(count)s of %(count2)s interactions have no time: they stand last, compared with none"),
    _("%(count)s of %(count2)s interactions have no words yet: audit them"),
    _(
        "%(count)s of %(count2)s interactions were not looked at for repetition: "
        "who is who in them is unknown"
    ),
    _(
        "%(count)s of %(count2)s interactions were not looked at for repetition: only %(text)s are known; "
        "a language that is missing goes into the .meta.yaml beside the file, as language: en"
    ),
)

CUES = {
    "given with it": _("given with it"),
    "in the house colours": _("in the house colours"),
    "in other colours": _("in other colours"),
    "behind the counter": _("behind the counter"),
    "never behind the counter": _("never behind the counter"),
    "came in by the entrance": _("came in by the entrance"),
    "speaks as the agent": _("speaks as the agent"),
    "speaks as a customer": _("speaks as a customer"),
    "came or left meanwhile": _("came or left meanwhile"),
    "there while others came and left": _("there while others came and left"),
}
"""By what somebody in the picture is told for the agent or a customer."""

PARTS = (
    _("%(count)s by %(voice)s"),
    _("voice %(count)s"),
    _(" against "),
    _("; "),
    _("between %(value)s and %(value2)s"),
    _("at most %(value)s"),
    _("at least %(value)s"),
    _("from %(value)s on"),
    _("up to %(value)s"),
)
"""What stands between parts and around values, where `web/reasons.py` does not name it itself."""

ROLES = {
    "agent": _("agent"),
    "customer": _("customer"),
    "bot": _("bot"),
    "other": _("other person"),
    "anyone": _("anyone"),
}

THE = {
    "the agent": _("the agent"),
    "the customer": _("the customer"),
    "the bot": _("the bot"),
    "the other": _("the other person"),
    "the anyone": _("anyone"),
}
"""Roles as the subject of a sentence."""

VOICES = {
    "the left channel": _("the left channel"),
    "the right channel": _("the right channel"),
}

NEEDS = {
    "who speaks when": _("who speaks when"),
    "words": _("words"),
    "levels of the sound": _("levels of the sound"),
    "people in the picture": _("people in the picture"),
}

MEASURES = {
    "apron worn": _("apron worn"),
    "badge worn": _("badge worn"),
    "face mask worn": _("face mask worn"),
    "head cover worn": _("head cover worn"),
    "clipping": _("clipping"),
    "distance": _("distance"),
    "facing share": _("facing share"),
    "first response time": _("first response time"),
    "handle time": _("handle time"),
    "hold count": _("hold count"),
    "hold time": _("hold time"),
    "interruptions": _("interruptions"),
    "longest hold": _("longest hold"),
    "longest response time": _("longest response time"),
    "longest silence": _("longest silence"),
    "loudness": _("loudness"),
    "lower colour difference": _("lower colour difference"),
    "nearest distance": _("nearest distance"),
    "overlap share": _("overlap share"),
    "pitch median": _("pitch median"),
    "pitch range": _("pitch range"),
    "queue length": _("queue length"),
    "response latency": _("response latency"),
    "signal to noise": _("signal to noise"),
    "smile share": _("smile share"),
    "syllables per minute": _("syllables per minute"),
    "talk share": _("talk share"),
    "time of day": _("time of day"),
    "time to first word": _("time to first word"),
    "time to greeting": _("time to greeting"),
    "time to greeting seen": _("time to greeting seen"),
    "time to identification": _("time to identification"),
    "time to notice": _("time to notice"),
    "unannounced holds": _("unannounced holds"),
    "upper colour difference": _("upper colour difference"),
    "waiting time": _("waiting time"),
    "words per minute": _("words per minute"),
}
"""Names of measures, as `audit.outcomes.words_of` writes them."""

UNITS = {
    "ms": _("ms"),
    "s": _("s"),
    "min": _("min"),
    "h": _("h"),
    "%": "%",
    "m": _("m"),
    "cm": _("cm"),
    "times": _("times"),
    "time": _("time"),
    "people": _("people"),
    "person": _("person"),
    "turns": _("turns"),
    "turn": _("turn"),
    "per min": _("per min"),
    "per minute": _("per min"),
    "per h": _("per hour"),
    "per hour": _("per hour"),
    "wpm": _("words per min"),
    "spm": _("syllables per min"),
    "dB": "dB",
    "LUFS": "LUFS",
    "Hz": "Hz",
    "semitones": _("semitones"),
    "semitone": _("semitones"),
    "dE": "dE",
}
"""Units as reasons write them."""
