"""In: nothing; this module is a table. Out: what each displayed number is called in LOINC, IEEE 11073 and UCUM.

LOINC codes and their panels as in the FHIR R4 vital signs profile; MDC codes of IEEE 11073-10101 by their reference
identifiers and 32-bit code (partition x 65536 + term). T1 and T2 are skin or core as the site places the probes, so
they are 'body temperature'; the difference TD has no code and is not passed on.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from .words import Quantity


class Code(NamedTuple):
    """One number: LOINC code and name, IEEE 11073 code and reference identifier, UCUM unit and how to write it."""

    loinc: str
    name: str
    mdc: int
    reference: str
    ucum: str
    unit: str


CODES: Final[Mapping[Quantity, Code]] = MappingProxyType(
    {
        Quantity.HR: Code("8867-4", "Heart rate", 147842, "MDC_ECG_HEART_RATE", "/min", "/min"),
        Quantity.RR: Code("9279-1", "Respiratory rate", 151562, "MDC_RESP_RATE", "/min", "/min"),
        Quantity.SPO2: Code(
            "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", 150456, "MDC_PULS_OXIM_SAT_O2", "%", "%"
        ),
        Quantity.PR: Code("8889-8", "Heart rate by Pulse oximetry", 149530, "MDC_PULS_OXIM_PULS_RATE", "/min", "/min"),
        Quantity.NIBP_SYS: Code(
            "8480-6", "Systolic blood pressure", 150021, "MDC_PRESS_BLD_NONINV_SYS", "mm[Hg]", "mmHg"
        ),
        Quantity.NIBP_DIA: Code(
            "8462-4", "Diastolic blood pressure", 150022, "MDC_PRESS_BLD_NONINV_DIA", "mm[Hg]", "mmHg"
        ),
        Quantity.NIBP_MAP: Code("8478-0", "Mean blood pressure", 150023, "MDC_PRESS_BLD_NONINV_MEAN", "mm[Hg]", "mmHg"),
        Quantity.T1: Code("8310-5", "Body temperature", 150344, "MDC_TEMP", "Cel", "°C"),
        Quantity.T2: Code("8310-5", "Body temperature", 150344, "MDC_TEMP", "Cel", "°C"),
    }
)
PRESSURE_PANEL: Final = ("85354-9", "Blood pressure panel with all children optional")
MONITOR_TYPE: Final = (69965, "MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS")
"""IEEE 11073-10101: a monitor of several parameters."""

_OTHER_LOINC: Final = {"2708-6": Quantity.SPO2, "8331-1": Quantity.T1, "8328-7": Quantity.T1}
_READ: Final[Mapping[str, Quantity]] = MappingProxyType(
    {
        **{code.loinc: quantity for quantity, code in CODES.items() if quantity is not Quantity.T2},
        **{str(code.mdc): quantity for quantity, code in CODES.items() if quantity is not Quantity.T2},
        **{code.reference: quantity for quantity, code in CODES.items() if quantity is not Quantity.T2},
        **_OTHER_LOINC,
    }
)


def quantity_of(code: str) -> Quantity | None:
    """The number that a LOINC code, an MDC code or its reference identifier names."""
    return _READ.get(code.strip())
