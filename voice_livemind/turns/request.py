"""Whether the last sentence wants an answer. Who has only told something so far will most likely go on.

English rules; in other languages every sentence counts as a request.
"""

import re

_ASK = {
    *("what", "what's", "who", "who's", "whose", "which", "where", "where's", "when", "why", "how", "how's"),
    *("can", "could", "may", "might", "will", "would", "shall", "should", "do", "does", "did", "is", "are", "was"),
    *("were", "am", "has", "have", "had", "let", "let's", "yes", "no", "hello", "hi", "hey", "thanks", "stop"),
}
_TELL = {
    *("a", "an", "the", "this", "that", "these", "those", "there", "my", "your", "his", "her", "its", "our", "their"),
    *("he", "she", "it", "they", "we", "you", "i", "i'm", "i've", "it's", "he's", "she's", "they're", "we're", "some"),
    *("then", "after", "before", "first", "second", "next", "later", "finally", "at", "on", "in", "during", "when"),
    *("each", "every", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "half"),
    *("while", "if", "because", "since", "from", "of", "outside", "inside", "today", "yesterday", "once", "also"),
    *("as", "by", "for", "just", "most", "all", "both", "many", "another", "other", "with", "only", "so", "but"),
}
_WANT = re.compile(r"\b(i|we)\b ?('d|'ll| would| will| want| need| wanna| like| wish| can| could)\b|\bplease\b")
_VERB_OF_A_TALE = {"is", "are", "was", "were", "has", "had", "have", "does", "did", "will", "can", "could", "would"}


def asks(text: str, language: str = "en") -> bool:
    """Whether the last sentence of ``text`` is a question, an order or a wish rather than a statement."""
    if language != "en":
        return True
    if text.rstrip().endswith("?"):
        return True
    last = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9])", text.strip())[-1].lower().replace("’", "'")  # noqa: RUF001  the typographic quote is meant
    words = re.findall(r"[a-z0-9']+", last)
    if not words or _WANT.search(last):
        return True
    if words[0] in _ASK or words[0] in _TELL:
        return words[0] in _ASK
    # "Tom had …", "Maria plants …": a name and its verb; an order has no verb in this form.
    return len(words) < 2 or not (words[1] in _VERB_OF_A_TALE or words[1].endswith("ed") or words[1].endswith("s"))
