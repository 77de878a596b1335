/* An update as it should be: the server is configured, the files are newer and signed, and there is a record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

static const char log_file[] = "/var/log/update.log", version_file[] = "/etc/version";

static int first_line(const char *path, char *to, int size)
{
    FILE *file = fopen(path, "r");
    char *got = file ? fgets(to, size, file) : 0;
    if (file)
        fclose(file);
    if (!got)
        return -1;
    to[strcspn(to, "\r\n")] = 0;
    return 0;
}

static int write_line(const char *path, const char *how, const char *what, const char *more)
{
    FILE *file = fopen(path, how);
    if (!file)
        return -1;
    fprintf(file, "%s%s\n", what, more);
    return fclose(file);
}

static int is_newer(const char *offered)
{
    char here[64];
    return first_line(version_file, here, sizeof here) == 0 && strcmp(offered, here) > 0;
}

static int install(const char *offered)
{
    if (system("usign -V -m /mnt/monitor -x /mnt/monitor.sig -p /etc/update.pub")) {
        write_line(log_file, "a", "refused, signature does not fit: ", offered);
        return -1;
    }
    if (system("cp /mnt/monitor /opt/bin/monitor.new"))
        return -1;
    if (system("usign -V -m /opt/bin/monitor.new -x /mnt/monitor.sig -p /etc/update.pub"))
        return -1;
    if (rename("/opt/bin/monitor.new", "/opt/bin/monitor"))
        return -1;
    write_line(version_file, "w", offered, "");
    return write_line(log_file, "a", "installed version ", offered);
}

int refresh_programs(void)
{
    char server[64], offered[64], line[160];
    int failed = -1;
    if (first_line("/etc/update.conf", server, sizeof server) || strspn(server, "0123456789.") != strlen(server))
        return -1;
    snprintf(line, sizeof line, "mount -o nolock,ro -t nfs %s:/updates /mnt", server);
    if (system(line))
        return -1;
    if (first_line("/mnt/version", offered, sizeof offered) == 0) {
        if (is_newer(offered))
            failed = install(offered);
        else
            write_line(log_file, "a", "not newer: ", offered);
    }
    system("umount /mnt");
    return failed;
}
