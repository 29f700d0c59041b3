"""The enumerations of RFC 3805, RFC 2790 and IANA-PRINTER-MIB, spelt as they are spelt there."""

from __future__ import annotations


def _numbered(words: str, *, first: int = 1) -> dict[int, str]:
    return {number: word for number, word in enumerate(words.split(), start=first) if word != "-"}


SUPPLY_CLASS = _numbered("other - supplyThatIsConsumed receptacleThatIsFilled")
SUPPLY_TYPE = _numbered("""
    other unknown toner wasteToner ink inkCartridge inkRibbon wasteInk opc developer fuserOil solidWax ribbonWax
    wasteWax fuser coronaWire fuserOilWick cleanerUnit fuserCleaningPad transferUnit tonerCartridge fuserOiler water
    wasteWater glueWaterAdditive wastePaper bindingSupply bandingSupply stitchingWire shrinkWrap paperWrap staples
    inserts covers matteToner matteInk
""")
# The RFC writes hundrethsOfFluidOunces.
UNIT = _numbered("""
    other unknown tenThousandthsOfInches micrometers characters lines impressions sheets dotRow - hours
    thousandthsOfOunces tenthsOfGrams hundrethsOfFluidOunces tenthsOfMilliliters feet meters items percent
""")
PERCENT = 19
MARK_TECHNOLOGY = _numbered("""
    other unknown electrophotographicLED electrophotographicLaser electrophotographicOther
    impactMovingHeadDotMatrix9pin impactMovingHeadDotMatrix24pin impactMovingHeadDotMatrixOther
    impactMovingHeadFullyFormed impactBand impactOther inkjetAqueous inkjetSolid inkjetOther pen thermalTransfer
    thermalSensitive thermalDiffusion thermalOther electroerosion electrostatic photographicMicrofiche
    photographicImagesetter photographicOther ionDeposition eBeam typesetter
""")
INPUT_TYPE = _numbered("""
    other unknown sheetFeedAutoRemovableTray sheetFeedAutoNonRemovableTray sheetFeedManual continuousRoll
    continuousFanFold sheetFeedPull
""")
COVER_STATUS = _numbered("other unknown coverOpen coverClosed interlockOpen interlockClosed")
DUPLEX_PATHS = frozenset({3, 4})
DEVICE_STATUS = _numbered("unknown running warning testing down")
PRINTER_STATUS = _numbered("other unknown idle printing warmup")
# Bit 0 is the most significant bit of the first octet (RFC 2790).
ERROR_BITS = _numbered(
    """
    lowPaper noPaper lowToner noToner doorOpen jammed offline serviceRequested inputTrayMissing outputTrayMissing
    markerSupplyMissing outputNearFull outputFull inputTrayEmpty overduePreventMaint
""",
    first=0,
)
SEVERITY = _numbered("other - critical warning warningBinaryChangeEvent")
TRAINING = _numbered("other unknown untrained trained fieldService management noInterventionRequired")
ALERT_GROUP = (
    _numbered("""
    other unknown hostResourcesMIBStorageTable hostResourcesMIBDeviceTable generalPrinter cover localization input
    output marker markerSupplies markerColorant mediaPath channel interpreter consoleDisplayBuffer consoleLights alert
""")
    | _numbered("finDevice finSupply finSupplyMediaInput finAttribute", first=30)
    | _numbered("scanDevice scanner scanMediaPath", first=50)
    | _numbered("faxDevice faxModem", first=60)
    | {70: "outputChannel"}
)
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
ALERT_CODE = (
    _numbered("other unknown coverOpen coverClosed interlockOpen interlockClosed configurationChange jam")
    | {number: f"subunit{word}" for number, word in _numbered(_GENERIC, first=8).items() if number > 8}
    | _numbered(
        "doorOpen doorClosed powerUp powerDown printerNMSReset printerManualReset printerReadyToPrint", first=501
    )
    | _numbered(
        """
        inputMediaTrayMissing inputMediaSizeChange inputMediaWeightChange inputMediaTypeChange inputMediaColorChange
        inputMediaFormPartsChange inputMediaSupplyLow inputMediaSupplyEmpty inputMediaChangeRequest
        inputManualInputRequest inputTrayPositionFailure inputTrayElevationFailure inputCannotFeedSizeSelected
    """,
        first=801,
    )
    | _numbered(
        "outputMediaTrayMissing outputMediaTrayAlmostFull outputMediaTrayFull outputMailboxSelectFailure", first=901
    )
    | _numbered(
        """
        markerFuserUnderTemperature markerFuserOverTemperature markerFuserTimingFailure markerFuserThermistorFailure
        markerAdjustingPrintQuality
    """,
        first=1001,
    )
    | _numbered(
        """
        markerTonerEmpty markerInkEmpty markerPrintRibbonEmpty markerTonerAlmostEmpty markerInkAlmostEmpty
        markerPrintRibbonAlmostEmpty markerWasteTonerReceptacleAlmostFull markerWasteInkReceptacleAlmostFull
        markerWasteTonerReceptacleFull markerWasteInkReceptacleFull markerOpcLifeAlmostOver markerOpcLifeOver
        markerDeveloperAlmostEmpty markerDeveloperEmpty markerTonerCartridgeMissing
    """,
        first=1101,
    )
    | _numbered(
        """
        mediaPathMediaTrayMissing mediaPathMediaTrayAlmostFull mediaPathMediaTrayFull
        mediaPathCannotDuplexMediaSelected
    """,
        first=1301,
    )
    | _numbered(
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
        for finisher, name in _numbered(_FINISHERS, first=2).items()
        for number, word in _numbered(
            "CoverOpen CoverClosed InterlockOpen InterlockClosed ConfigurationChange " + _GENERIC, first=3
        ).items()
    }
)
