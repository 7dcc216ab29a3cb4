"""Where the store's tables are declared: each on this `metadata`, so that opening the store makes all."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
