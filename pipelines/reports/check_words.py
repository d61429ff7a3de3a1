"""What each collapse check is called, measures and does not know, for people who see it for the first time."""

STATISTICS = {
    "unseen_1": (
        "New words",
        "share of the text that are words met once only: the chance that the next word is a new one. "
        "Low: the source has told all it has. It does not know whether new words are good ones.",
    ),
    "unseen_2": ("New pairs of words", "the same for two words in a row. Low: known words in known company."),
    "unseen_3": (
        "New triples of words",
        "the same for three words in a row; of all checks the one that sees most kinds of loss.",
    ),
    "distinct_1": ("Different words", "different words per word. Low: a small vocabulary."),
    "distinct_2": ("Different pairs", "different pairs of words per pair. Low: set phrases."),
    "distinct_3": ("Different triples", "the same for three words in a row."),
    "distinct_4": ("Different fours", "the same for four words in a row."),
    "reused_8": (
        "Reused passages",
        "share of runs of eight words that occur again. High: whole clauses are copied. Quotations and licences count, "
        "too.",
    ),
    "self_repetition": (
        "Self-repetition",
        "how often four words in a row come back, on the mean (a logarithm). High: texts repeat one another.",
    ),
    "next_word": (
        "Surprise of the next word",
        "bits that a word tells when the one before it is known. Low: a reader could guess on.",
    ),
    "template": (
        "Templates",
        "share of frames (function words with slots between them) that occur again. High: one mould, other fillings.",
    ),
    "concentration": (
        "Concentration",
        "the chance that two content words are the same. High: a few names and things hold the text.",
    ),
    "rare_mass": (
        "Weight of rare words",
        "share of the text that are words which the rest of the real text has once or twice. Low: the tail is thinner.",
    ),
    "rare_coverage": (
        "Reach of rare words",
        "share of those rare words that occur at all. Low: parts of the tail are gone.",
    ),
    "predictable": (
        "Too easy",
        "share of windows that a small model of real text finds easier than 95 % of real ones. High: sharpened text. "
        "Text that was edited out of its reference is easy, too: then shown only.",
    ),
    "surprising": ("Too hard", "the same at the other end. Another topic does that as well: shown only."),
    "divergence": (
        "Other words",
        "how far word frequencies lie apart. Tells another topic, no worse text: shown only.",
    ),
    "separability": (
        "Told apart",
        "how often a simple classifier tells a window of the source from a real one: .5 is guessing, 1 always. Another "
        "topic or style is told apart as well: shown only.",
    ),
}

CANARY = {
    "ert_below": (
        "ert",
        "all",
        "Worth of a token",
        "how many tokens of real text one synthetic token replaces when a small model learns. 1: as good as real text; "
        "0: adds nothing; below 0: the model is worse off with it.",
    ),
    "ert_tail_below": (
        "ert",
        "tail",
        "Worth of a token in the tail",
        "the same, asked for rare words alone: where sharpened and cut text harms while it helps elsewhere. If it "
        "teaches frequent words well, any loss here is harm; text that teaches neither is of another kind.",
    ),
    "entropy_drop_above": (
        "entropy_drop",
        None,
        "Variety of what the model writes",
        "bits per word by which a model of the mixture writes less variedly than one of real text.",
    ),
    "loop_penalty_above": (
        "penalty",
        None,
        "Cost of the loop",
        "the model's perplexity after its own text was fed back for some generations, over that of the real part "
        "alone. Its size follows from the share of real text above all: any source would raise it.",
    ),
    "loop_excess_above": (
        "excess",
        None,
        "Cost of the loop beside real text",
        "the same over a loop that began with real text in the source's place.",
    ),
}

LIMITS = {
    "real_share": "the share of real text stays above its floor",
    "real_share_low": "no warning about the share of real text either",
    "depth_share": "text of models trained on model text, or of unknown origin, stays below its cap",
    "loss": "the mixture has lost less than its bound (found on samples, null: not both keys are turned)",
}

