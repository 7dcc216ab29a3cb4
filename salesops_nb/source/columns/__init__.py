"""How a text becomes a number, a date or an id: headers found, formats detected, values cast."""
