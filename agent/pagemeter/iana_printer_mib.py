"""Enumerations of IANA-PRINTER-MIB that SNMP sends as numbers and IPP as words, spelt as they are spelt there."""

from __future__ import annotations

from types import MappingProxyType


def numbered(words: str, *, first: int = 1) -> dict[int, str]:
    """Give the words numbers from ``first`` on; a ``-`` stands for a number without a word."""
    return {number: word for number, word in enumerate(words.split(), start=first) if word != "-"}


SUPPLY_TYPE = MappingProxyType(
    numbered("""
    other unknown toner wasteToner ink inkCartridge inkRibbon wasteInk opc developer fuserOil solidWax ribbonWax
    wasteWax fuser coronaWire fuserOilWick cleanerUnit fuserCleaningPad transferUnit tonerCartridge fuserOiler water
    wasteWater glueWaterAdditive wastePaper bindingSupply bandingSupply stitchingWire shrinkWrap paperWrap staples
    inserts covers matteToner matteInk
""")
)
"""PrtMarkerSuppliesTypeTC."""

_GENERIC = """
    Jam Missing LifeAlmostOver LifeOver AlmostEmpty Empty AlmostFull Full NearLimit AtLimit Opened Closed TurnedOn
    TurnedOff Offline PowerSaver WarmingUp Added Removed ResourceAdded ResourceRemoved RecoverableFailure
    UnrecoverableFailure RecoverableStorageError UnrecoverableStorageError MotorFailure MemoryExhausted
    UnderTemperature OverTemperature TimingFailure ThermistorFailure
"""
_FINISHERS = """
    stapler stitcher folder binder trimmer dieCutter puncher perforater slitter separationCutter imprinter wrapper
    bander makeEnvelope stacker sheetRotator inserter
"""
ALERT_CODE = MappingProxyType(
    numbered("other unknown coverOpen coverClosed interlockOpen interlockClosed configurationChange jam")
    | {number: f"subunit{word}" for number, word in numbered(_GENERIC, first=8).items() if number > 8}
    | numbered(
        "doorOpen doorClosed powerUp powerDown printerNMSReset printerManualReset printerReadyToPrint", first=501
    )
    | numbered(
        """
        inputMediaTrayMissing inputMediaSizeChange inputMediaWeightChange inputMediaTypeChange inputMediaColorChange
        inputMediaFormPartsChange inputMediaSupplyLow inputMediaSupplyEmpty inputMediaChangeRequest
        inputManualInputRequest inputTrayPositionFailure inputTrayElevationFailure inputCannotFeedSizeSelected
    """,
        first=801,
    )
    | numbered(
        "outputMediaTrayMissing outputMediaTrayAlmostFull outputMediaTrayFull outputMailboxSelectFailure", first=901
    )
    | numbered(
        """
        markerFuserUnderTemperature markerFuserOverTemperature markerFuserTimingFailure markerFuserThermistorFailure
        markerAdjustingPrintQuality
    """,
        first=1001,
    )
    | numbered(
        """
        markerTonerEmpty markerInkEmpty markerPrintRibbonEmpty markerTonerAlmostEmpty markerInkAlmostEmpty
        markerPrintRibbonAlmostEmpty markerWasteTonerReceptacleAlmostFull markerWasteInkReceptacleAlmostFull
        markerWasteTonerReceptacleFull markerWasteInkReceptacleFull markerOpcLifeAlmostOver markerOpcLifeOver
        markerDeveloperAlmostEmpty markerDeveloperEmpty markerTonerCartridgeMissing
    """,
        first=1101,
    )
    | numbered(
        """
        mediaPathMediaTrayMissing mediaPathMediaTrayAlmostFull mediaPathMediaTrayFull
        mediaPathCannotDuplexMediaSelected
    """,
        first=1301,
    )
    | numbered(
        """
        interpreterMemoryIncrease interpreterMemoryDecrease interpreterCartridgeAdded interpreterCartridgeDeleted
        interpreterResourceAdded interpreterResourceDeleted interpreterResourceUnavailable -
        interpreterComplexPageEncountered
    """,
        first=1501,
    )
    | {1801: "alertRemovalOfBinaryChangeEntry"}
    | {
        30000 + 100 * finisher + number: name + word
        for finisher, name in numbered(_FINISHERS, first=2).items()
        for number, word in numbered(
            "CoverOpen CoverClosed InterlockOpen InterlockClosed ConfigurationChange " + _GENERIC, first=3
        ).items()
    }
)
"""PrtAlertCodeTC, as of 2016; later registrations pass through as numbers or words."""

_SUPPLY_TYPES = {word.casefold(): word for word in SUPPLY_TYPE.values()}
_ALERT_CODES = {word.casefold(): number for number, word in ALERT_CODE.items()}


def supply_type_named(words: str | None) -> str | None:
    """Spell a supply's type as the MIB does: ``toner-cartridge`` is ``tonerCartridge``; another word stays."""
    return _SUPPLY_TYPES.get((words or "").replace("-", "").replace(" ", "").casefold(), words)


def alert_code_named(word: str) -> int | None:
    """Return the number of an alert code that is told as a word, in any case; none where it is not registered."""
    return _ALERT_CODES.get(word.casefold())