KINDS = {
    "real": "real",
    "repeated": "repeated",
    "depth_1": "depth 1",
    "depth_2": "depth 2+",
    "unknown": "unknown",
}

CONTROLS = {
    "loop": "the mixture",
    "real_start": "begun with real text",
    "replace": "no real text kept",
    "real_fixed": "real text alone",
    "real_fresh": "fresh real text",
    "real_part": "its real part alone",
}

# Of benchmarks/collapse/results: bench.json, fresh seeds; labelled.json; neural-later.json. A test holds them together.
BENIGN, REFUSED, AT_MOST = 240, 0, "1.6"  # harmless sources judged, refused, and the 95 % bound of that in percent
PLANTED = {  # judged, refused, warned of
    "throughout": (286, 134, 134),
    "in three tenths": (204, 0, 108),
    "in a tenth": (202, 0, 45),
}
SMALL = (263, 82, 124)  # sources of 10,000 words, collapsed throughout
SMALL_BENIGN = (241, 1)  # harmless ones of that size: judged, refused
MIXTURES, RHO, RHO_TAIL = 96, ".92", ".78"

HOW_SURE = (
    f"How often is the gate wrong? In the project's benchmark, of sources of 60,000 words, it refuses {REFUSED} of "
    f"{BENIGN} harmless ones (at 95 % confidence at most {AT_MOST} %). "
    + "; ".join(
        f"of {n} that were collapsed {where} it refuses {refused} and warns of {warned}"
        for where, (n, refused, warned) in PLANTED.items()
    ).capitalize()
    + f". Of {SMALL[0]} of 10,000 words that were collapsed throughout it refuses {SMALL[1]} and warns of {SMALL[2]}, "
    f"and of {SMALL_BENIGN[0]} harmless ones it refuses {SMALL_BENIGN[1]}. "
    "What counts is how many words a source has, not its share of the mixture: each is judged by itself as well."
)
HOW_RANK = (
    "Score says how sure it is that something was lost, harm how much: what a word of the source lacks of the worth of "
    "real text to a small model, over all words and in the tail (0: as good as real text, 1: worth nothing, above 1: "
    f"worse than nothing). In the project's benchmark harm ranked {MIXTURES} mixtures as a neural model suffered "
    f"from them (rank correlation {RHO}, in the tail {RHO_TAIL}). Verdicts rest on neither."
)
HOW_STATISTICS = (
    "Each check holds windows of 50 words of the source beside as many real ones of the same domains, positions and "
    "languages, drawn again and again: 90 % of the draws lie in the range given. Loss is the share of variety that is "
    "missing beside the mean draw; below 0 the source has more. p says how often real text alone would lie as far off "
    "in any of the checks. A loss counts if it is large and sure. Whether what is said is true, no check knows."
)
HOW_CANARY = (
    "A canary is a small language model (trigrams) that is trained on the mixture and asked about real text which it "
    "has not seen. It learns in seconds what a large model would learn at great cost, and errs otherwise than one: it "
    "orders mixtures and predicts no large model's figures. ± is the spread over seeds."
)
HOW_LOOP = (
    "Each generation is trained on the real part and on what the generation before it wrote. Perplexity is how many "
    "words the model wavers between on unseen real text: lower is better. A mixture that climbs above its own real "
    "part alone would be better off without the source."
)
HOW_ERT = (
    "Left of the zero line the model is worse off with the source than without. Tail, middle and head are words by how "
    "often real text has them, the rarest in the tail. The dark stroke is the spread over seeds."
)
HOW_RAREFACTION = (
    "How many different words are to be expected among so many words. The band holds 90 % of equally large sets of "
    "real text. A curve that bends away below it has run out of words; one above it is richer, or about more topics."
)
HOW_RANKS = (
    "Words from the most frequent to the rarest, with their occurrences per million words. A source without a tail "
    "falls away where real text goes on; the line marks the rank from which on it has less than half."
)
HOW_EXAMPLES = (
    "Examples, masked as all excerpts are, of windows beside the mean of equally large sets of real text. What stands "
    "here may be the topic of the source as well as its weakness: that is for a reader to judge."
)
