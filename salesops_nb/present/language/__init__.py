"""Words, numbers and dates in the reader's language; what writes a problem elsewhere asks it here."""

from salesops_nb import messages
from salesops_nb.present.language.sentences import translate

messages.translator = translate
