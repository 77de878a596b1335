/* A thread formats a patient's record and sends it. */
#include <pthread.h>
#include "net.h"

struct job { const char *host; int port; const char *patient; };

static void *sender(void *given)
{
    struct job *job = given;
    char line[96];
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(job->port);
    to.sin_addr.s_addr = inet_addr(job->host);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    snprintf(line, sizeof line, "PATIENT NAME: %s\r\n", job->patient);
    send(fd, line, strlen(line), 0);
    return 0;
}

static struct job job = {"198.51.100.46", 4000, "ROE^RICHARD"};

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, sender, &job);
    pthread_join(thread, 0);
    return 0;
}
