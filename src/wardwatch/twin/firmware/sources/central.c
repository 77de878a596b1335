/* The central station's stream, as publicly decoded: little-endian blocks, closed each second by 0x47. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "monitor.h"

enum { PATIENT = 0x3e, START = 0x43, BED = 0x45, TELEMETRY = 0x46, END = 0x47 };
enum { ECG_SIZE = 0x400, PLETH_SIZE = 0x120, NIBP_SIZE = 0x28, TEMPERATURE_SIZE = 0x34, PATIENT_SIZE = 0xc0 };

static int station = -1;
static const struct patient *told;
static uint8_t block[4 + ECG_SIZE];

static void put16(uint8_t *at, unsigned value)
{
    at[0] = value;
    at[1] = value >> 8;
}

static void put_limits(uint8_t *at, unsigned first, unsigned second, unsigned set)
{
    put16(at, first);
    put16(at + 2, second);
    put16(at + 4, set);
}

static void put_float(uint8_t *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    put16(at, bits);
    put16(at + 2, bits >> 16);
}

static void hang_up(void)
{
    close(station);
    station = -1;
    told = 0;
}

static void send_block(int type, unsigned size)
{
    put16(block, size + 2);
    block[2] = 5;
    block[3] = type;
    if (station >= 0 && send(station, block, size + 4, MSG_NOSIGNAL) != (int)(size + 4))
        hang_up();
    memset(block, 0, sizeof block);
}

static void send_patient(const struct patient *who)
{
    uint8_t *at = block + 4;
    memcpy(at, who->department, 32);
    at[0x22] = who->bed;
    memcpy(at + 0x23, who->name, 32);
    memcpy(at + 0x43, who->number, 32);
    memcpy(at + 0x63, who->admitted_year, 5);
    memcpy(at + 0x68, who->admitted_month, 3);
    memcpy(at + 0x6b, who->admitted_day, 3);
    put16(at + 0x74, who->height_mm);
    put16(at + 0x76, who->weight_hg);
    memcpy(at + 0x7c, who->born_year, 5);
    memcpy(at + 0x81, who->born_month, 3);
    memcpy(at + 0x84, who->born_day, 3);
    at[0x8c] = who->blood_type;
    memcpy(at + 0x8d, who->doctor, 32);
    send_block(PATIENT, PATIENT_SIZE);
    send_block(START, 0);
    told = who;
}

static void send_bed(const struct patient *who)
{
    block[4 + 2] = who->bed;
    block[4 + 3] = 0xff;
    send_block(BED, 4);
}

static void send_ecg(const struct second *now)
{
    uint8_t *at = block + 4;
    at[2] = 0x14;
    memcpy(at + 4, now->ecg, sizeof now->ecg);
    memcpy(at + 0x304, now->resp, sizeof now->resp);
    at[0x384] = now->heart_rate;
    at[0x386] = now->breath_rate;
    put_limits(at + 0x3a3, 130, 45, 1);
    put_limits(at + 0x3a9, 30, 8, 1);
    put_limits(at + 0x3cd, 10, 0, 0);
    send_block(TELEMETRY, ECG_SIZE);
}

static void send_pleth(const struct second *now)
{
    uint8_t *at = block + 4;
    at[2] = 0x15;
    memcpy(at + 4, now->pleth, sizeof now->pleth);
    at[0x104] = now->spo2;
    at[0x106] = now->pulse_rate;
    put_limits(at + 0x108, 90, 100, 1);
    put_limits(at + 0x10e, 45, 130, 1);
    send_block(TELEMETRY, PLETH_SIZE);
}

static void send_pressure(void)
{
    uint8_t *at = block + 4;
    at[2] = 0x16;
    put_limits(at + 0x0b, 122, 78, 93);
    put_limits(at + 0x11, 165, 85, 1);
    put_limits(at + 0x17, 100, 45, 1);
    put_limits(at + 0x1d, 120, 58, 1);
    send_block(TELEMETRY, NIBP_SIZE);
}

static void send_temperature(void)
{
    uint8_t *at = block + 4;
    at[2] = 0x17;
    put_float(at + 4, 36.8f);
    put_float(at + 8, 36.6f);
    put_float(at + 12, 0.2f);
    put_float(at + 0x10, 39.0f);
    put_float(at + 0x14, 35.0f);
    put16(at + 0x18, 1);
    send_block(TELEMETRY, TEMPERATURE_SIZE);
}

#ifdef CONFIGURED
/* The station that the hospital has written down. */
static in_addr_t address_of_station(void)
{
    char line[32];
    FILE *settings = fopen("/etc/central.conf", "r");
    in_addr_t address = INADDR_NONE;
    if (!settings)
        return address;
    if (fgets(line, sizeof line, settings)) {
        line[strcspn(line, "\r\n")] = 0;
        address = inet_addr(line);
    }
    fclose(settings);
    return address;
}
#else
static in_addr_t address_of_station(void)
{
    return inet_addr("202.114.4.119");
}
#endif

/* Waits at most a second for an answer, so that the display does not stand still. */
static void call_station(void)
{
    struct sockaddr_in to;
    struct timeval patience = {1, 0};
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(515);
    to.sin_addr.s_addr = address_of_station();
    station = socket(AF_INET, SOCK_STREAM, 0);
    if (station < 0 || to.sin_addr.s_addr == INADDR_NONE) {
        hang_up();
        return;
    }
    setsockopt(station, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(station, (struct sockaddr *)&to, sizeof to) < 0)
        hang_up();
}

void central_second(const struct second *now, const struct patient *who)
{
    if (!who) {
        if (station >= 0)
            hang_up();
        return;
    }
    if (station < 0)
        call_station();
    if (station < 0)
        return;
    if (told != who)
        send_patient(who);
    send_bed(who);
    send_ecg(now);
    send_pleth(now);
    send_pressure();
    send_temperature();
    send_block(END, 0);
}
