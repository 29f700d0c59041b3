"""The enumerations of RFC 3805, RFC 2790 and IANA-PRINTER-MIB that only SNMP knows, spelt as they are spelt there."""

from __future__ import annotations

from pagemeter.iana_printer_mib import numbered

# The RFC writes hundrethsOfFluidOunces.
UNIT = numbered("""
    other unknown tenThousandthsOfInches micrometers characters lines impressions sheets dotRow - hours
    thousandthsOfOunces tenthsOfGrams hundrethsOfFluidOunces tenthsOfMilliliters feet meters items percent
""")
PERCENT = 19
MARK_TECHNOLOGY = numbered("""
    other unknown electrophotographicLED electrophotographicLaser electrophotographicOther
    impactMovingHeadDotMatrix9pin impactMovingHeadDotMatrix24pin impactMovingHeadDotMatrixOther
    impactMovingHeadFullyFormed impactBand impactOther inkjetAqueous inkjetSolid inkjetOther pen thermalTransfer
    thermalSensitive thermalDiffusion thermalOther electroerosion electrostatic photographicMicrofiche
    photographicImagesetter photographicOther ionDeposition eBeam typesetter
""")
INPUT_TYPE = numbered("""
    other unknown sheetFeedAutoRemovableTray sheetFeedAutoNonRemovableTray sheetFeedManual continuousRoll
    continuousFanFold sheetFeedPull
""")
COVER_STATUS = numbered("other unknown coverOpen coverClosed interlockOpen interlockClosed")
DUPLEX_PATHS = frozenset({3, 4})
DEVICE_STATUS = numbered("unknown running warning testing down")
PRINTER_STATUS = numbered("other unknown idle printing warmup")
# Bit 0 is the most significant bit of the first octet (RFC 2790).
ERROR_BITS = numbered(
    """
    lowPaper noPaper lowToner noToner doorOpen jammed offline serviceRequested inputTrayMissing outputTrayMissing
    markerSupplyMissing outputNearFull outputFull inputTrayEmpty overduePreventMaint
""",
    first=0,
)
SEVERITY = numbered("other - critical warning warningBinaryChangeEvent")
TRAINING = numbered("other unknown untrained trained fieldService management noInterventionRequired")
ALERT_GROUP = (
    numbered("""
    other unknown hostResourcesMIBStorageTable hostResourcesMIBDeviceTable generalPrinter cover localization input
    output marker markerSupplies markerColorant mediaPath channel interpreter consoleDisplayBuffer consoleLights alert
""")
    | numbered("finDevice finSupply finSupplyMediaInput finAttribute", first=30)
    | numbered("scanDevice scanner scanMediaPath", first=50)
    | numbered("faxDevice faxModem", first=60)
    | {70: "outputChannel"}
)
