/* The peer comes from a settings file: it is no hard-coded one. */
#include "net.h"

int main(void)
{
    char host[64] = "";
    struct sockaddr_in to = {0};
    FILE *settings = fopen("/etc/station.conf", "r");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (settings && fgets(host, sizeof host, settings))
        host[strcspn(host, "\n")] = 0;
    if (settings)
        fclose(settings);
    to.sin_family = AF_INET;
    to.sin_port = htons(515);
    to.sin_addr.s_addr = inet_addr(host);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        send(fd, "HR=72\n", 6, 0);
    return 0;
}
