"""What somebody who means harm writes into a field: markup, templates, formulas, lines."""

EVIL = "https://mal.example"
TEMPLATE = "{{7*7}}${7*7}{%debug%}"
"""It reads 49 where anything runs it."""
FORMULA = f'=HYPERLINK("{EVIL}";"ici")'
ATTRIBUTE = '" autofocus onfocus="window.ran=1" x=\''
MARKUP = '"><img src=x onerror="window.ran=1"><svg onload="window.ran=1"></svg><script>window.ran=1</script>'
LINK = "[ici](javascript:window.ran=1) <javascript:window.ran=1>"
HEADER = "Bonjour\r\nBcc: tous@mal.example\r\nX-Mal: 1"


def line(word: str = "") -> str:
    """One line that a field of one line accepts: no tag, but all the rest."""
    return f"{FORMULA} {word} {ATTRIBUTE} {TEMPLATE}"


def text(word: str = "") -> str:
    """Some paragraphs that a field of text accepts."""
    return f"{FORMULA} {word}\n\n{MARKUP}\n\n{ATTRIBUTE} {TEMPLATE}\n\n{LINK}\n\n</script></title></textarea>{MARKUP}"
