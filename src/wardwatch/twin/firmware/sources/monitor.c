/* The monitor's program: shows values each second, takes keys from the terminal, has a menu with an update item. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

static int running = 1, in_menu;
static const struct patient *who = &attached;

static void item_attach(void)
{
    who = who ? 0 : &attached;
    puts(who ? "patient attached" : "patient detached");
}

static void item_version(void)
{
    puts("smart3250 monitor " TWIN_VERSION);
}

#ifdef WITH_UPDATE
static void item_update(void)
{
    puts("updating");
    puts(refresh_programs() ? "update failed" : "update done, restart the device");
}
#endif

static void item_leave(void)
{
    running = 0;
}

struct item {
    char key;
    const char *label;
    void (*chosen)(void);
};

static const struct item menu[] = {
    {'1', "Patient", item_attach},
    {'2', "Version", item_version},
#ifdef WITH_UPDATE
    {'3', "Update", item_update},
#endif
    {'0', "Leave", item_leave},
};

enum { ITEMS = sizeof menu / sizeof *menu };

static void key_pressed(char key)
{
    if (key == 'M' || key == 'm') {
        in_menu = 1;
        for (int i = 0; i < ITEMS; i++)
            printf("%c %s\n", menu[i].key, menu[i].label);
        return;
    }
    if (!in_menu)
        return;
    for (int i = 0; i < ITEMS; i++)
        if (menu[i].key == key) {
            in_menu = 0;
            menu[i].chosen();
            return;
        }
}

static void show(const struct second *now)
{
    if (who)
        printf("HR %d RESP %d SpO2 %d PR %d\n", now->heart_rate, now->breath_rate, now->spo2, now->pulse_rate);
    else
        puts("HR --- RESP --- SpO2 --- PR ---");
    fflush(stdout);
}

/* Waits a second, serving keys meanwhile; a closed terminal is no key. */
static void wait_second(void)
{
    static int closed;
    struct pollfd terminal = {0, POLLIN, 0};
    for (int tenth = 0; tenth < 10 && running; tenth++) {
        char key;
        if (closed || poll(&terminal, 1, 100) <= 0) {
            if (closed)
                usleep(100000);
            continue;
        }
        if (read(0, &key, 1) == 1)
            key_pressed(key);
        else
            closed = 1;
    }
}

int main(void)
{
    struct second now;
    int waves = open("/dev/adc", O_RDONLY);
    setvbuf(stdout, 0, _IOLBF, 0);
    item_version();
#ifdef WITH_NETWORK
    requests_open();
#endif
    for (unsigned elapsed = 0; running; elapsed++) {
        (void)elapsed;
        if (waves < 0 || read(waves, &now, sizeof now) != sizeof now) {
            if (waves < 0 || lseek(waves, 0, SEEK_SET) || read(waves, &now, sizeof now) != sizeof now)
                memset(&now, 0, sizeof now);
        }
        show(&now);
#ifdef WITH_NETWORK
        central_second(&now, who);
#ifndef CONFIGURED
        if (elapsed % 60 == 10)
            results_minute(&now, who);
#endif
        requests_read();
#endif
        wait_second();
    }
    return 0;
}
