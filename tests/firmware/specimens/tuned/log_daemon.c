/* A benign twin: syslog to the local socket, a version check against a file, nothing from or to the network. */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

int main(void)
{
    char version[32] = "";
    FILE *record = fopen("/etc/version", "r");
    openlog("monitor", LOG_PID, LOG_DAEMON);
    if (record) {
        if (fgets(version, sizeof version, record))
            version[strcspn(version, "\n")] = 0;
        fclose(record);
    }
    if (strcmp(version, "2.0.6.1"))
        syslog(LOG_WARNING, "version %s, expected %s", version, "2.0.6.1");
    closelog();
    return 0;
}
