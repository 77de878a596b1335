/* A benign twin: fetched from a configured host, newer, signed, logged, recorded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

int main(void)
{
    char host[64] = "", have[32] = "", offered[32] = "", line[160];
    FILE *f = fopen("/etc/update-host", "r");
    if (!f || !fgets(host, sizeof host, f))
        return 1;
    fclose(f);
    host[strcspn(host, "\n")] = 0;
    openlog("updater", 0, LOG_DAEMON);
    snprintf(line, sizeof line, "wget -q -P /tmp/u https://%s/monitor https://%s/monitor.sig https://%s/version", host, host, host);
    if (system(line))
        return 1;
    if ((f = fopen("/etc/version", "r"))) { fgets(have, sizeof have, f); fclose(f); }
    if ((f = fopen("/tmp/u/version", "r"))) { fgets(offered, sizeof offered, f); fclose(f); }
    if (strcmp(offered, have) <= 0)
        return 0;
    if (system("openssl dgst -sha256 -verify /etc/keys/vendor.pem -signature /tmp/u/monitor.sig /tmp/u/monitor")) {
        syslog(LOG_ERR, "signature of version %s does not fit", offered);
        return 1;
    }
    if (rename("/tmp/u/monitor", "/opt/bin/monitor") == 0 && (f = fopen("/etc/version", "w"))) {
        fputs(offered, f);
        fclose(f);
        syslog(LOG_NOTICE, "installed version %s", offered);
    }
    return 0;
}
