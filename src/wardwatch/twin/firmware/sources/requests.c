/* Requests by UDP. The real device writes some of them out of bounds; here they are measured and thrown away.
   Which port and form they have is published nowhere: the port and the size below are the twin's own. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "monitor.h"

enum { PORT = 5150, ROOM = 64 };

unsigned requests_seen, requests_too_long;
static int requests = -1;

void requests_open(void)
{
    struct sockaddr_in here;
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_port = htons(PORT);
    requests = socket(AF_INET, SOCK_DGRAM, 0);
    if (requests >= 0)
        bind(requests, (struct sockaddr *)&here, sizeof here);
}

void requests_read(void)
{
    char request[ROOM];
    ssize_t size;
    /* MSG_TRUNC gives the true size and never writes more than there is room for. */
    while (requests >= 0 && (size = recv(requests, request, sizeof request, MSG_DONTWAIT | MSG_TRUNC)) >= 0) {
        requests_seen++;
        if (size > ROOM) {
            requests_too_long++;
            printf("UDP request of %d bytes: %d would have been written out of bounds\n", (int)size, (int)size - ROOM);
        }
    }
}
