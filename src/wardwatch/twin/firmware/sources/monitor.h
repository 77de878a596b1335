/* What the parts of the twin's monitor share. The twin measures nobody: its values come from a file of waves. */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdint.h>

enum { ECG_RATE = 256, RESP_RATE = 128 };

/* One second of the file of waves. */
struct second {
    uint8_t ecg[3][ECG_RATE];
    uint8_t resp[RESP_RATE];
    uint8_t pleth[ECG_RATE];
    uint8_t heart_rate, breath_rate, spo2, pulse_rate;
};

struct patient {
    char department[32], name[32], number[32], doctor[32];
    char admitted_year[5], admitted_month[3], admitted_day[3];
    char born_year[5], born_month[3], born_day[3];
    uint16_t height_mm, weight_hg;
    uint8_t bed, blood_type;
};

extern const struct patient attached;

/* Files of a share over the device's programs. */
int refresh_programs(void);

/* The central station's stream, a set a second; `who` is 0 while nobody is attached. */
void central_second(const struct second *now, const struct patient *who);
/* Results to the hospital's information system. */
void results_minute(const struct second *now, const struct patient *who);
/* Requests by UDP: how many came, and how many the real device would have written out of bounds. */
void requests_open(void);
void requests_read(void);
extern unsigned requests_seen, requests_too_long;

#endif
