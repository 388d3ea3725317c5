"""The wire: types, codec, service, faults and the contract. The only room that knows Spyne.

Python runs this file before any module of the room, so none of them can import Spyne
unprepared, whatever order a formatter gives their imports."""

from . import spyne_import

__all__: list[str] = []

spyne_import.prepare()
