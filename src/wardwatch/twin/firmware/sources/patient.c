/* The one patient of the twin: nobody's data. */
#include "monitor.h"

const struct patient attached = {
    "WARD TWIN", "TWIN^PATIENT", "TW000206", "DR^TWIN",
    "2026", "03", "01", "1950", "07", "15", 1720, 715, 6, 1,
};
